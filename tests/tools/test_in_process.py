"""The typed tools over servers in this process."""

from __future__ import annotations

import asyncio

import pytest

from mcp_servers import build_servers, signed_by
from memory.errors import StoreUnavailable
from memory.records import Range, SearchWeights
from tests.support.mcp_process import ANN, BOB, EVE, believe, sign
from tests.support.small_stores import SmallStores
from tools.calls import SearchRequest
from tools.connect import ConnectedTools, open_tools
from tools.errors import ToolRefused, ToolUnavailable


async def test_search_finds_the_passage_with_its_place(tools: ConnectedTools) -> None:
    found = await tools.search(BOB, SearchRequest("when do you ship"))
    assert found.hits[0].passage.text == "We ship within two days."
    assert found.hits[0].passage.passage_id == "shipping/0"
    assert found.hits[0].metadata == {"year": 2026}
    assert found.term_weights["ship"] == 1.5


async def test_what_is_asked_reaches_the_index_unchanged(tools: ConnectedTools, stores: SmallStores) -> None:
    filters = {"year": Range(gte=2020), "kind": "text", "tag": ["a", 1, True], "code": "007"}
    await tools.search(ANN, SearchRequest("ship?", filters, SearchWeights(2, 0.5), "lexical", 7))
    scope, query = stores.index.asked[-1]
    assert scope == ANN
    assert (query.text, query.mode, query.top_k, query.vector) == ("ship?", "lexical", 7, None)
    assert query.weights == SearchWeights(2, 0.5)
    assert dict(query.filters) == {**filters, "year": Range(gte=2020)}


async def test_one_tenant_never_sees_another(tools: ConnectedTools) -> None:
    mine = await tools.search(EVE, SearchRequest("when do you ship"))
    assert [hit.source for hit in mine.hits] == ["secrets"]
    with pytest.raises(ToolRefused):
        await tools.read_around(EVE, "shipping/0", 1, 1)


async def test_read_around_returns_neighbours_in_reading_order(tools: ConnectedTools) -> None:
    passages = await tools.read_around(ANN, "shipping/1", 1, 5)
    assert [one.ordinal for one in passages] == [0, 1, 2]


async def test_similarities_keep_the_order_of_the_texts(tools: ConnectedTools) -> None:
    far, near = await tools.similarities(ANN, "red apples", ("blue whales", "red apples"))
    assert near == pytest.approx(1.0, abs=1e-5)
    assert far < near
    assert await tools.similarities(ANN, "red apples", ()) == ()


async def test_allowance_tells_what_is_left_and_what_runs_cost(tools: ConnectedTools) -> None:
    allowance = await tools.allowance(ANN)
    assert allowance.quota.used_tokens == 120
    assert allowance.quota.remaining_tokens is None
    assert allowance.quota.resets_at.tzinfo is not None
    assert allowance.prices == {"quick": 2000, "standard": 6000}


@pytest.mark.parametrize("query", ["", "x" * 5000, "\ud800"])
async def test_an_impossible_argument_is_refused(tools: ConnectedTools, query: str) -> None:
    with pytest.raises(ToolRefused):
        await tools.search(ANN, SearchRequest(query))


async def test_an_outage_behind_the_server_is_unavailable_not_refused(
    tools: ConnectedTools, stores: SmallStores
) -> None:
    stores.index.failure = StoreUnavailable("the index did not answer in 10 s")
    with pytest.raises(ToolUnavailable):
        await tools.search(ANN, SearchRequest("ship"))


async def test_a_crash_of_the_server_is_unavailable_and_tells_nothing(
    tools: ConnectedTools, stores: SmallStores
) -> None:
    stores.index.failure = KeyError("internal detail")
    with pytest.raises(ToolUnavailable) as caught:
        await tools.search(ANN, SearchRequest("ship"))
    assert "internal detail" not in str(caught.value)


async def test_a_call_in_process_ends_within_its_time_limit(stores: SmallStores) -> None:
    entered, never = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        entered.set()
        await never.wait()

    stores.index.search = hang  # type: ignore[method-assign]
    servers = build_servers(stores, signed_by(believe), {})
    async with open_tools(servers, sign, timeout_s=0.05) as tools:
        with pytest.raises(ToolUnavailable):
            await tools.search(ANN, SearchRequest("ship"))
    assert entered.is_set()


async def test_a_token_for_another_server_is_refused(stores: SmallStores) -> None:
    servers = build_servers(stores, signed_by(believe), {})
    async with open_tools(servers, lambda scope, _: sign(scope, "user_quota")) as tools:
        with pytest.raises(ToolRefused):
            await tools.search(ANN, SearchRequest("ship"))
        assert (await tools.allowance(ANN)).quota.used_tokens == 120


async def test_a_server_without_a_target_is_switched_off(stores: SmallStores) -> None:
    servers = build_servers(stores, signed_by(believe), {})
    del servers["knowledge_base"]
    async with open_tools(servers, sign) as tools:
        with pytest.raises(ToolUnavailable):
            await tools.look_up(ANN, "ship?", 3)
        assert (await tools.search(ANN, SearchRequest("ship"))).hits


async def test_many_calls_at_once_each_keep_their_own_scope(tools: ConnectedTools) -> None:
    scopes = [ANN, EVE] * 50
    found = await asyncio.gather(*(tools.search(scope, SearchRequest("ship")) for scope in scopes))
    assert [one.hits[0].source for one in found] == ["shipping", "secrets"] * 50
