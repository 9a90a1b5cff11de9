"""Serves the application with uvicorn: our own socket, a clean stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.settings import Settings

SNDBUF = 20_480
"""A reader that stalls may hold this much of the kernel's memory, instead of 4 MB: `python -m benchmarks.streams`."""
WRITE_BUFFER = 8_192
"""Bytes that wait for the kernel in the process before a writer does, instead of 64 kB."""
SWITCH_S = 0.001
"""How long a thread that waits for Python's lock waits, instead of 5 ms: SQLite's thread takes it at each statement."""
BACKLOG = 2048
KEEP_ALIVE_S = 15

OnReady = Callable[[], None]


class Server(uvicorn.Server):
    """uvicorn, telling when it accepts connections, and telling streams when it stops."""

    def __init__(self, config: uvicorn.Config, api: FastAPI, on_ready: OnReady) -> None:
        """Serve an application."""
        super().__init__(config)
        self._api = api
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open everything, listen, and say so."""
        sys.setswitchinterval(SWITCH_S)
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say goodbye to open streams first: a server waits for its connections."""
        streams = getattr(self._api.state, "streams", None)
        if streams is not None:
            streams.stopping.set()
            self._api.state.parts.runs.announce_stop()
        await super().shutdown(sockets)


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which holds less for a reader that stalls."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  as uvicorn's own
        """Limit what waits here for the kernel."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(WRITE_BUFFER)


def bind(settings: Settings) -> socket.socket:
    """Bind the listening socket; accepted ones inherit its small send buffer and its patience with dead readers.

    Raises:
        OSError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SNDBUF)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # The kernel ends a connection whose reader takes nothing; without it a cut stream keeps its descriptor.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(settings.stall_s * 1000))
    try:
        listening.bind((settings.host, settings.port))
    except OSError:
        listening.close()
        raise
    return listening


def url_of(settings: Settings, listening: socket.socket) -> str:
    """Where a client of this machine reaches the server."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: Settings, on_ready: Callable[[str], None]) -> bool:
    """Serve until a signal; on_ready gets the URL once connections are accepted. False: it could not start.

    Raises:
        OSError: the address is taken or not ours.
        InvalidInput: a setting cannot be.
    """
    gc.disable()  # what is imported from here on lives as long as the process: a tenth of the start's CPU time
    from api.http import create_app
    from api.logging import set_up_logging

    set_up_logging(settings.log_level)
    listening = bind(settings)
    try:
        url = url_of(settings, listening)
        api = create_app(settings, url=url)
        server = Server(config_of(settings, api), api, lambda: _settled(on_ready, url))
        server.run([listening])
        return server.started
    finally:
        listening.close()


def _settled(on_ready: Callable[[str], None], url: str) -> None:
    gc.freeze()
    gc.enable()
    on_ready(url)


def config_of(settings: Settings, api: FastAPI) -> uvicorn.Config:
    """How uvicorn is to serve."""
    return uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        http=Connection,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_s)),
    )
