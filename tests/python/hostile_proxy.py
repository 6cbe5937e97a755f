"""A network that does what networks do: a TCP proxy between charge points and a central system.

It writes down every attempt to connect. What becomes of a connection is up to its `reception` (a server of the
test's own in place of the central system), and of one that stands to its `weather`, which a test may change
while it lasts.
"""

import asyncio
import contextlib
import json
import random
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field

from feed import Feed
from websocket_frames import PING, PONG, TEXT, CONTINUATION, FrameReader, build

UP, DOWN = "up", "down"  # from the charge point, to the charge point


@dataclass
class Weather:
    """What the network does to connections that stand."""

    #: Seconds by which every piece is late, and by how much that varies at most.
    delay_s: float = 0.0
    jitter_s: float = 0.0
    #: The most bytes that travel together; 0: as many as there are.
    piece: int = 0
    #: Opcodes of frames that get lost, by direction.
    lost: dict = field(default_factory=dict)
    #: Messages of the central system come in so many frames, with pings between them; 0: as they are.
    fragments: int = 0
    #: The next frame for which `(direction, frame)` is true breaks off.
    cut: "Cut | None" = None
    dice: random.Random = field(default_factory=lambda: random.Random(0))


@dataclass
class Cut:
    """Where a frame breaks off, and how the connection ends there."""

    matches: callable
    position: str
    how: str  # "reset" or "fin"


def message_of(actions, direction):
    """Finds calls of a charge point with these actions, or the answers to them."""
    ids = set()

    def matches(way, frame):
        try:
            message = json.loads(frame.payload) if frame.opcode == TEXT else []
        except ValueError:
            return False  # half a message
        if way == UP and message[:1] == [2] and message[2] in actions:
            ids.add(message[1])
            return direction == UP
        return way == DOWN == direction and message[:1] == [3] and message[1] in ids

    return matches


class Broken(Exception):
    """The connection has ended as it was meant to."""


class Connection:
    """One connection of a charge point, as the proxy has it."""

    def __init__(self, proxy, reader, writer):
        self.proxy = proxy
        self.reader = reader
        self.writer = writer
        self.central = None  # the writer to the central system
        #: Directions in which everything is swallowed without a word: the link is half-open.
        self.swallows = set()
        #: When something was last passed to the charge point.
        self.last_passed = 0.0

    async def head(self):
        """The request of the charge point."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def closed_by_charge_point(self):
        """Reads until the charge point has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self):
        """A RST to both sides: nothing that was under way arrives for certain."""
        for writer in (self.writer, self.central):
            if writer is not None and not writer.is_closing():
                _linger_not(writer)
                writer.transport.abort()

    def finish(self):
        """A FIN to both sides, after what was sent before."""
        for writer in (self.writer, self.central):
            if writer is not None:
                writer.close()

    def finish_one_side(self, direction):
        """A FIN in one direction; the other stays open."""
        writer = self.central if direction == UP else self.writer
        self.swallows.add(direction)  # nothing can be written after it
        if writer is not None:
            _end(writer)

    def inject(self, data):
        """The charge point gets bytes that the central system never sent."""
        if DOWN not in self.swallows and not self.writer.is_closing():
            self.writer.write(data)

    # Passing on

    async def pass_on(self):
        host, port = self.proxy.target
        reader, self.central = await asyncio.open_connection(host, port)
        pumps = [
            asyncio.create_task(self._pump(UP, self.reader, self.central)),
            asyncio.create_task(self._pump(DOWN, reader, self.writer)),
        ]
        self.proxy.links.push({"event": "up"})
        try:
            await asyncio.gather(*pumps)
        except (Broken, ConnectionError):
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            self.finish()

    async def _pump(self, direction, reader, writer):
        """One direction: the head of HTTP as it is, and frames after it."""
        frames, head = None, b""
        while data := await reader.read(65536):
            if direction in self.swallows:
                continue
            if frames is None:
                head += data
                if b"\r\n\r\n" not in head:
                    continue
                end = head.index(b"\r\n\r\n") + 4
                await self._write(writer, head[:end])
                frames, data = FrameReader(), head[end:]
            for frame in frames.feed(data):
                await self._pass_frame(direction, writer, frame)
        # Who has been swallowed does not learn of the end either.
        if direction not in self.swallows:
            _end(writer)

    async def _pass_frame(self, direction, writer, frame):
        weather = self.proxy.weather
        if direction in self.swallows or frame.opcode in weather.lost.get(direction, ()):
            return
        cut = weather.cut
        if cut is not None and cut.matches(direction, frame):
            weather.cut = None
            await self._write(writer, frame.until(cut.position))
            self.reset() if cut.how == "reset" else self.finish()
            self.proxy.links.push({"event": "cut"})
            raise Broken
        raw = frame.raw
        self.proxy.passed[direction, frame.opcode] += 1
        if direction == DOWN and weather.fragments and frame.opcode == TEXT and frame.fin:
            raw = _in_fragments(frame.payload, weather.fragments)
        await self._write(writer, raw)

    async def _write(self, writer, data):
        weather = self.proxy.weather
        if writer is self.writer:
            self.last_passed = asyncio.get_running_loop().time()
        if weather.delay_s or weather.jitter_s:
            # Each piece waits for the one before: late, but in order.
            await asyncio.sleep(weather.delay_s + weather.dice.uniform(0, weather.jitter_s))
        step = weather.piece or max(1, len(data))
        for at in range(0, len(data), step):
            writer.write(data[at:at + step])
            await writer.drain()
            if weather.piece:
                await asyncio.sleep(0)  # its own packet: the other side runs in between


