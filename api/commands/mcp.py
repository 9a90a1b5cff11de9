"""`multidb mcp`: one MCP server over stdio or HTTP; beside a running `serve` it passes on to that."""

from __future__ import annotations

from mcp_servers.serving import serve_http, serve_stdio
from mcp_servers.settings import ServerSettings
from memory.records import LOCAL


async def serve_mcp(name: str, host: str, port: int | None) -> int:
    """Serve until the client leaves or we are stopped; port None means stdio."""
    settings = ServerSettings()
    if port is None:
        await serve_stdio(name, settings, LOCAL)
    else:
        await serve_http(name, settings, host, port)
    return 0
