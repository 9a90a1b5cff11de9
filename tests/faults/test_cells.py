"""Every cell of the table, on the whole house: each fault in front of each server, and what a user sees of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import pytest
import pytest_asyncio

from memory.records import SYSTEM
from tests.faults.house import LATE_S, MODEL_S, STORE_S, TOOL_S, House, Seen, open_house
from tests.faults.table import CELLS, EVERY_TIME, RECOVERS_S, STRAINS, UNDER_WAY, Cell, Dependency, Fault, Limit, Sight
from tests.support.proxy import Proxy

LIMITS_S: Mapping[Limit, float] = {"store": STORE_S, "tool": TOOL_S, "model": MODEL_S}
WORK_S = 1.0
"""What the house itself may need for a question on which nothing waits."""
STRAIN_S = 6.0
"""What a question may take whose every answer comes over a slow line: it waits for some twenty in turn."""
POLL_S = 0.1
BEHIND: Mapping[Dependency, str] = {
    **{"PostgreSQL": "postgres", "Redis": "redis", "Cassandra": "cassandra", "MongoDB": "mongo"},
    **{"MCP server": "mcp", "chat model": "model"},
}
PUT: Mapping[Fault, Callable[[Proxy], AbstractContextManager[None]]] = {
    "down": Proxy.down,
    "black hole": Proxy.silent,
    "too slow": lambda proxy: proxy.slow(2 * max(LIMITS_S.values())),
    "half-open": Proxy.half_open,
    "flapping": Proxy.flapping,
    "slow": lambda proxy: proxy.slow(0.05),
    "thin line": lambda proxy: proxy.trickle(20_000),
    "sliced": Proxy.sliced,
}

pytestmark = [pytest.mark.services, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    async with open_house(tmp_path_factory.mktemp("faults")) as house:
        yield house


def params() -> list[object]:
    """Every cell; those that take too long for each change have the mark of the storms."""
    marks = {True: (), False: (pytest.mark.chaos,)}
    return [pytest.param(c, id=c.name, marks=marks[(c.dependency, c.fault) in EVERY_TIME]) for c in CELLS]


@pytest.mark.parametrize("cell", params())
async def test_a_user_sees_what_the_table_says_and_no_longer_than_it_says(house: House, cell: Cell) -> None:
    if not house.is_well:
        await well_again(house)
    house.is_well, limit_s = False, deadline_s(cell) + LATE_S + house.slack_s
    house.leaves_s = limit_s / 2 if UNDER_WAY in cell.question else None
    with PUT[cell.fault](house.proxies[BEHIND[cell.dependency]]):
        expect(await house.ask(), cell.question, limit_s)
        expect(await house.history(), cell.history, limit_s)
        expect(await house.upload(), cell.upload, limit_s)
        if cell.fault == "half-open":
            await settled(house)
    house.leaves_s = None
    await settled(house)


def deadline_s(cell: Cell) -> float:
    """How long anything may take in a cell."""
    if cell.fault in STRAINS:
        return STRAIN_S
    return cell.limits * LIMITS_S[cell.limit] + WORK_S


def expect(seen: Seen, sights: Sequence[Sight], deadline_s: float) -> None:
    """Hold what was seen against what may be seen."""
    assert (seen.status, seen.outcome) in {(sight.status, sight.outcome) for sight in sights}, seen
    assert seen.took_s <= deadline_s, seen
    assert seen.status != 503 or seen.retry_after, seen
    if seen.status == 200:
        assert seen.degraded in {frozenset({sight.degraded} - {""}) for sight in sights}, seen
        assert seen.complete in {not sight.incomplete for sight in sights}, seen
        assert "found nothing" not in seen.text.lower(), seen


async def settled(house: House, within_s: float = RECOVERS_S) -> None:
    """Wait until nothing of the fault is seen any more, which must not take long; then count."""
    began, accepted = time.monotonic(), list(house.accepted)
    history = await house.history()
    while not (history.outcome == "read" and history.complete and all(map(history.text.count, accepted))):
        assert time.monotonic() - began <= within_s + house.slack_s, history
        await asyncio.sleep(POLL_S)
        history = await house.history()
    assert [history.text.splitlines().count(question) for question in accepted] == [1] * len(accepted), history
    await well_again(house, began, within_s)


async def well_again(house: House, began: float | None = None, within_s: float = RECOVERS_S) -> None:
    """Wait until a question, a history and an upload are as ever, and nothing is under way or reserved."""
    began = time.monotonic() if began is None else began
    while problem := await problem_of(house):
        assert time.monotonic() - began <= within_s + WORK_S + house.slack_s, problem
        await asyncio.sleep(POLL_S)
    house.is_well = True


async def problem_of(house: House) -> str:
    """Return what is not as ever, "" if all is."""
    stores = house.served.parts.stores
    question = await house.begin()
    if question.outcome != "completed" or question.degraded or "Mathilde Aubert" not in question.text:
        return f"a question: {question}"
    house.pace_s = question.took_s
    if not (history := await house.history()).complete or history.outcome != "read":
        return f"a history: {history}"
    if (upload := await house.upload()).outcome != "kept":
        return f"an upload: {upload}"
    if unfinished := await stores.runs.unfinished(SYSTEM):
        return f"runs under way: {len(unfinished)}"
    quota = (await house.served.client.get("/api/v1/me")).json()
    return f"reserved: {quota['reserved_tokens']}" if quota["reserved_tokens"] else ""
