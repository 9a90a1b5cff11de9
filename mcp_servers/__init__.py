"""MCP servers over the ports: vector_search, knowledge_base, user_quota.

Each is `build_server(stores, caller, prices) -> MCPServer`; a new one is one file and one line in SERVERS.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcp.server.mcpserver import MCPServer

from mcp_servers import knowledge_base, user_quota, vector_search
from mcp_servers.backends import Backends, Build, Prices
from mcp_servers.callers import Caller, launched_as, signed_by

SERVERS: Mapping[str, Build] = {
    vector_search.NAME: vector_search.build_server,
    knowledge_base.NAME: knowledge_base.build_server,
    user_quota.NAME: user_quota.build_server,
}

__all__ = ["SERVERS", "Backends", "Caller", "Prices", "build_servers", "launched_as", "signed_by"]


def build_servers(stores: Backends, caller: Caller, prices: Prices) -> dict[str, MCPServer]:
    """Return every server by name, over the same stores."""
    return {name: build(stores, caller, prices) for name, build in SERVERS.items()}
