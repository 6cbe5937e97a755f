"""Servers that are no central systems: what a charge point may find at the other end of its line.

Each is a `reception` of the proxy: `async def server(connection)`.
"""

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json

from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, FrameReader, build

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _accept_of(head):
    lines = head.split(b"\r\n")
    (key,) = [line.split(b":", 1)[1].strip() for line in lines if line.lower().startswith(b"sec-websocket-key:")]
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def upgrade(head, *, accept=None, subprotocol=b"ocpp1.6", more=b""):
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    answer += b"Sec-WebSocket-Accept: " + (accept or _accept_of(head)) + b"\r\n"
    if subprotocol:
        answer += b"Sec-WebSocket-Protocol: " + subprotocol + b"\r\n"
    return answer + more + b"\r\n"


def http(status, more=b"", body=b"no\n"):
    head = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n" % len(body)
    return head + more + b"Connection: close\r\n\r\n" + body


def says(data):
    """Answers the request with these bytes, whatever it was, and closes."""

    async def server(connection):
        await connection.head()
        connection.inject(data)

    return server


def says_for_ever(pieces):
    """Answers the request without an end, as long as the charge point listens."""

    async def server(connection):
        await connection.head()
        for piece in itertools.cycle(pieces):
            connection.writer.write(piece)
            await connection.writer.drain()
            # Under TLS drain() may return at once for ever, and nobody would hear that the link is gone.
            await asyncio.sleep(0)

    return server


def upgrades(**faults):
    async def server(connection):
        connection.writer.write(upgrade(await connection.head(), **faults))
        await connection.closed_by_charge_point()

    return server


def then(data, *, close=False, more=b""):
    """A WebSocket in order, and these bytes on it; it is the charge point that ends it unless `close` is set."""

    async def server(connection):
        connection.writer.write(upgrade(await connection.head(), more=more) + data)
        await connection.writer.drain()
        if not close:
            await connection.closed_by_charge_point()

    return server


def hears_the_end(data, codes):
    """A WebSocket in order, and these bytes on it; the close codes of the charge point are written down."""

    async def server(connection):
        connection.writer.write(upgrade(await connection.head()) + data)
        reader = FrameReader()
        with contextlib.suppress(ConnectionError):
            while heard := await connection.reader.read(65536):
                for frame in reader.feed(heard):
                    if frame.opcode == CLOSE:
                        codes.push({"code": int.from_bytes(frame.payload[:2], "big")})

    return server


async def hangs_up(connection):
    await connection.head()


async def resets(connection):
    await connection.head()
    connection.reset()


async def never_answers(connection):
    await connection.closed_by_charge_point()


def drips(data, seconds=1.0):
    """Answers one byte at a time, and never comes to the end."""

    async def server(connection):
        for byte in itertools.cycle(data):
            connection.writer.write(bytes([byte]))
            await connection.writer.drain()
            await asyncio.sleep(seconds)

    return server


def asks_and_never_reads(stuck):
    """Calls the charge point and takes no answer in; `stuck` is set when it takes no call in either."""

    async def server(connection):
        connection.writer.write(upgrade(await connection.head()))
        transport = connection.writer.transport
        transport.pause_reading()
        transport.set_write_buffer_limits(0)
        calls = 0
        while True:
            frames = b""
            for _ in range(500):
                calls += 1
                frames += build(TEXT, json.dumps([2, f"flood-{calls}", "GetConfiguration", {}]).encode())
            connection.writer.write(frames)
            try:
                await asyncio.wait_for(connection.writer.drain(), 1)
            except asyncio.TimeoutError:
                stuck.set()
                await connection.writer.drain()  # raises when the charge point has given up

    return server


def close_frame(code, reason=b""):
    return build(CLOSE, code.to_bytes(2, "big") + reason)


