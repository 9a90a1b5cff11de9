from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from mcp import Client

from mcp_servers import build_servers, launched_as
from memory.records import Scope
from tests.support.mcp_process import PRICES, filled
from tests.support.small_stores import SmallStores

Open = Callable[[str, Scope], AbstractAsyncContextManager["Talk"]]


class Talk:
    """An in-memory MCP client of one server."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must refuse; return its words."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error
        return " ".join(getattr(block, "text", "") for block in result.content)


@pytest.fixture
async def stores() -> SmallStores:
    return await filled()


@pytest.fixture
def talk(stores: SmallStores) -> Open:
    @asynccontextmanager
    async def open_talk(name: str, scope: Scope) -> AsyncGenerator[Talk]:
        async with Client(build_servers(stores, launched_as(scope), PRICES)[name]) as client:
            yield Talk(client)

    return open_talk
