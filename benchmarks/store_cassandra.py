"""Append and read turns through the port, and the same statements through the driver alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import dict_factory

from benchmarks.stores import Pair
from memory.cassandra import PROTOCOL, open_cassandra
from memory.cassandra_layout import bucket_of
from memory.cassandra_url import address_of
from memory.ids import new_id
from memory.records import Scope, Turn
from memory.turns import cassandra as turns
from tests.support.servers import fresh_cassandra

THREADS = 64
AT_ONCE = 32
READ = 20
TEXT = "The lighthouse of Orrin was built in 1873 by Mathilde Aubert. " * 8
OWNER = Scope("acme", "alice")


class Driver:
    """The driver alone: prepared statements, and futures awaited in the event loop."""

    def __init__(self, session) -> None:
        self.session = session
        self.prepared = {}

    async def run(self, query, *values):
        """Run one statement; its rows."""
        if query not in self.prepared:
            self.prepared[query] = self.session.prepare(query)
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        response = self.session.execute_async(self.prepared[query].bind(values))
        response.add_callbacks(
            lambda rows: loop.call_soon_threadsafe(answer.set_result, rows),
            lambda error: loop.call_soon_threadsafe(answer.set_exception, error),
        )
        return await answer


def connect(url):
    """Connect the driver alone; blocks."""
    address = address_of(url)
    policy = TokenAwarePolicy(DCAwareRoundRobinPolicy())
    profile = ExecutionProfile(policy, row_factory=dict_factory, consistency_level=6)
    host, port = address.hosts[0]
    cluster = Cluster([host], port, protocol_version=PROTOCOL, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    return cluster.connect(address.keyspace)


def turn_of(thread_id):
    """A turn as long as an answer."""
    return Turn(new_id(), thread_id, "assistant", TEXT, "complete", datetime.now(UTC), "run")


@asynccontextmanager
async def pairs() -> AsyncGenerator[list[Pair]]:
    """Yield what to compare, in a keyspace of its own."""
    async with fresh_cassandra() as url, open_cassandra(url) as cluster:
        store, session = turns.CassandraTurns(cluster), await asyncio.to_thread(connect, url)
        driver = Driver(session)
        for side in ("ours", "raw"):
            threads = [f"{side} {number}" for number in range(THREADS)] + [f"{side} 0"] * (READ - 1)
            await asyncio.gather(*(store.append(OWNER, turn_of(thread)) for thread in threads))

        async def append(number):
            await store.append(OWNER, turn_of(f"ours {number % THREADS}"))

        async def raw_append(number):
            thread = f"raw {number % THREADS}"
            turn = turn_of(thread)
            body, bucket = turns.TURN.dump(turn), bucket_of(turn.turn_id)
            ((row),) = await driver.run(turns.LISTED, "acme", "alice", thread)
            touch = (turn.created_at.isoformat(), turn.turn_id, {bucket})
            await driver.run(turns.TOUCH, *touch, "acme", "alice", thread, row["incarnation"])
            key = ("acme", thread, row["incarnation"], bucket, turn.turn_id)
            await driver.run(turns.APPEND, *key, turn.text, body)

        async def read(_number):
            await store.recent(OWNER, "ours 0", READ)

        async def raw_read(_number):
            (row,) = await driver.run(turns.LISTED, "acme", "alice", "raw 0")
            (bucket,) = row["buckets"]
            found = await driver.run(turns.NEWEST, "acme", "raw 0", row["incarnation"], bucket, READ)
            assert len([turns.TURN.load(one["body"]) for one in found]) == READ

        try:
            yield [
                Pair("append of a turn, Cassandra", append, raw_append),
                Pair("append of a turn, Cassandra", append, raw_append, AT_ONCE),
                Pair(f"read of {READ} turns, Cassandra", read, raw_read),
                Pair(f"read of {READ} turns, Cassandra", read, raw_read, AT_ONCE),
            ]
        finally:
            await asyncio.to_thread(session.cluster.shutdown)
