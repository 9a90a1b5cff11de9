"""Turns while their server is killed: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from memory.cassandra import open_cassandra
from memory.ids import next_turn_id
from memory.records import Scope, Turn
from memory.sqlite import open_database
from memory.turns.cassandra import CassandraTurns
from memory.turns.outbox import open_outbox
from tests.services.places import default_places
from tests.support.servers import own_server

pytestmark = pytest.mark.services
WRITERS = 50
CALL_LIMIT_S = 5.0
HEALED_S = 1_500.0


@dataclass
class Storm:
    """acknowledged: thread -> its turns, in order."""

    turns: int
    acknowledged: dict[str, list[Turn]] = field(default_factory=dict)
    count: int = 0
    reached: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def write(self, store, writer):
        thread_id, last = f"thread {writer}", None
        scope = Scope("acme", f"user {writer % 10}")
        for number in range(self.turns // WRITERS):
            last = next_turn_id(last)
            turn = Turn(last, thread_id, "user", f"{writer}/{number}", "complete", datetime.now(UTC), "run")
            await store.append(scope, turn)
            self.acknowledged.setdefault(thread_id, []).append(turn)
            async with self.reached:
                self.count += 1
                self.reached.notify_all()

    async def kill_at(self, server, counts):
        """Kill the server each time so many turns were acknowledged, and start it again."""
        for count in counts:
            async with self.reached:
                await self.reached.wait_for(lambda count=count: self.count >= count)
            await server.process.stop(signal.SIGKILL)
            await server.start(default_places())


async def healed(outbox):
    """Wait until nothing waits any longer; return how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(HEALED_S):
        while (lag := await outbox.lag()).waiting or lag.away:  # noqa: ASYNC110 - it is another thread's file
            await asyncio.sleep(0.05)
    assert lag.refused == 0
    return time.monotonic() - began


async def all_turns(store, scope, thread_id):
    found, after = [], None
    while True:
        page = await store.page(scope, thread_id, after, 100)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def weathered(folder, turns, kills):
    """Fifty writers go through kills of their server; return how many of their turns are kept once each."""
    storm = Storm(turns)
    async with own_server("cassandra", folder) as server:
        url = f"{server.url}/storm?replication=1"
        began = time.monotonic()
        async with (
            open_cassandra(url, CALL_LIMIT_S) as cluster,
            open_database(folder / "outbox.db") as file,
            open_outbox(CassandraTurns(cluster), file) as outbox,
        ):
            counts = [turns * (number + 1) // (kills + 1) for number in range(kills)]
            writers = [storm.write(outbox, writer) for writer in range(WRITERS)]
            await asyncio.gather(storm.kill_at(server, counts), *writers)
            written_s, healed_s = time.monotonic() - began, await healed(outbox)
        async with open_cassandra(url) as cluster:
            kept, count = CassandraTurns(cluster), 0
            for writer in range(WRITERS):
                thread_id = f"thread {writer}"
                found = await all_turns(kept, Scope("acme", f"user {writer % 10}"), thread_id)
                assert found == storm.acknowledged[thread_id]
                count += len(found)
    print(f"{count} turns, {kills} kills: written in {written_s:.1f} s, healed {healed_s:.1f} s after")  # noqa: T201 figures
    return count


async def test_no_turn_is_lost_or_doubled_when_the_server_is_killed(tmp_path):
    assert await weathered(tmp_path, 1_000, 1) == 1_000


@pytest.mark.chaos
@pytest.mark.timeout(3_000)
async def test_ten_thousand_turns_of_fifty_writers_survive_two_kills(tmp_path):
    assert await weathered(tmp_path, 10_000, 2) == 10_000
