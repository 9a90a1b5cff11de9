"""The typed tools over servers in another process, which is killed, stopped and started again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.mcp_http import HttpProcess
from tests.support.mcp_process import ANN, BOB, EVE, sign
from tools.breaker import MAX_COOL_DOWN_S, THRESHOLD
from tools.calls import SearchRequest
from tools.connect import ConnectedTools, open_tools
from tools.errors import ToolRefused, ToolUnavailable

SHIP = SearchRequest("when do you ship")


@asynccontextmanager
async def serving() -> AsyncGenerator[tuple[HttpProcess, ConnectedTools]]:
    async with HttpProcess() as process, open_tools(process.targets(), sign, timeout_s=5) as tools:
        yield process, tools


async def until(answers: Callable[[], Awaitable[object]], limit_s: float = 10.0) -> float:
    """Call until it answers; return how long that took, in seconds."""
    start = time.monotonic()
    async with asyncio.timeout(limit_s):
        while True:
            try:
                await answers()
            except ToolUnavailable:
                await asyncio.sleep(0.01)
            else:
                return time.monotonic() - start


async def test_every_tool_works_over_http_in_the_scope_of_its_caller() -> None:
    async with serving() as (_, tools):
        ours, theirs = await asyncio.gather(tools.search(BOB, SHIP), tools.search(EVE, SHIP))
        assert [hit.source for hit in ours.hits][:1] == ["shipping"]
        assert [hit.source for hit in theirs.hits] == ["secrets"]
        assert len(await tools.read_around(ANN, "shipping/1", 1, 1)) == 3
        assert (await tools.similarities(ANN, "a b", ("a b",)))[0] == pytest.approx(1.0, abs=1e-5)
        assert await tools.look_up(ANN, "ship?", 3) == ()
        assert (await tools.allowance(ANN)).prices == {"quick": 2000, "standard": 6000}
        with pytest.raises(ToolRefused):
            await tools.read_around(ANN, "nowhere", 1, 1)


async def test_hundred_calls_at_once_each_keep_their_own_scope() -> None:
    async with serving() as (_, tools):
        found = await asyncio.gather(*(tools.search(scope, SHIP) for scope in [ANN, EVE] * 50))
        assert [one.hits[0].source for one in found] == ["shipping", "secrets"] * 50


async def test_calls_recover_after_the_server_is_killed_and_started_again() -> None:
    async with serving() as (process, tools):
        calls = [asyncio.ensure_future(tools.search(ANN, SHIP)) for _ in range(20)]
        await process.kill()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(not isinstance(one, BaseException) or isinstance(one, ToolUnavailable) for one in outcomes)
        with pytest.raises(ToolUnavailable):
            await tools.search(ANN, SHIP)
        await process.start()
        assert await until(lambda: tools.search(ANN, SHIP)) < MAX_COOL_DOWN_S + 1


async def test_a_call_survives_a_restart_between_two_calls() -> None:
    async with serving() as (process, tools):
        await tools.search(ANN, SHIP)
        await process.kill()
        await process.start()
        assert (await tools.search(ANN, SHIP)).hits  # the kept connection is dead: made once more on a new one


async def test_an_open_circuit_answers_at_once_and_closes_when_the_server_returns() -> None:
    async with serving() as (process, tools):
        await process.kill()
        for _ in range(THRESHOLD):
            with pytest.raises(ToolUnavailable):
                await tools.search(ANN, SHIP)
        assert tools.status()["vector_search"].circuit == "open"
        start = time.perf_counter()
        with pytest.raises(ToolUnavailable):
            await tools.search(ANN, SHIP)
        assert time.perf_counter() - start < 0.005
        await process.start()
        assert await until(lambda: tools.search(ANN, SHIP)) < MAX_COOL_DOWN_S + 1
        assert tools.status()["vector_search"].circuit == "closed"


async def test_a_stopped_server_costs_one_time_limit_and_no_more() -> None:
    async with HttpProcess() as process, open_tools(process.targets(), sign, timeout_s=0.3) as tools:
        await until(lambda: tools.allowance(ANN))
        process.pause()
        start = time.monotonic()
        with pytest.raises(ToolUnavailable):
            await tools.search(ANN, SHIP)
        assert 0.25 < time.monotonic() - start < 1.5
        process.resume()
        assert await until(lambda: tools.search(ANN, SHIP)) < MAX_COOL_DOWN_S + 1


async def test_a_caller_that_leaves_does_not_disturb_the_others() -> None:
    async with serving() as (_, tools):
        leaving = [asyncio.ensure_future(tools.search(ANN, SHIP)) for _ in range(10)]
        staying = [asyncio.ensure_future(tools.search(EVE, SHIP)) for _ in range(10)]
        await asyncio.sleep(0)
        for call in leaving:
            call.cancel()
        found = await asyncio.gather(*staying)
        assert {one.hits[0].source for one in found} == {"secrets"}
        assert tools.status()["vector_search"].circuit == "closed"


async def test_a_token_that_the_server_does_not_believe_is_no_answer() -> None:
    async with HttpProcess() as process, open_tools(process.targets(), lambda *_: "forged") as tools:
        with pytest.raises(ToolUnavailable):
            await tools.search(ANN, SHIP)
