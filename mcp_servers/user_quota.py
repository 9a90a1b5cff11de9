"""MCP server `user_quota`: what the user has left, when it resets, and what a run of each effort costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CallToolResult
from pydantic import BaseModel

from mcp_servers.backends import Backends, Prices
from mcp_servers.callers import Caller
from mcp_servers.replies import READS, answering, reply, server, tool
from memory.records import Effort, Quota

NAME = "user_quota"
INSTRUCTIONS = "Ask `allowance` before expensive work; choose an effort whose price fits remaining_tokens."


class Allowance(BaseModel):
    """quota.remaining_tokens is null for an unlimited plan; prices: effort -> tokens a run costs at most."""

    quota: Quota
    prices: dict[Effort, int]


def build_server(stores: Backends, caller: Caller, prices: Prices | None = None) -> MCPServer:
    """Return the server over these stores, which quotes these prices."""
    tools = _UserQuota(stores, caller, dict(prices or {}))
    listed = [
        tool(tools.allowance, "What is left", READS),
    ]
    return server(NAME, "Token allowance", INSTRUCTIONS, listed)


@dataclass(frozen=True, slots=True)
class _UserQuota:
    stores: Backends
    caller: Caller
    prices: dict[Effort, int]

    @answering
    async def allowance(self, ctx: Context) -> Annotated[CallToolResult, Allowance]:
        """Return the tokens used, held and left in this period, when it resets, and the price of each effort."""
        quota = await self.stores.ledger.usage(self.caller(ctx, NAME))
        return reply(Allowance(quota=quota, prices=self.prices))
