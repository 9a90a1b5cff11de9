"""Kept answers over crashes, and over processes that share one Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from api.wiring import Faults
from tests.api.rigging import PATIENCE_S, SECRET, Served, open_server
from tests.api.test_answers_given_again import ORRIN, QUESTION, asked, upload
from tests.api.test_recovery import Crash, settled
from tests.support.servers import fresh_redis


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("point", "hit"), [("run.said", 1), ("run.said", 3), ("close.turn", 1), ("close.finish", 1)])
async def test_a_hit_that_was_killed_ends_as_one_hit(home: Path, point: str, hit: int) -> None:
    crash = Crash(point, hit)
    async with open_server(home, response_cache="on") as server:
        await upload(server)
        first = await server.ask(QUESTION)
    async with open_server(home, Faults(crash=crash), response_cache="on", shutdown_grace_s=0.0) as server:
        asking = asyncio.create_task(server.ask(QUESTION, headers={"Idempotency-Key": "k"}))
        await asyncio.wait_for(crash.dead.wait(), PATIENCE_S)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    async with open_server(home, response_cache="on") as server:
        await settled(server)
        reply = await server.ask(QUESTION, headers={"Idempotency-Key": "k"})
        events = await server.events(run=reply["run_id"])
        used = (await server.client.get("/api/v1/me")).json()["used_tokens"]

    kinds = [event["type"] for event in events]
    assert (reply["cached"], reply["answer"]) == (True, first["answer"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (kinds.count("answer.cached"), kinds.count("answer.restarted")) == (1, 0)
    assert used == first["used_tokens"] + reply["used_tokens"]


@pytest.mark.services
async def test_processes_on_one_redis_share_answers_until_a_document_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.index.local.POLL_S", 3600.0)  # nobody follows: the search itself must notice
    async with AsyncExitStack() as stack:
        shared: dict[str, Any] = {"runs_url": await stack.enter_async_context(fresh_redis())}
        shared |= {"secret": SECRET, "documents_url": f"sqlite:///{tmp_path / 'documents.db'}", "response_cache": "on"}
        servers: list[Served] = [
            await stack.enter_async_context(open_server(tmp_path / name, **shared)) for name in ("one", "other")
        ]
        one, other = servers
        await upload(one)
        await other.parts.stores.index.catch_up()

        first, again = await asked(one), await asked(other)
        await upload(one, text=ORRIN.replace(b"1873", b"1901"))
        late = await asked(other)

    assert (first[0], again[0], late[0]) == (False, True, False)
    assert again[1] == first[1]
    assert "1901" in late[1]["text"]
