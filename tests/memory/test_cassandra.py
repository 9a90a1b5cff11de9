"""The connection to Cassandra: what it refuses, how long it waits, how it comes back, and what it never says."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from memory import cassandra_schema
from memory.cassandra import open_cassandra, reconnection
from memory.errors import InvalidInput, NotFound, StoreError, StoreUnavailable
from memory.ids import new_id
from memory.turns.cassandra import MAX_TURN_BYTES, CassandraTurns
from tests.contracts.test_turns import turn
from tests.support.cassandra import Apart, shared_keyspace
from tests.support.people import ALICE
from tests.support.proxy import proxied

pytestmark = pytest.mark.services
LIMIT_S = 1.0


def apart(server):
    return Apart(CassandraTurns(server), uuid4().hex)


async def test_a_keyspace_is_made_only_where_the_url_says_so(cassandra_keyspace):
    absent = cassandra_keyspace.rpartition("/")[0] + "/no_such_keyspace"
    with pytest.raises(InvalidInput, match="replication=N"):
        async with open_cassandra(absent):
            pass


def test_a_node_is_tried_again_for_as_long_as_it_is_away():
    assert all(0 < pause_s < 2 for pause_s in itertools.islice(reconnection().new_schedule(), 5_000))
    assert next(itertools.islice(reconnection().new_schedule(), 86_400, None)) < 2


async def test_two_processes_may_bring_the_tables_up_to_date_at_once(cassandra_keyspace):
    async with open_cassandra(cassandra_keyspace) as one, open_cassandra(cassandra_keyspace) as other:
        await one.write("UPDATE schema_versions SET version = 0 WHERE component = 'chat'")
        await asyncio.gather(*(cassandra_schema.migrate(server) for server in (one, other, one, other)))
        assert (await one.first(cassandra_schema.VERSION, "chat"))["version"] == len(cassandra_schema.MIGRATIONS)
        await one.write("UPDATE schema_versions SET version = 99 WHERE component = 'chat'")
        with pytest.raises(StoreError, match="newer version"):
            async with open_cassandra(cassandra_keyspace):
                pass


@pytest.mark.parametrize("fault", ["silent", "down"])
async def test_a_cluster_that_is_away_is_told_in_time_and_used_again_when_it_is_back(fault):
    async with (
        proxied(shared_keyspace()) as (proxy, url),
        open_cassandra(url, LIMIT_S) as server,
    ):
        store = apart(server)
        await store.append(ALICE, turn("before"))
        with getattr(proxy, fault)():
            for _ in range(3):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await store.append(ALICE, turn("lost"))
                assert time.monotonic() - began < LIMIT_S + 0.5
        async with asyncio.timeout(10):
            while True:
                try:
                    await store.append(ALICE, turn("after"))
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.05)


async def test_a_process_starts_without_its_cluster_and_finds_it_later():
    async with proxied(shared_keyspace()) as (proxy, url):
        with proxy.down():
            with pytest.raises(StoreUnavailable):
                async with open_cassandra(url, LIMIT_S):
                    pass
            opening = open_cassandra(url, 5.0, must_answer=False)
            server = await opening.__aenter__()
        async with asyncio.timeout(10):
            while True:
                try:
                    assert list(await apart(server).recent(ALICE, "thread", 5)) == []
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.05)
        await opening.__aexit__(None, None, None)


async def test_credentials_are_in_no_repr_no_error_and_no_log(caplog):
    caplog.set_level("DEBUG")
    url = shared_keyspace().replace("://", "://ada:very-secret@")
    async with open_cassandra(url, 5.0) as server:
        assert "very-secret" not in f"{server!r} {server} {server.address!r}"
    with pytest.raises(StoreUnavailable) as told:
        async with open_cassandra("cassandra://ada:very-secret@127.0.0.1:9/chat", LIMIT_S):
            pass
    assert "127.0.0.1:9" in str(told.value)
    assert "very-secret" not in str(told.value) + caplog.text


async def test_a_turn_that_no_write_can_hold_is_refused():
    async with open_cassandra(shared_keyspace()) as server:
        store = apart(server)
        for text in ("a" * (MAX_TURN_BYTES + 1), "\U0001f9ff" * (MAX_TURN_BYTES // 4 + 1)):
            with pytest.raises(InvalidInput):
                await store.append(ALICE, turn(text))
        await store.append(ALICE, turn("é" * (MAX_TURN_BYTES // 2 - 1_000)))


async def test_a_thread_of_a_deleted_ones_id_begins_afresh_and_late_writes_do_not_return():
    async with open_cassandra(shared_keyspace()) as server:
        store, alice = CassandraTurns(server), replace(ALICE, tenant_id=uuid4().hex)
        await store.append(alice, turn("old"))
        late = await store._listed(alice, "thread")
        await store.delete_thread(alice, "thread")
        await store._touch(alice, turn("late"), late)
        with pytest.raises(NotFound):
            await store.page(alice, "thread", None, 5)
        await store.append(alice, turn("new"))
        assert [one.text for one in (await store.page(alice, "thread", None, 5)).items] == ["new"]
        assert [one.title for one in (await store.threads(alice, "", None, 5)).items] == ["new"]


@pytest.mark.parametrize("steps", range(1, 4))
async def test_a_deletion_that_was_broken_off_is_finished_by_the_next_one_or_the_next_turn(steps, monkeypatch):
    async with open_cassandra(shared_keyspace()) as server:
        store, done = apart(server), 0

        def breaking(method):
            async def call(query, *values):
                nonlocal done
                if not query.startswith(("SELECT", "INSERT")):
                    done += 1
                    if done == steps + 1:
                        raise StoreUnavailable("cut")
                return await method(query, *values)

            return call

        for thread_id in ("again", "written"):
            done = 0
            await store.append(ALICE, turn("old", thread_id))
            with monkeypatch.context() as patch:
                patch.setattr(server, "write", breaking(server.write))
                patch.setattr(server, "decide", breaking(server.decide))
                with pytest.raises(StoreUnavailable):
                    await store.delete_thread(ALICE, thread_id)
            assert list(await store.recent(ALICE, thread_id, 5)) == []
        await store.delete_thread(ALICE, "again")
        await store.append(ALICE, turn("new", "written"))
        assert [one.title for one in (await store.threads(ALICE, "", None, 5)).items] == ["new"]
        assert [one.text for one in await store.recent(ALICE, "written", 5)] == ["new"]


async def test_turns_of_years_are_read_over_all_their_parts():
    async with open_cassandra(shared_keyspace()) as server:
        store = apart(server)
        ids = [f"{month:04x}0000-0000-7000-8000-{new_id()[-12:]}" for month in range(1, 31)]
        for turn_id in ids:
            await store.append(ALICE, turn(turn_id, turn_id=turn_id))
        assert [one.turn_id for one in await store.recent(ALICE, "thread", 4)] == ids[-4:]
        found, after = [], None
        while True:
            page = await store.page(ALICE, "thread", after, 7)
            found += [one.turn_id for one in page.items]
            if page.next is None:
                break
            after = page.next
        assert found == ids
