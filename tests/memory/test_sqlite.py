"""The engine under the SQLite adapters."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from memory.errors import InvalidInput, NotFound, StoreError, StoreUnavailable
from memory.sqlite import open_database
from tests.support.kill import acknowledged_before_kill

NUMBERS = ["CREATE TABLE numbers (n INTEGER PRIMARY KEY, note TEXT)"]


@pytest.fixture
async def database(tmp_path):
    async with open_database(tmp_path / "a.db") as database:
        await database.migrate("numbers", NUMBERS)
        yield database


def insert(n, note=""):
    return lambda connection: connection.execute("INSERT INTO numbers VALUES (?, ?)", (n, note)).rowcount


async def numbers(database):
    rows = await database.read(lambda connection: connection.execute("SELECT n FROM numbers ORDER BY n").fetchall())
    return [row["n"] for row in rows]


async def occupied(database):
    """Keep the writer busy until the returned event is set."""
    begun, go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait(connection):
        loop.call_soon_threadsafe(begun.set)
        go.wait(5)

    task = asyncio.ensure_future(database.write(wait))
    await begun.wait()
    return go, task


async def test_only_what_may_go_with_the_power_is_not_flushed_to_disk(database):
    def synchronous(connection):
        return {1: "NORMAL", 2: "FULL"}[connection.execute("PRAGMA synchronous").fetchone()[0]]

    assert await database.write(synchronous, synced=False) == "NORMAL"
    assert await database.write(synchronous) == "FULL"

    go, task = await occupied(database)
    together = [database.write(synchronous, synced=False), database.write(synchronous)]
    both = asyncio.gather(*together)
    await asyncio.sleep(0)
    go.set()
    await task
    assert await both == ["FULL", "FULL"]


async def test_writers_that_wait_together_share_one_commit(database):
    go, task = await occupied(database)
    transactions = []

    def work(n):
        def run(connection):
            insert(n)(connection)
            transactions.append(connection.total_changes)

        return run

    before = await asyncio.to_thread(lambda: database.path.with_name("a.db-wal").stat().st_size)
    writes = [asyncio.ensure_future(database.write(work(n))) for n in range(100)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(task, *writes)
    grown = (database.path.with_name("a.db-wal").stat().st_size - before) / 4_120
    assert await numbers(database) == list(range(100))
    assert grown < 10, "a hundred commits would have written at least a hundred pages"


async def test_one_failing_job_does_not_fail_the_others_of_its_commit(database):
    go, task = await occupied(database)

    def fail(connection):
        insert(1000)(connection)
        raise NotFound("nothing")

    writes = [asyncio.ensure_future(database.write(fail if n == 5 else insert(n))) for n in range(10)]
    await asyncio.sleep(0)
    go.set()
    await task
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, NotFound)] == [5]
    assert await numbers(database) == [n for n in range(10) if n != 5]


async def test_a_taken_key_is_the_callers_error(database):
    await database.write(insert(1))
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(insert(1))


@pytest.mark.parametrize("value", ["\ud800", 2**64])
async def test_values_that_do_not_fit_are_invalid_input(database, value):
    with pytest.raises(InvalidInput):
        await database.write(insert(1, value))
    with pytest.raises(InvalidInput):
        await database.read(lambda connection: connection.execute("SELECT ?", (value,)).fetchone())


async def test_committed_is_called_for_durable_work_only(database):
    calls = []
    await database.write(insert(1), lambda: calls.append("good"))
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(insert(1), lambda: calls.append("bad"))
    assert calls == ["good"]


async def test_readers_cannot_write(database):
    with pytest.raises(StoreUnavailable, match="readonly"):
        await database.read(insert(1))


async def test_a_cancelled_wait_is_cancelled_even_when_the_result_comes(database):
    for _ in range(20):
        waiting = asyncio.ensure_future(numbers(database))
        await asyncio.sleep(0.0005)
        if waiting.cancel():
            with pytest.raises(asyncio.CancelledError):
                await waiting


async def test_a_slow_writer_is_told_within_the_limit_and_its_queue_is_kept(database):
    async with open_database(database.path, timeout_s=0.2) as impatient:
        go, task = await occupied(impatient)
        with pytest.raises(StoreUnavailable):
            await impatient.write(insert(1))
        go.set()
        await asyncio.wait([task])
        assert isinstance(task.exception(), StoreUnavailable)
    assert await numbers(database) == [1]


async def test_a_full_disk_is_told_while_reads_go_on_and_writing_recovers(database):
    def limit_pages(pages):
        return lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()[0]

    await database.write(insert(1))
    await database.write(limit_pages(1))
    go, task = await occupied(database)
    writes = [asyncio.ensure_future(database.write(insert(n, "x" * 100_000))) for n in (2, 3)]
    await asyncio.sleep(0)
    go.set()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    await asyncio.wait([task])
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable, StoreUnavailable]
    assert await numbers(database) == [1]
    await database.write(limit_pages(1_000_000))
    await database.write(insert(2, "x" * 100_000))
    assert await numbers(database) == [1, 2]


async def test_a_closed_database_says_so(tmp_path):
    async with open_database(tmp_path / "a.db") as database:
        pass
    with pytest.raises(StoreUnavailable):
        await database.write(insert(1))


async def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "folder.db").mkdir()
    async with open_database(tmp_path / "folder.db") as database:
        with pytest.raises(StoreUnavailable):
            await database.write(insert(1))
        with pytest.raises(StoreUnavailable):
            await numbers(database)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        async with open_database(tmp_path / "file" / "a.db"):
            pass


async def test_migrations_run_once_in_order_and_refuse_a_newer_file(database):
    more = [*NUMBERS, "ALTER TABLE numbers ADD COLUMN extra TEXT;\nINSERT INTO numbers VALUES (7, '', 'x')"]
    for _ in range(2):
        await database.migrate("numbers", more)
    assert await numbers(database) == [7]
    with pytest.raises(StoreError, match="newer"):
        await database.migrate("numbers", NUMBERS)


async def test_a_failing_migration_leaves_nothing(database):
    with pytest.raises(StoreUnavailable):
        await database.migrate("broken", ["CREATE TABLE half (n);\nCREATE TABLE half (n)"])
    await database.migrate("broken", ["CREATE TABLE half (n)"])


async def write_numbers(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "a.db") as database:
        await database.migrate("numbers", NUMBERS)
        for first in range(0, 1_000_000, 8):
            await asyncio.gather(*(database.write(insert(n)) for n in range(first, first + 8)))
            yield str(first + 7)


async def test_kill_9_after_an_acknowledgement_loses_nothing(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_numbers", tmp_path, kill_after=40)
    async with open_database(tmp_path / "a.db") as database:
        kept = await numbers(database)
        check = await database.read(lambda connection: connection.execute("PRAGMA integrity_check").fetchone()[0])
    assert kept[: int(acknowledged[-1]) + 1] == list(range(int(acknowledged[-1]) + 1))
    assert check == "ok"
