"""What every tool of every server promises to a client it has never met."""

from __future__ import annotations

import logging

import pytest
from mcp import Client

from graphs.context import LIMITS
from mcp_servers import SERVERS, build_servers, launched_as
from mcp_servers.settings import PRICES
from tests.support.mcp_process import ANN
from tests.support.small_stores import small_stores

WRITES = {"put_entry": False, "delete_entry": True}
IDENTITY = {"tenant", "tenant_id", "user", "user_id", "scope", "role", "roles", "groups", "token"}


@pytest.mark.parametrize("name", sorted(SERVERS))
async def test_every_tool_says_what_it_takes_gives_and_does(name: str) -> None:
    async with Client(build_servers(small_stores(), launched_as(ANN), {})[name]) as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        assert tool.description
        assert tool.title
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name not in WRITES)
        assert tool.annotations.destructive_hint is WRITES.get(tool.name, False)
        assert tool.annotations.idempotent_hint is True
        assert tool.annotations.open_world_hint is False


@pytest.mark.parametrize("name", sorted(SERVERS))
async def test_identity_is_never_an_argument(name: str) -> None:
    async with Client(build_servers(small_stores(), launched_as(ANN), {})[name]) as client:
        for tool in (await client.list_tools()).tools:
            assert not IDENTITY & set(tool.input_schema["properties"])


async def test_results_fit_their_published_schema() -> None:
    # The reference client checks each result against the schema and raises if it does not fit.
    from tests.support.mcp_process import filled

    servers = build_servers(await filled(), launched_as(ANN), PRICES)
    async with Client(servers["vector_search"]) as client:
        assert (await client.call_tool("search", {"query": "ship", "filters": {"year": {"gte": 2000}}})).content
        assert (await client.call_tool("read_around", {"passage_id": "shipping/0"})).structured_content
    async with Client(servers["user_quota"]) as client:
        result = await client.call_tool("allowance")
        assert result.structured_content is not None
        assert result.structured_content["quota"]["remaining_tokens"] is None


def test_building_servers_leaves_the_logging_of_the_process_alone() -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    build_servers(small_stores(), launched_as(ANN), {})
    assert (root.level, root.handlers) == before


def test_a_server_of_its_own_quotes_the_prices_of_the_application() -> None:
    assert {effort: limits.tokens for effort, limits in LIMITS.items()} == PRICES
