"""QuotaLedger in SQLite: any history of runs, kill -9, plans of one's own, and the windows that quotas count by."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.accounts.periods import window_of
from memory.accounts.sqlite import open_accounts
from memory.accounts.sqlite_ledger import open_ledger
from memory.records import Plan
from memory.sqlite import open_database
from tests.contracts.test_ledger import PLAN, attempt
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, OPERATOR
from tests.support.rig import on_sqlite


class Job(NamedTuple):
    """One run as the ledger sees it: reserve, then settle (tokens), release (None) or die."""

    tokens: int
    end: str
    used: int
    repeats: int
    days_later: int


JOBS = st.lists(
    st.builds(
        Job,
        tokens=st.integers(0, 400),
        end=st.sampled_from(["settle", "release", "die"]),
        used=st.integers(0, 500),
        repeats=st.integers(1, 3),
        days_later=st.integers(0, 2),
    ),
    max_size=24,
)


@settings(max_examples=30, deadline=None)
@given(jobs=JOBS, limit=st.integers(0, 1_500), period=st.sampled_from(["day", "month"]))
def test_no_history_passes_the_limit_or_loses_a_token(jobs, limit, period):
    assert asyncio.run(_replay(jobs, Plan("p", limit, period))) <= limit


async def _replay(jobs: list[Job], plan: Plan) -> int:
    """Live the jobs, comparing the books with what was granted; return the most tokens taken at any time."""
    most = 0
    opener = on_sqlite(lambda database, clock: open_ledger(database, plan, clock.now))
    with tempfile.TemporaryDirectory() as folder:
        async with opener(Path(folder)) as rig:
            charged: Counter[Any] = Counter()
            held: Counter[Any] = Counter()
            rig.clock.moment = datetime(2026, 1, 27, tzinfo=UTC)
            while jobs:
                batch, jobs = jobs[:6], jobs[6:]
                window = window_of(rig.clock.now(), plan.period)
                keys = [f"{rig.clock.now()}-{len(jobs)}-{n}" for n in range(len(batch))]
                pairs = zip(batch, keys, strict=True)
                await asyncio.gather(*(_live(rig, job, key, window, charged, held) for job, key in pairs))
                quota = await rig.second.usage(ALICE)
                most = max(most, quota.used_tokens + quota.reserved_tokens)
                assert (quota.used_tokens, quota.reserved_tokens) == (charged[window], held[window])
                rig.clock.advance(days=batch[-1].days_later)
    return most


async def _live(rig, job: Job, key: str, window: Any, charged: Counter[Any], held: Counter[Any]) -> None:
    granted = await asyncio.gather(
        *(attempt((rig.store, rig.second)[n % 2], key, job.tokens) for n in range(job.repeats))
    )
    # A repeat may be refused and the next granted, when another run freed its tokens in between.
    if not any(granted):
        return
    held[window] += job.tokens
    if job.end != "die":
        ends = [
            rig.store.settle(ALICE, key, job.used) if job.end == "settle" else rig.store.release(ALICE, key)
            for _ in range(job.repeats)
        ]
        await asyncio.gather(*ends)
        held[window] -= job.tokens
        charged[window] += min(job.used, job.tokens) if job.end == "settle" else 0


async def write_reservations(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        ledger, number = await open_ledger(database), 0
        while True:
            number += 1
            await ledger.reserve(ALICE, str(number), 3)
            await ledger.settle(ALICE, str(number), 2)
            yield str(number)


async def test_an_acknowledged_charge_survives_kill_9_and_the_books_balance(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_reservations", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        ledger = await open_ledger(database)
        quota = await ledger.usage(ALICE)
        assert quota.used_tokens >= 2 * len(acknowledged)
        assert (quota.used_tokens, quota.reserved_tokens) == await _sums(database)


async def _sums(database):
    entries = await database.read(
        lambda connection: connection.execute("SELECT key, kind, tokens FROM ledger_entries").fetchall()
    )
    closed = {row["key"] for row in entries if row["kind"] != "reserve"}
    used = sum(row["tokens"] for row in entries if row["kind"] == "settle")
    return used, sum(row["tokens"] for row in entries if row["key"] not in closed)


async def test_a_plan_of_ones_own_is_what_counts(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        accounts, ledger = await open_accounts(database, PLAN), await open_ledger(database, PLAN)
        await accounts.user(ALICE)
        await accounts.assign_plan(OPERATOR, "alice", Plan("tiny", 10, "day"))
        assert not await attempt(ledger, "a", 11)
        await accounts.assign_plan(OPERATOR, "alice", Plan("free", None))
        assert await attempt(ledger, "a", 10**9)
        assert (await ledger.usage(ALICE)).remaining_tokens is None


@pytest.mark.parametrize(
    ("at", "period", "start", "end"),
    [
        ("2026-01-31T23:59:59", "day", "2026-01-31", "2026-02-01"),
        ("2026-01-31T23:59:59", "month", "2026-01-01", "2026-02-01"),
        ("2026-12-31T00:00:00", "month", "2026-12-01", "2027-01-01"),
        ("2028-02-29T12:00:00", "month", "2028-02-01", "2028-03-01"),
        ("2028-02-29T12:00:00", "day", "2028-02-29", "2028-03-01"),
    ],
)
def test_windows_are_days_and_calendar_months(at, period, start, end):
    window = window_of(datetime.fromisoformat(at).replace(tzinfo=UTC), period)
    assert [moment.date().isoformat() for moment in window] == [start, end]
