"""Serves one server from its own process: over stdio for whoever launched it, or over HTTP for signed callers.

When another process owns the data folder, stdio goes through that process's own endpoint instead.
"""

from __future__ import annotations

import socket
import sys
from functools import partial

import uvicorn

from mcp_servers import SERVERS, launched_as, signed_by
from mcp_servers.http import LOOPBACK_HOSTS, PREFIX, standalone_app
from mcp_servers.proxy import run_proxy
from mcp_servers.settings import ServerSettings
from memory.errors import FolderLocked, InvalidInput
from memory.folder import find_holder
from memory.identity import mint, server_audience, verify
from memory.records import Scope
from memory.stores import open_stores


async def serve_stdio(name: str, settings: ServerSettings, scope: Scope) -> None:
    """Serve over stdin and stdout in the scope of whoever launched us, until stdin ends.

    Raises:
        FolderLocked: a process that serves nothing owns the data folder.
    """
    holder = find_holder(settings.home)
    if holder is not None and holder.url:
        url = f"{holder.url.rstrip('/')}{PREFIX}/{name}"
        await run_proxy(name, url, partial(mint, scope, server_audience(name), settings.signing_secret()))
        return
    try:
        async with open_stores(settings, command=f"multidb mcp {name}") as stores:
            await SERVERS[name](stores, launched_as(scope), settings.prices).run_stdio_async()
    except FolderLocked as error:
        raise FolderLocked(f"{error}; start `multidb serve` first, and every server can be used through it") from error


async def serve_http(name: str, settings: ServerSettings, host: str, port: int) -> None:
    """Serve over HTTP at /mcp/<name> for callers with a signed token, until stopped; says where on stderr.

    Raises:
        FolderLocked: another process owns the data folder; it says which, and where it answers.
        InvalidInput: the address cannot be bound, or is open to others and no secret is configured.
    """
    if not settings.secret.get_secret_value() and host not in LOOPBACK_HOSTS:
        raise InvalidInput(f"{host} opens this server to others, so MULTIDB_SECRET must be set: openssl rand -hex 32")
    secret = settings.signing_secret()

    def believe(token: str, server: str) -> Scope:
        return verify(token, server_audience(server), secret)

    with listen(host, port) as listening:
        url = f"http://{host}:{listening.getsockname()[1]}{PREFIX}/{name}"
        try:
            async with open_stores(settings, command=f"multidb mcp {name} --http") as stores:
                servers = {name: SERVERS[name](stores, signed_by(believe), settings.prices)}
                app = standalone_app(servers, believe, allowed_hosts=settings.allowed_hosts)
                print(f"{name} answers at {url}", file=sys.stderr, flush=True)  # noqa: T201 (how to reach it)
                await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([listening])
        except FolderLocked as error:
            raise FolderLocked(f"{error}; a running `multidb serve` offers this server at {PREFIX}/{name}") from error


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        InvalidInput: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named; with it each reply takes 40 ms more.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
        return listening
    except OSError as error:
        listening.close()
        raise InvalidInput(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from error
