"""The outbox: turns while their store is away, and how they get there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import sql

from memory.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from memory.ids import new_id
from memory.postgres import open_postgres
from memory.records import Turn
from memory.sqlite import open_database
from memory.turns import outbox_postgres
from memory.turns.outbox import open_outbox
from memory.turns.outbox_postgres import OutboxTable, open_shared_outbox
from memory.turns.sqlite import open_turns
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB
from tests.support.servers import fresh_postgres_schema

LIMIT_S = 5.0
REFUSED_TURNS = "SELECT text, problem FROM turn_outbox ORDER BY sequence"


class Switched:
    """A store that can be away; `asked` counts how often somebody tried while it was."""

    def __init__(self, store):
        self.store = store
        self.there = asyncio.Event()
        self.there.set()
        self.asked = 0

    def __getattr__(self, name):
        method = getattr(self.store, name)

        async def call(*args):
            if not self.there.is_set():
                self.asked += 1
                raise StoreUnavailable("away")
            return await method(*args)

        return call


def turn(text="hello", thread_id="thread", **fields):
    return Turn(new_id(), thread_id, "user", text, "complete", datetime(2026, 1, 15, tzinfo=UTC), "run", **fields)


async def refused_in_file(file):
    return [tuple(row) for row in await file.read(lambda connection: connection.execute(REFUSED_TURNS).fetchall())]


async def refused_in_table(postgres):
    return await postgres.fetch(sql.SQL(REFUSED_TURNS.replace("text", "content")))


@pytest.fixture(params=["file", pytest.param("table", marks=pytest.mark.services)])
async def opened(request, tmp_path):
    async with AsyncExitStack() as stack:
        server = Switched(await open_turns(await stack.enter_async_context(open_database(tmp_path / "server.db"))))
        if request.param == "table":
            url = await stack.enter_async_context(fresh_postgres_schema())
            postgres = await stack.enter_async_context(open_postgres(url))
            outbox = await stack.enter_async_context(open_shared_outbox(server, postgres, "one", None))
            yield server, outbox, lambda: refused_in_table(postgres)
        else:
            file = await stack.enter_async_context(open_database(tmp_path / "outbox.db"))
            yield server, await stack.enter_async_context(open_outbox(server, file)), lambda: refused_in_file(file)


async def brought(outbox):
    """Wait until nothing waits."""
    async with asyncio.timeout(LIMIT_S):
        while (lag := await outbox.lag()).waiting or lag.away:  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.01)
    return lag


async def test_turns_written_while_the_store_is_away_reach_it_in_order_under_their_ids(opened):
    server, outbox, _ = opened
    turns = [turn(str(number), f"thread {number % 3}") for number in range(12)]
    await outbox.append(ALICE, turns[0])
    server.there.clear()
    for item in turns[1:]:
        await outbox.append(ALICE, item)
    lag = await outbox.lag()
    assert (lag.waiting, lag.away) == (11, True)
    server.there.set()
    await brought(outbox)
    for number in range(3):
        assert list(await server.recent(ALICE, f"thread {number}", 9)) == turns[number::3]
        assert [one.title for one in (await outbox.threads(ALICE, str(number + 3), None, 9)).items] == [str(number)]


async def test_while_the_store_is_away_an_answer_is_written_from_what_waits_and_a_history_says_it_is_incomplete(opened):
    server, outbox, _ = opened
    await outbox.append(ALICE, turn("before"))
    server.there.clear()
    turns = [turn(str(number)) for number in range(3)]
    for item in turns:
        await outbox.append(ALICE, item)
    assert list(await outbox.recent(ALICE, "thread", 2)) == turns[1:]
    assert list(await outbox.recent(ALICE, "other", 2)) == []
    page = await outbox.page(ALICE, "thread", None, 2)
    assert (list(page.items), page.complete) == (turns[:2], False)
    assert list((await outbox.page(ALICE, "thread", page.next, 2)).items) == turns[2:]
    for attempt in (
        outbox.page(ALICE, "other", None, 2),
        outbox.page(BOB, "thread", None, 2),
        outbox.threads(ALICE, "", None, 2),
        outbox.rename(ALICE, "thread", "title"),
        outbox.delete_thread(ALICE, "thread"),
    ):
        with pytest.raises(StoreUnavailable):
            await attempt
    server.there.set()
    await brought(outbox)
    page = await outbox.page(ALICE, "thread", None, 9)
    assert ([one.text for one in page.items], page.complete) == (["before", "0", "1", "2"], True)


async def test_a_reader_sees_what_waits_as_soon_as_the_store_is_back(opened):
    server, outbox, _ = opened
    server.there.clear()
    await outbox.append(ALICE, turn("waits"))
    server.there.set()
    await brought(outbox)
    assert [one.text for one in (await outbox.page(ALICE, "thread", None, 5)).items] == ["waits"]


async def test_nobody_but_one_task_asks_a_store_that_is_away(opened):
    server, outbox, _ = opened
    server.there.clear()
    await outbox.append(ALICE, turn())
    for _ in range(200):
        await outbox.recent(ALICE, "thread", 2)
        await outbox.append(ALICE, turn())
    assert server.asked < 20


async def test_what_the_store_will_never_take_is_kept_and_counted_and_stops_nothing_else(opened):
    server, outbox, refused = opened
    taken, other = turn("ours"), turn("later")
    await outbox.append(ALICE, taken)
    server.there.clear()
    await outbox.append(ALICE, replace(taken, text="other content"))
    await outbox.append(BOB, turn("intrusion", "thread b"))
    await outbox.append(ALICE, other)
    await server.store.append(ALICE, turn("hers", "thread b"))
    server.there.set()
    lag = await brought(outbox)
    assert lag.refused == 2
    assert list(await outbox.recent(ALICE, "thread", 9)) == [taken, other]
    assert [(text, problem.split(":")[0]) for text, problem in await refused()] == [
        ("other content", "Conflict"),
        ("intrusion", "NotFound"),
    ]


async def test_what_waits_is_held_to_the_contract_too(opened):
    server, outbox, _ = opened
    server.there.clear()
    item = turn()
    await outbox.append(ALICE, item)
    await outbox.append(ALICE, replace(item, created_at=datetime(2026, 2, 1, tzinfo=UTC)))
    assert (await outbox.lag()).waiting == 1
    with pytest.raises(Conflict):
        await outbox.append(ALICE, replace(item, text="other"))
    with pytest.raises(NotFound):
        await outbox.append(BOB, turn())
    with pytest.raises(InvalidInput):
        await outbox.append(ALICE, turn("\ud800"))


async def test_a_deleted_thread_is_not_brought_back_by_what_waited(opened):
    server, outbox, _ = opened
    await outbox.append(ALICE, turn("one"))
    server.there.clear()
    await outbox.append(ALICE, turn("two"))
    server.there.set()
    await brought(outbox)
    await outbox.append(ALICE, turn("three"))
    await outbox.delete_thread(ALICE, "thread")
    assert (await outbox.threads(ALICE, "", None, 5)).items == ()
    assert (await outbox.lag()).waiting == 0


class Away:
    """A store that never answers."""

    def __getattr__(self, name):
        async def call(*args):
            raise StoreUnavailable("away")

        return call


async def write_turns(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "outbox.db") as file, open_outbox(Away(), file) as outbox:
        while True:
            item = turn()
            await outbox.append(ALICE, item)
            yield item.turn_id


async def test_what_waits_survives_kill_9_and_is_brought_by_the_next_process(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_turns", tmp_path)
    async with open_database(tmp_path / "server.db") as server, open_database(tmp_path / "outbox.db") as file:
        store = await open_turns(server)
        async with open_outbox(store, file) as outbox:
            await brought(outbox)
        kept = [item.turn_id for item in await store.recent(ALICE, "thread", 100_000)]
    assert kept[: len(acknowledged)] == acknowledged


@pytest.mark.services
async def test_what_a_process_kept_is_brought_by_another_when_its_disk_is_gone(tmp_path, monkeypatch):
    """Two processes, the store away; one dies with its folder: nothing that it acknowledged is lost."""
    monkeypatch.setattr(outbox_postgres, "GONE_S", 0.3)
    monkeypatch.setattr("memory.turns.outbox.TEND_S", 0.1)
    async with fresh_postgres_schema() as url, AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(open_postgres(url))
        store = await open_turns(await stack.enter_async_context(open_database(tmp_path / "server.db")))
        server = Switched(store)
        server.there.clear()
        turns = [turn(str(number)) for number in range(4)]
        other = await stack.enter_async_context(open_shared_outbox(server, postgres, "other", None))
        async with open_shared_outbox(server, postgres, "lost", None) as lost:
            for item in turns[:2]:
                await lost.append(ALICE, item)
        await other.append(ALICE, turns[2])
        page = await other.page(ALICE, "thread", None, 9)
        assert (list(page.items), page.complete) == (turns[:3], False)
        server.there.set()
        async with asyncio.timeout(LIMIT_S):
            while len(found := await store.recent(ALICE, "thread", 9)) < 3:  # noqa: ASYNC110 - another task's work
                await asyncio.sleep(0.01)
        assert list(found) == turns[:3]
        await brought(other)


@pytest.mark.services
async def test_what_waits_in_a_file_moves_to_the_table_once_there_is_one(tmp_path):
    turns = [turn(str(number)) for number in range(3)]
    async with (
        fresh_postgres_schema() as url,
        open_postgres(url) as postgres,
        open_database(tmp_path / "outbox.db") as file,
    ):
        async with open_outbox(Away(), file) as outbox:
            for item in turns:
                await outbox.append(ALICE, item)
        async with open_shared_outbox(Away(), postgres, "one", file):
            assert list(await OutboxTable(postgres, "one").turns(ALICE, "thread")) == turns
        async with open_outbox(Away(), file) as emptied:
            assert (await emptied.lag()).waiting == 0
