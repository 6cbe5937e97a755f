"""A central system in Python's standard library, for devices where nothing else can be installed.

usage: central.py PROGRAM [ARGUMENT...]

Starts on a free port, runs the program with its own URL in the place of the argument URL, and exits with
the program's exit code. With --charge, it also acts the people at the example firmware: somebody plugs a
car in, shows a tag, sees the energy flow, shows the tag again and leaves; the transaction must be stopped
on the books before the program is told to quit.
"""

import asyncio
import binascii
import hashlib
import json
import struct
import sys
import time

#: The whole run may take this long; no step takes as long as a second on a healthy device.
PATIENCE_S = 300

# RFC 6455: the fixed text that an accepted key is hashed with, and the kinds of frames that matter.
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(kind, payload):
    """A frame to a client: final, not masked."""
    size = len(payload)
    length = bytes([size]) if size < 126 else struct.pack(">BH", 126, size)
    return bytes([0x80 | kind]) + length + payload


async def read_frame(reader):
    """Kind and payload of a frame of a client, which masks it."""
    first, second = await reader.readexactly(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack(">Q", await reader.readexactly(8))
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(size)
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def upgrade(reader, writer):
    """Makes a WebSocket of a connection that asks for it."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in request.split("\r\n"))}
    digest = hashlib.sha1((headers["sec-websocket-key"] + ACCEPT).encode()).digest()
    accepted = binascii.b2a_base64(digest, newline=False).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
    )


class Central:
    """Accepts every charge point and every tag, and keeps what the scene below waits for."""

    def __init__(self):
        self.happened = []
        self.news = asyncio.Condition()
        self.transactions = 0

    async def serve(self, reader, writer):
        try:
            await upgrade(reader, writer)
            while True:
                kind, payload = await read_frame(reader)
                if kind == CLOSE:
                    writer.write(frame(CLOSE, payload))
                    break
                if kind == PING:
                    writer.write(frame(PONG, payload))
                if kind == TEXT:
                    _, number, action, request = json.loads(payload)
                    answer = [3, number, await self.answer(action, request)]
                    writer.write(frame(TEXT, json.dumps(answer).encode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The charge point left: the program decides whether that was right.
        finally:
            writer.close()

    async def answer(self, action, request):
        async with self.news:
            self.happened.append((action, request.get("connectorId"), request.get("status")))
            self.news.notify_all()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if action == "BootNotification":
            return {"status": "Accepted", "currentTime": now, "interval": 300}
        if action == "Heartbeat":
            return {"currentTime": now}
        if action == "StartTransaction":
            self.transactions += 1
            return {"transactionId": self.transactions, "idTagInfo": {"status": "Accepted"}}
        if action == "Authorize":
            return {"idTagInfo": {"status": "Accepted"}}
        if action == "DataTransfer":
            return {"status": "Accepted"}
        return {}

    async def wait(self, action, connector=None, status=None):
        """Takes the next such message from the books, and all before it."""
        wanted = (action, connector, status)
        async with self.news:
            await self.news.wait_for(lambda: wanted in self.happened)
            del self.happened[: self.happened.index(wanted) + 1]


async def charge(central, process):
    """One session at connector 1 of the example firmware."""

    def do(line):
        process.stdin.write(line.encode() + b"\n")

    await central.wait("StatusNotification", 2, "Available")
    do("plug 1")
    await central.wait("StatusNotification", 1, "Preparing")
    do("tag 1 CAFE01")
    await central.wait("StatusNotification", 1, "Charging")
    do("tag 1 CAFE01")
    await central.wait("StopTransaction")
    do("unplug 1")
    await central.wait("StatusNotification", 1, "Available")
    do("quit")


async def main(arguments):
    scene = arguments[0] == "--charge"
    central = Central()
    server = await asyncio.start_server(central.serve, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    command = [url if argument == "URL" else argument for argument in arguments[scene:]]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    exit_of = asyncio.create_task(process.wait())
    acting = asyncio.create_task(charge(central, process)) if scene else exit_of
    await asyncio.wait({acting, exit_of}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    if not acting.done():
        acting.cancel()
        if not exit_of.done():
            process.kill()
        return f"{command[0]}: the session did not end; last came {central.happened[-5:]}"
    return await exit_of


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1:])))
