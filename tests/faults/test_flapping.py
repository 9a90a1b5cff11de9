"""PostgreSQL goes and comes for as long as a user waits: what was accepted is charged and ends all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.faults.house import House, open_house

ENDS_IN_S = 40.0
ACCEPTED = 5
POLL_S = 0.1

pytestmark = [pytest.mark.services, pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    async with open_house(tmp_path_factory.mktemp("flapping")) as house:
        yield house


@pytest.mark.timeout(ACCEPTED * ENDS_IN_S + 60)
async def test_what_was_accepted_ends_while_postgresql_goes_and_comes(house: House) -> None:
    ended: list[float] = []
    with house.proxies["postgres"].flapping():
        async with asyncio.timeout(ACCEPTED * ENDS_IN_S):
            while len(ended) < ACCEPTED:
                if (seen := await house.begin()).status == 200:
                    assert seen.outcome == "completed", seen
                    ended.append(seen.took_s)
                await asyncio.sleep(POLL_S)
    print(f"{ACCEPTED} accepted questions ended within {max(ended):.1f} s")  # noqa: T201 - figures
    assert max(ended) <= ENDS_IN_S