def _end(writer):
    """A FIN; TLS has none for one direction alone."""
    with contextlib.suppress(OSError):
        writer.write_eof() if writer.can_write_eof() else writer.close()


def _linger_not(writer):
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _in_fragments(payload, count):
    """A message in frames that break it anywhere, also inside a character, with control frames between them."""
    step = max(1, -(-len(payload) // count))
    parts = [payload[at:at + step] for at in range(0, len(payload), step)] or [b""]
    out = b""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        out += build(TEXT if number == 0 else CONTINUATION, part, fin=last)
        if not last:
            out += build(PING, b"in between") + build(PONG, b"unasked") + build(CONTINUATION, b"", fin=False)
    return out


class Proxy:
    """Listens on one port of 127.0.0.1, which it keeps over `stop_listening` and `resume`."""

    def __init__(self, central, *, tls=None):
        self.target = ("127.0.0.1", central.port)
        #: How the next connections are encrypted on the side of the charge point; None: they are not.
        self.tls = tls
        #: `async def reception(connection)` in place of the central system.
        self.reception = None
        #: The same, but before TLS.
        self.doorstep = None
        self.weather = Weather()
        self.attempts = Feed("attempts to connect")
        self.links = Feed("connections of the proxy")
        self.passed = Counter()  # frames that got through, by direction and opcode
        self.port = 0
        self._tasks = set()
        self._connections = set()
        self._listening = None
        self._accepting = None

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/ocpp"

    async def resume(self):
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept())
        return self

    start = resume

    @property
    def listens(self):
        return self._accepting is not None

    async def stop_listening(self):
        """Nobody listens; what stands goes on."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._listening.close()
            self._accepting = None

    async def close(self):
        await self.stop_listening()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._listening)
            self.attempts.push({"at": loop.time(), "number": len(self.attempts.items) + 1})
            task = asyncio.create_task(self._receive(sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _receive(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        connection, server, tls = None, self.reception or Connection.pass_on, self.tls
        if self.doorstep is not None:
            server, tls = self.doorstep, None
        try:
            reader, writer = await _streams(loop, sock, tls)
            connection = Connection(self, reader, writer)
            self._connections.add(connection)
            await server(connection)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # It went away; the record of attempts says so.
        finally:
            if connection is None:
                sock.close()
            else:
                self._connections.discard(connection)
                connection.finish()
            self.links.push({"event": "down"})

    # What happens to all connections that stand

    def reset(self):
        for connection in list(self._connections):
            connection.reset()

    def finish(self):
        for connection in list(self._connections):
            connection.finish()

    def finish_one_side(self, direction):
        for connection in list(self._connections):
            connection.finish_one_side(direction)

    def swallow(self, *directions):
        """From here on these links are half-open; new ones are not. When the charge point last heard something."""
        for connection in self._connections:
            connection.swallows |= set(directions)
        return max((connection.last_passed for connection in self._connections), default=0.0)

    def inject(self, data):
        for connection in list(self._connections):
            connection.inject(data)

    # The record

    async def failed(self, count, since, timeout=None):
        """Waits until there were so many attempts after attempt number `since`; their times."""
        await self.attempts.until(
            lambda: len(self.attempts.items) >= since + count, f"{count} attempts after the first {since}", timeout
        )
        return [attempt["at"] for attempt in self.attempts.items[since:]]


async def _streams(loop, sock, tls=None):
    reader = asyncio.StreamReader(limit=1 << 20, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, sock, ssl=tls, ssl_handshake_timeout=120 if tls else None
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
