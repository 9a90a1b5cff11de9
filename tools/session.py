"""Keeps one MCP client open: a task of its own enters it, leaves it, and opens the next when it dies.

A client that breaks cancels the task that owns it, so no caller may own one. Opening sends nothing over the network:
the protocol version is pinned, and every call carries its own identity.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from functools import cache

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import LATEST_PROTOCOL_VERSION

logger = logging.getLogger(__name__)

Opener = Callable[[], AbstractAsyncContextManager[Client]]

FIRST_DELAY_S = 0.02
MAX_DELAY_S = 0.5
CONNECT_S = 2.0

BEARER: ContextVar[str | None] = ContextVar("multidb_bearer", default=None)
"""The token of the call being made; MCP's HTTP transport posts in the context of whoever sends."""

LOST = (OSError, RuntimeError, ValueError, MCPError, httpx2.HTTPError, ExceptionGroup)
"""How a client says that it or its server is gone."""


class Session:
    """One client, kept open by `own` running in a task; `in_flight` calls are using it."""

    def __init__(self, opener: Opener) -> None:
        """Know how to open a client; `own` does it."""
        self._opener = opener
        self._ready = asyncio.Event()
        self._client: Client | None = None
        self._delay_s = FIRST_DELAY_S
        self._closing = False
        self.in_flight = 0

    @property
    def is_open(self) -> bool:
        """Whether a client is ready."""
        return self._client is not None

    async def client(self) -> Client:
        """Return the open client, waiting while it is reopened."""
        while self._client is None:
            await self._ready.wait()
        return self._client

    def answered(self) -> None:
        """Note that the server answers, so that the next loss is mended at once."""
        self._delay_s = FIRST_DELAY_S

    async def own(self) -> None:
        """Keep a client open until cancelled."""
        while True:
            try:
                await self._keep()
            except LOST as error:
                logger.debug("an MCP client was lost, opening another: %r", error)
            except asyncio.CancelledError:
                if self._closing:
                    raise
                # The client cancelled its owner while it died: nobody asked us to stop.
            await asyncio.sleep(self._delay_s)
            self._delay_s = min(2 * self._delay_s, MAX_DELAY_S)

    async def close(self, owner: asyncio.Task[None]) -> None:
        """Stop the owner and wait until the client is closed."""
        self._closing = True
        owner.cancel()
        with suppress(asyncio.CancelledError):
            await owner

    async def _keep(self) -> None:
        async with self._opener() as client:
            self._client = client
            self._ready.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._client = None
                self._ready.clear()


def in_process(server: MCPServer) -> Opener:
    """Open clients that call a server in this process directly, without framing."""
    return lambda: Client(server, mode=LATEST_PROTOCOL_VERSION, cache=None)


def over_http(url: str, timeout_s: float) -> Opener:
    """Open clients of a streamable HTTP endpoint that send each call's own bearer token."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Client]:
        limits = httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        hooks = {"request": [_authorise]}
        async with httpx2.AsyncClient(timeout=limits, event_hooks=hooks, verify=_tls(url)) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=LATEST_PROTOCOL_VERSION, cache=None) as client:
                yield client

    return opened


def _tls(url: str) -> ssl.SSLContext | bool:
    """Certificates are loaded once, and not at all for plain HTTP: each client would spend 0.1 s on them."""
    return _certificates() if url.startswith("https:") else False


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _authorise(request: httpx2.Request) -> None:
    token = BEARER.get()
    if token is not None:
        request.headers["Authorization"] = f"Bearer {token}"
