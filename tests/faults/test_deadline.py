"""A store that stays away under a run: whoever waits for its answer is told in time, and the answer comes later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import api.agent
import memory.stores
from api.wiring import Faults
from memory.errors import StoreUnavailable
from memory.records import SYSTEM
from memory.stores import Stores
from tests.api.rigging import Scripted, Served, open_server, says
from tests.faults.house import LATE_S, SLACK_S
from tests.support.small_stores import SmallEmbedder

RUN_S, STORE_S = 0.5, 0.5
SOON_S = 5.0


class AwayAtTheEnd:
    """A ledger that cannot charge until it is back."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.is_away = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def settle(self, *args: Any) -> Any:
        if self.is_away:
            raise StoreUnavailable("the ledger is away")
        return await self._ledger.settle(*args)


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Served]:
    def wrap(stores: Stores) -> Stores:
        ledger: Any = AwayAtTheEnd(stores.ledger)
        return replace(stores, ledger=ledger)

    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    def scripted(*_: Any) -> Scripted:
        return Scripted(says("It is 41 metres tall."))

    monkeypatch.setattr(memory.stores, "_open_embedder", small)
    monkeypatch.setattr(api.agent, "build_graph", scripted)
    limits: dict[str, Any] = {"run_timeout_s": RUN_S, "store_timeout_s": STORE_S}
    async with open_server(tmp_path / "home", Faults(wrap), **limits) as served:
        yield served


async def test_a_client_is_told_in_time_that_its_answer_cannot_be_kept_yet_and_finds_it_later(served: Served) -> None:
    began, asked = time.monotonic(), {"message": "How tall is it?", "effort": "quick"}
    late = await served.client.post("/api/v1/chat/message", json=asked)
    assert time.monotonic() - began <= RUN_S + STORE_S + LATE_S + SLACK_S
    assert (late.status_code, late.json()["code"]) == (504, "timeout")

    ledger: Any = served.parts.stores.ledger
    ledger.is_away = False
    async with asyncio.timeout(SOON_S):
        while await served.parts.stores.runs.unfinished(SYSTEM):  # noqa: ASYNC110 - a run's end sets no event of ours
            await asyncio.sleep(0.05)
    found = (await served.client.get(f"/api/v1/runs/{late.json()['run_id']}")).json()
    assert found["status"] == "completed", found
    assert (await served.client.get("/api/v1/me")).json()["reserved_tokens"] == 0
