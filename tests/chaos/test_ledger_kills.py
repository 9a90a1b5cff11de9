"""The ledger on PostgreSQL: never over the limit from any number of processes, and balanced whoever is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from memory.accounts.postgres_ledger import open_ledger
from memory.postgres import open_postgres
from memory.records import Plan, Scope
from tests.chaos.ledger import LIMIT, PLAN, Job, job, outcome
from tests.chaos.test_kills import seed_of
from tests.support.kill import ROOT
from tests.support.servers import fresh_postgres_schema, server_url

pytestmark = pytest.mark.services
CI_KILLS, STORM_KILLS = 50, 2_000
PROCESSES, RACERS, PLACES = 4, 250, 20
RACE = Plan("race", PLACES)
RUNNER = Scope("acme", "runner")


async def reserve_at_once(url: str, process: int) -> None:
    """Reserve one token many times once the parent says so, and print how many were granted and refused."""
    async with open_postgres(url, 60.0) as server:
        ledger = await open_ledger(server, RACE)
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        await asyncio.to_thread(sys.stdin.readline)
        tries = (ledger.reserve(RUNNER, f"{process}-{number}", 1) for number in range(RACERS))
        found = await asyncio.gather(*tries, return_exceptions=True)
        print(json.dumps(Counter(type(one).__name__ for one in found)), flush=True)  # noqa: T201 - the result


async def started(*words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdin=pipe, stdout=pipe)


async def test_a_thousand_reservations_from_four_processes_get_exactly_the_twenty_places():
    program = f"import asyncio, sys; from {__name__} import *; asyncio.run(reserve_at_once(sys.argv[1], sys.argv[2]))"
    async with fresh_postgres_schema() as url, asyncio.timeout(100):
        racers = [await started("-c", program, url, str(number)) for number in range(PROCESSES)]
        assert [await racer.stdout.readline() for racer in racers] == [b"ready\n"] * PROCESSES
        told = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
        found = sum((Counter(json.loads(out)) for out, _ in told), Counter())
        assert found == {"Reservation": PLACES, "QuotaExceeded": PROCESSES * RACERS - PLACES}
        async with open_postgres(url) as server:
            quota = await (await open_ledger(server, RACE)).usage(RUNNER)
        assert (quota.used_tokens, quota.reserved_tokens) == (0, PLACES)


async def test_the_books_balance_after_fifty_kills():
    assert (await weather(CI_KILLS, 90))["granted"] > 0


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_the_books_balance_after_two_thousand_kills():
    assert (await weather(STORM_KILLS, 1700))["granted"] > CI_KILLS


async def weather(kills: int, limit_s: float) -> Counter[str]:
    """Check the books through a storm; return what the jobs acknowledged in it came to."""
    seed = seed_of()
    async with fresh_postgres_schema() as url, books(url) as read, asyncio.timeout(limit_s):
        child = await started("-m", "tests.chaos.ledger", url, str(kills), str(seed))
        told = asyncio.ensure_future(child.communicate())
        while not told.done():
            await asyncio.wait({told}, timeout=0.2)
            await assert_nobody_is_over_the_limit(read)
        assert child.returncode == 0
        lanes = json.loads(told.result()[0])["outcomes"]
        acknowledged = {job(seed, int(lane), n): word for lane, words in lanes.items() for n, word in enumerate(words)}
        print(f"{kills} kills, {len(acknowledged)} jobs acknowledged: {Counter(acknowledged.values())}")  # noqa: T201
        unknown = [job(seed, int(lane), len(words)) for lane, words in lanes.items()]
        final = await repeated(url, [*acknowledged, *unknown])
        assert {work for work, word in acknowledged.items() if word == "granted"} <= {
            work for work, word in final.items() if word == "granted"
        }
        await assert_nobody_is_over_the_limit(read)
        await assert_each_is_charged_once(read, final)
        await assert_the_books_balance(read)
        return Counter(acknowledged.values())


async def repeated(url: str, jobs: list[Job]) -> dict[Job, str]:
    """Do all of it once more under the same keys."""
    moment = [jobs[0].at]
    found = {}
    async with open_postgres(url) as server:
        ledger = await open_ledger(server, PLAN, lambda: moment[0])
        for work in jobs:
            moment[0] = work.at
            found[work] = await outcome(ledger, work)
    return found


@asynccontextmanager
async def books(url: str) -> Any:
    """What is written, of all users, as one above row-level security reads it."""
    schema = url.split("//")[1].split(":")[0]
    async with await psycopg.AsyncConnection.connect(server_url("postgres"), autocommit=True) as admin:
        await admin.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))

        async def read(statement):
            if not (await (await admin.execute("SELECT to_regclass('quota_balances')")).fetchone())[0]:
                return []
            return await (await admin.execute(statement)).fetchall()

        yield read


async def assert_nobody_is_over_the_limit(read: Any) -> None:
    over = f"SELECT * FROM quota_balances WHERE period = 'day' AND used + reserved > {LIMIT}"
    assert await read(over) == []


async def assert_each_is_charged_once(read: Any, final: dict[Job, str]) -> None:
    rows = await read("SELECT user_id, key, kind, tokens FROM ledger_entries ORDER BY entry_no")
    written: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for user, key, kind, tokens in rows:
        written.setdefault((user, key), []).append((kind, tokens))
    wanted = {
        (work.scope.user_id, work.key): [
            ("reserve", work.tokens),
            (work.end, min(work.used, work.tokens) if work.end == "settle" else 0),
        ]
        for work, word in final.items()
        if word == "granted"
    }
    assert written == wanted


async def assert_the_books_balance(read: Any) -> None:
    sums = """
        SELECT tenant_id, user_id, period, date_trunc(period, day)::date,
            coalesce(sum(tokens) FILTER (WHERE kind = 'settle'), 0)::bigint, 0
        FROM ledger_entries, unnest(ARRAY['day', 'month']) period GROUP BY 1, 2, 3, 4
    """
    kept = await read("SELECT tenant_id, user_id, period, starts, used, reserved FROM quota_balances")
    assert sorted(kept) == sorted(await read(sums))
