"""An HTTP proxy that makes tunnels (CONNECT), or answers as it is told to."""

import asyncio
import base64
import contextlib

from feed import Feed, cancelled


class ConnectProxy:
    """Listens on one port of 127.0.0.1."""

    def __init__(self, *, user=None, names=None):
        #: "user:password" that has to be shown; None: nobody is asked.
        self.user = user
        #: Names that only this proxy knows, and their addresses.
        self.names = names or {}
        #: `async def answer(reader, writer)` in the place of a tunnel.
        self.answer = None
        self.asked = Feed("what the proxy was asked")
        self.port = 0
        self._tasks = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self._server.close()
        for task in list(self._tasks):
            await cancelled(task)

    async def _accept(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.split("\r\n")
        headers = dict(one.split(": ", 1) for one in lines if one)
        method, target, version = line.split(" ")
        assert (method, version, headers["Host"]) == ("CONNECT", "HTTP/1.1", target), head
        self.asked.push({"target": target, "from": writer.get_extra_info("peername")[0]})
        if self.answer is not None:
            return await self.answer(reader, writer)
        wanted = self.user and "Basic " + base64.b64encode(self.user.encode()).decode()
        if headers.get("Proxy-Authorization") != wanted:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno")
            return await writer.drain()
        host, port = target.rsplit(":", 1)
        try:
            there = await asyncio.open_connection(self.names.get(host, host.strip("[]")), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return await writer.drain()
        writer.write(b"HTTP/1.0 200 Connection established\r\nProxy-agent: test\r\n\r\n")
        pumps = [asyncio.ensure_future(pump(reader, there[1])), asyncio.ensure_future(pump(there[0], writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                await cancelled(task)
            there[1].close()


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
