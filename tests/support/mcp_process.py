"""A process of its own that serves the MCP servers over small stores: `python -m tests.support.mcp_process`.

stdio NAME: over stdin and stdout, as tenant acme. http PORT: all of them under /mcp/<name>, until killed.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from multiprocessing.connection import Connection

import uvicorn

from mcp_servers import build_servers, launched_as, signed_by
from mcp_servers.http import standalone_app
from mcp_servers.serving import listen
from memory.identity import mint, server_audience, verify
from memory.records import Scope
from tests.support.small_stores import SmallStores, put_text, small_stores

SECRET = b"s" * 32
ANN = Scope("acme", "ann", ("staff",), ("reader", "editor"))
BOB = Scope("acme", "bob")
EVE = Scope("evil", "eve", roles=("reader", "editor"))
PRICES = {"quick": 2000, "standard": 6000}


def sign(scope: Scope, server: str) -> str:
    return mint(scope, server_audience(server), SECRET)


def believe(token: str, server: str) -> Scope:
    return verify(token, server_audience(server), SECRET)


async def filled() -> SmallStores:
    stores = small_stores()
    await put_text(stores, ANN, "shipping", "We ship within two days.", "Returns take a week.", "Gifts are wrapped.")
    await put_text(stores, EVE, "secrets", "We ship nothing within two days.")
    return stores


async def main(transport: str, what: str) -> None:
    stores = await filled()
    if transport == "stdio":
        await build_servers(stores, launched_as(ANN), PRICES)[what].run_stdio_async()
        return
    with listen("127.0.0.1", int(what)) as listening:
        print(listening.getsockname()[1], flush=True)  # noqa: T201 (whoever started us reads the port)
        await serve(listening, stores)


async def serve(listening: socket.socket, stores: SmallStores) -> None:
    app = standalone_app(build_servers(stores, signed_by(believe), PRICES), believe)
    await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([listening])


def serve_on(port: int, ready: Connection) -> None:
    """Serve on a port (0: a free one) until killed; the pipe learns which."""

    async def run() -> None:
        with listen("127.0.0.1", port) as listening:
            stores = await filled()
            ready.send(listening.getsockname()[1])
            await serve(listening, stores)

    asyncio.run(run())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
