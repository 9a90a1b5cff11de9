"""The run log in SQLite, beyond the suite of every adapter: what outlives a process, and what must not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from memory.records import SYSTEM
from memory.runs.sqlite import open_runs
from memory.sqlite import open_database
from tests.contracts.test_runs import events, run
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE


async def write_events(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        runs, seq = await open_runs(database), 0
        await runs.admit(run())
        while True:
            seq += 1
            await runs.append(ALICE, "run", events(seq, seq))
            yield str(seq)


async def test_acknowledged_events_survive_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_events", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        runs = await open_runs(database)
        assert [record.run_id for record in await runs.unfinished(SYSTEM)] == ["run"]
        kept = await runs.read(ALICE, "run", 0, 100_000)
    assert list(kept)[: len(acknowledged)] == events(1, len(acknowledged))


async def test_a_dead_process_lease_does_not_outlive_it(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        first = await (await open_runs(database)).lease(ALICE, "thread", "dead", 3_600)
    async with open_database(tmp_path / "store.db") as database:
        second = await (await open_runs(database, sole_owner=True)).lease(ALICE, "thread", "new", 10)
    assert second.token > first.token