#: What comes in place of an answer to the handshake, and what the log says of it.
NO_HANDSHAKE = {
    "200": (says(http(b"200 OK")), "200 OK"),
    "301": (says(http(b"301 Moved Permanently", b"Location: ws://127.0.0.1:9/\r\n")), "301 Moved Permanently"),
    "401": (says(http(b"401 Unauthorized", b'WWW-Authenticate: Basic realm="x"\r\n')), "401 Unauthorized"),
    "403": (says(http(b"403 Forbidden")), "403 Forbidden"),
    "404": (says(http(b"404 Not Found")), "404 Not Found"),
    "426": (says(http(b"426 Upgrade Required")), "426 Upgrade Required"),
    "500": (says(http(b"500 Internal Server Error")), "500 Internal Server Error"),
    "503": (says(http(b"503 Service Unavailable", b"Retry-After: 0\r\n")), "503 Service Unavailable"),
    "a status that is no number": (says(b"HTTP/1.1 abc No\r\n\r\n"), "invalid response status"),
    "binary": (says(bytes(range(256)) * 8), "HTTP"),
    "zeroes": (says(b"\0" * 4096), "HTTP"),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "HTTP"),
    "an alert of TLS": (says(b"\x15\x03\x03\x00\x02\x02\x28"), "HTTP"),
    "half an answer": (says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"), "handshake"),
    "nothing": (hangs_up, "handshake"),
    "a reset": (resets, "reset"),
    "a huge header": (says(b"HTTP/1.1 101 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n"), "handshake"),
    "a thousand headers": (says(b"HTTP/1.1 101 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"), "handshake"),
    "a header without an end": (says_for_ever([b"X: y\r\n" * 100]), "handshake"),
    "a wrong accept": (upgrades(accept=b"AAAAAAAAAAAAAAAAAAAAAAAAAAA="), "accept"),
    "another subprotocol": (upgrades(subprotocol=b"ocpp2.0.1"), "sub-?protocol"),
    "no subprotocol": (upgrades(subprotocol=None), "sub-?protocol|does not speak ocpp1.6"),
}

#: Frames that break RFC 6455 or our limits, and what the log says of them.
BAD_FRAMES = {
    "a text of a mebibyte": (build(TEXT, b"x" * (1 << 20)), "too (long|big|large)"),
    "a claim of eight exabytes": (build(TEXT, b"x", length=(1 << 63) - 1), "too (long|big|large)"),
    "fragments of a mebibyte": (
        build(TEXT, b"x" * 65536, fin=False) + build(CONTINUATION, b"x" * 65536, fin=False) * 16,
        "too (long|big|large)",
    ),
    "a reserved bit": (build(TEXT, b"[]", rsv=2), "reserved"),
    "compression unasked": (build(TEXT, b"\xaa\x56\x4a\x04\x00", rsv=4), "reserved"),
    "a reserved opcode": (build(3, b"[]"), "opcode|control|data frame"),
    "a reserved control opcode": (build(11), "opcode|control"),
    "a masked frame": (build(TEXT, b"[]", mask=b"abcd"), "mask"),
    "a continuation of nothing": (build(CONTINUATION, b"x"), "continu"),
    "a text inside a text": (build(TEXT, b"[", fin=False) + build(TEXT, b"]"), "fragment"),
    "a ping in fragments": (build(PING, b"x", fin=False), "control"),
    "a ping of 126 bytes": (build(PING, b"x" * 126), "control"),
    "text that is not UTF-8": (build(TEXT, b"[\xff\xfe]"), "UTF-8"),
    "a close of one byte": (build(CLOSE, b"\x03"), "close"),
    "a close that is not UTF-8": (close_frame(1000, b"\xff"), "UTF-8"),
    "an answer of HTTP once more": (http(b"400 Bad Request", body=b"x" * 200), "reserved"),
}

#: Ends of a connection that was in order, and what the log says of them.
ENDS = {
    "close 1000": (then(close_frame(1000)), "closed by the central system"),
    "close 1001": (then(close_frame(1001, b"maintenance")), "maintenance"),
    "close 1002": (then(close_frame(1002, b"I did not like that")), "I did not like that"),
    "close 1006, which nobody may send": (then(close_frame(1006)), "close"),
    "close 1011": (then(close_frame(1011, b"bug")), "bug"),
    "close 1013": (then(close_frame(1013, b"later")), "later"),
    "close with a forged line": (then(close_frame(1011, b"x\nERROR forged")), "x ERROR forged"),
    "close 4000": (then(close_frame(4000, b"no such charger")), "no such charger"),
    "close without a code": (then(build(CLOSE)), "closed by the central system"),
    "no close at all": (then(b"", close=True), "clos"),
    "nonsense before the end": (then(build(TEXT, b"nonsense"), close=True), "clos"),
    "binary before the end": (then(build(BINARY, b"\0\1\2"), close=True), "clos"),
}


