"""Opens the agent's tools: a supervised, pooled client per MCP server, in process or over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from mcp.server.mcpserver import MCPServer

from memory.records import Passage, Scope
from tools import knowledge, quota, search
from tools.calls import Allowance, Found, Match, SearchRequest
from tools.errors import ToolUnavailable
from tools.link import Link, LinkStatus, Sign, open_link

TIMEOUT_S = 10.0
POOL = 2


class ConnectedTools:
    """The `Tools` of the graph, over one link per server. A server without a target is switched off."""

    def __init__(self, links: Mapping[str, Link]) -> None:
        """Use links that somebody else keeps open."""
        self._links = links

    def status(self) -> Mapping[str, LinkStatus]:
        """How each server stands, for readiness; asks nobody."""
        return {name: link.status for name, link in self._links.items()}

    async def search(self, scope: Scope, request: SearchRequest) -> Found:
        """Search passages through the `vector_search` server."""
        return await search.search(self._link("vector_search"), scope, request)

    async def read_around(self, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
        """Return a passage with its neighbours in reading order."""
        return await search.read_around(self._link("vector_search"), scope, passage_id, before, after)

    async def similarities(self, scope: Scope, query: str, texts: tuple[str, ...]) -> tuple[float, ...]:
        """Cosine similarity of each text to the query."""
        return await search.similarities(self._link("vector_search"), scope, query, texts)

    async def look_up(self, scope: Scope, question: str, top_k: int) -> tuple[Match, ...]:
        """Find curated answers through the `knowledge_base` server."""
        return await knowledge.look_up(self._link("knowledge_base"), scope, question, top_k)

    async def allowance(self, scope: Scope) -> Allowance:
        """Ask the `user_quota` server."""
        return await quota.allowance(self._link("user_quota"), scope)

    def _link(self, server: str) -> Link:
        link = self._links.get(server)
        if link is None:
            raise ToolUnavailable(server, "is switched off here")
        return link


@asynccontextmanager
async def open_tools(
    targets: Mapping[str, MCPServer | str], sign: Sign, *, timeout_s: float = TIMEOUT_S, pool: int = POOL
) -> AsyncGenerator[ConnectedTools]:
    """Keep a client open for each target: a server in this process, or the URL of its streamable HTTP endpoint.

    Opening asks nobody, so a server may be down now and come later. Enter and leave it in one task.

    Args:
        targets: server name -> where it is; a name that is left out is switched off.
        sign: mints the token of a call, valid for two minutes or more; it is used again for one minute.
        timeout_s: limit of one call, its repeat included.
        pool: clients per URL; a broken connection takes only its own calls with it.
    """
    async with AsyncExitStack() as stack:
        links = {
            name: await stack.enter_async_context(open_link(name, target, sign, timeout_s=timeout_s, pool=pool))
            for name, target in targets.items()
        }
        yield ConnectedTools(links)
