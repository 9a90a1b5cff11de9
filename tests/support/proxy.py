"""A TCP proxy in front of a server: through it a test takes the server away from one client and from no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Passes bytes on. While silent it accepts and passes nothing; while down it cuts every connection at once."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._down = False
        self._ends: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self.port = 0

    @contextmanager
    def silent(self) -> Generator[None]:
        """The server hangs: connections are taken, nothing is answered."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def down(self) -> Generator[None]:
        """The server is gone: connections end, and new ones at once."""
        self._down = True
        self.cut()
        try:
            yield
        finally:
            self._down = False

    def cut(self) -> None:
        """End every connection there is."""
        for end in self._ends:
            end.transport.abort()

    async def close(self) -> None:
        """End every connection and wait until their tasks have."""
        self._open.set()
        self.cut()
        await asyncio.gather(*self._links)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        link = asyncio.ensure_future(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._end(writer), suppress(OSError):
            if self._down:
                return
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
            with self._end(upstream_writer):
                there, back = self._pump(reader, upstream_writer), self._pump(upstream_reader, writer)
                await asyncio.gather(there, back)

    @contextmanager
    def _end(self, writer: asyncio.StreamWriter) -> Generator[None]:
        self._ends.add(writer)
        try:
            yield
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        # Nothing more comes from there: the other end hears of it at once.
        writer.transport.abort()


@asynccontextmanager
async def proxied(url: str) -> AsyncGenerator[tuple[Proxy, str]]:
    """Yield a proxy in front of the server that a URL names, and the URL that leads through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    account = parts.netloc.rpartition("@")[0]
    netloc = f"{account}@127.0.0.1:{proxy.port}" if account else f"127.0.0.1:{proxy.port}"
    try:
        yield proxy, urlunsplit(parts._replace(netloc=netloc))
    finally:
        server.close()
        await proxy.close()
