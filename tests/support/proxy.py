"""A TCP proxy in front of a server: through it a test takes the server away from one client and from no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

READ = 65_536


@dataclass(frozen=True, slots=True)
class Manner:
    """How bytes come back from the server: in pieces of `piece` bytes, each after a pause of `pause_s`."""

    piece: int = READ
    pause_s: float = 0.0


@dataclass(eq=False, slots=True)
class Link:
    """One client's connection. gone: its other end left without a word; nothing that is sent arrives any more."""

    gone: bool = False


class Proxy:
    """Passes bytes on. Each fault is a context manager: it ends with its block, the connections it hurt do not heal."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._down = False
        self._manner = Manner()
        self._ends: set[asyncio.StreamWriter] = set()
        self._links: dict[asyncio.Task[None], Link] = {}
        self.port = 0

    @contextmanager
    def silent(self) -> Generator[None]:
        """The server hangs: connections are taken, nothing is answered until it goes on."""
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

    @contextmanager
    def half_open(self) -> Generator[None]:
        """The server was replaced without a word: what is connected hears nothing ever again, new connections work."""
        for link in self._links.values():
            link.gone = True
        yield

    @contextmanager
    def slow(self, pause_s: float) -> Generator[None]:
        """Every answer comes this much later."""
        with self._mannered(Manner(pause_s=pause_s)):
            yield

    @contextmanager
    def sliced(self, piece: int = 7) -> Generator[None]:
        """Answers come in pieces of a few bytes, each in a packet of its own."""
        with self._mannered(Manner(piece)):
            yield

    @contextmanager
    def trickle(self, bytes_per_s: int = 10_000) -> Generator[None]:
        """Answers come over a very thin line."""
        piece = max(1, bytes_per_s // 100)
        with self._mannered(Manner(piece, piece / bytes_per_s)):
            yield

    @contextmanager
    def flapping(self, every_s: float = 1.0) -> Generator[None]:
        """The server goes and comes: gone for the first half of each period, there for the second."""

        async def flap() -> None:
            while True:
                with self.down():
                    await asyncio.sleep(every_s / 2)
                await asyncio.sleep(every_s / 2)

        flapping = asyncio.ensure_future(flap())
        try:
            yield
        finally:
            flapping.cancel()

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
        link = Link()
        task = asyncio.ensure_future(self._serve(link, reader, writer))
        self._links[task] = link
        task.add_done_callback(self._links.pop)

    @contextmanager
    def _mannered(self, manner: Manner) -> Generator[None]:
        self._manner = manner
        try:
            yield
        finally:
            self._manner = Manner()

    async def _serve(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._end(writer), suppress(OSError):
            if self._down:
                return
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
            with self._end(upstream_writer):
                back = self._pump(link, upstream_reader, writer, mannered=True)
                await asyncio.gather(self._pump(link, reader, upstream_writer), back)

    @contextmanager
    def _end(self, writer: asyncio.StreamWriter) -> Generator[None]:
        self._ends.add(writer)
        try:
            yield
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, mannered: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(READ):
                await self._open.wait()
                if not link.gone:
                    await _write(writer, data, self._manner if mannered else Manner())
        # Nothing more comes from there: the other end hears of it at once.
        writer.transport.abort()


async def _write(writer: asyncio.StreamWriter, data: bytes, manner: Manner) -> None:
    for start in range(0, len(data), manner.piece):
        if manner.pause_s:
            await asyncio.sleep(manner.pause_s)
        writer.write(data[start : start + manner.piece])
        await writer.drain()


@asynccontextmanager
async def proxied(url: str, tls: ssl.SSLContext | None = None) -> AsyncGenerator[tuple[Proxy, str]]:
    """Yield a proxy in front of the server that a URL names, and the URL that leads through it.

    tls: whom the proxy shows itself as; to the server it speaks without.
    """
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    account = parts.netloc.rpartition("@")[0]
    netloc = f"{account}@127.0.0.1:{proxy.port}" if account else f"127.0.0.1:{proxy.port}"
    try:
        yield proxy, urlunsplit(parts._replace(netloc=netloc))
    finally:
        server.close()
        await proxy.close()
