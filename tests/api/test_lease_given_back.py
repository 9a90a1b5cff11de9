"""A thread is free as soon as its run has ended: its lease is not renewed once more after it was given back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from memory.records import LOCAL, Lease, Scope
from tests.api.rigging import PATIENCE_S, open_server, says

RENEWED_EVERY_S = 0.02
WINDOW_S = 10 * RENEWED_EVERY_S


async def test_the_next_message_need_not_wait_for_a_lease_that_nobody_holds(
    home: Path, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(says("Sixty metres."))
    async with open_server(home, lease_ttl_s=3 * RENEWED_EVERY_S) as served:
        runs, released, renewed = served.parts.stores.runs, asyncio.Event(), asyncio.Event()
        lease, release = runs.lease, runs.release

        async def renew(scope: Scope, thread_id: str, holder: str, ttl_s: float) -> Lease | None:
            found = await lease(scope, thread_id, holder, PATIENCE_S)
            if released.is_set():
                renewed.set()
                await asyncio.Event().wait()  # the answer does not arrive before the run's task has ended
            return found

        async def give_back(scope: Scope, held: Lease) -> None:
            await release(scope, held)
            released.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(WINDOW_S):
                    await renewed.wait()

        monkeypatch.setattr(runs, "lease", renew)
        monkeypatch.setattr(runs, "release", give_back)
        answer = await served.ask()
        async with asyncio.timeout(PATIENCE_S):
            await served.parts.runs.idle()
        assert await lease(LOCAL, answer["session_id"], "the next message", PATIENCE_S) is not None
