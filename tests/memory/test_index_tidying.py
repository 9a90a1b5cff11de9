"""What deletions leave behind in the local index goes by itself, and a rebuild that is cut short leaves no trace."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from memory.index import local
from memory.ports import SearchQuery
from tests.contracts.test_index import on_local
from tests.support.documents import document, keep, passages_of, vector_of
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE

TEXT = "every parrot speaks"


async def put(rig, name, text):
    kept = document(f"{name}.md", text)
    await keep(rig.documents, ALICE, kept, passages_of(kept, size=100))


async def fill_and_delete(rig, count=20, gone=8):
    for number in range(count):
        await put(rig, number, f"{TEXT} word{number}")
    await rig.store.catch_up()
    for number in range(gone):
        await rig.documents.delete(ALICE, document(f"{number}.md", "").document_id)
    await rig.store.catch_up()


def postings(folder):
    """Return each term in the posting lists with its rows, of however many segments the follower has made."""
    (path,) = folder.glob("first/shards*/*/shard.db")
    with closing(sqlite3.connect(path)) as other:
        found = other.execute("SELECT term, rows FROM postings ORDER BY segment").fetchall()
    held: dict[str, list[int]] = {}
    for term, rows in found:
        held.setdefault(term, []).extend(np.frombuffer(rows, np.int32).tolist())
    return held


async def search(index):
    return await index.search(ALICE, SearchQuery("parrot word9", vector_of(TEXT)))


async def test_words_of_deleted_passages_leave_the_posting_lists(tmp_path):
    async with on_local(tmp_path) as rig:
        await fill_and_delete(rig)
        before = await search(rig.store)
        await rig.store.tidy()
        assert await search(rig.store) == before
        held = postings(tmp_path)
    assert not held.keys() & {f"word{number}" for number in range(8)}
    assert sorted(held["parrot"]) == list(range(8, 20))


async def test_a_few_deletions_are_left_for_later(tmp_path):
    async with on_local(tmp_path) as rig:
        await fill_and_delete(rig, gone=4)
        await rig.store.tidy()
        assert "word1" in postings(tmp_path)


async def test_words_of_a_few_deleted_passages_go_after_a_time(tmp_path, monkeypatch):
    async with on_local(tmp_path) as rig:
        await fill_and_delete(rig, gone=4)
        for of_tenant in rig.store._shards.values():
            monkeypatch.setattr(of_tenant, "_purge_at", 0.0)
        before = await search(rig.store)
        await rig.store.tidy()
        assert await search(rig.store) == before
        assert not postings(tmp_path).keys() & {f"word{number}" for number in range(4)}


async def test_rows_of_deleted_passages_go_once_they_are_most(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "FEW_HOLES", 5)
    monkeypatch.setattr(local, "POLL_S", 60.0)  # the follower tidies too, and then there are two rebuilds
    async with on_local(tmp_path) as rig:
        await fill_and_delete(rig, gone=11)
        before = {hit.source for hit in (await search(rig.store)).hits}
        await rig.store.tidy()
        assert {hit.source for hit in (await search(rig.store)).hits} == before
        assert sorted(postings(tmp_path)["parrot"]) == list(range(9))
    assert [path.name for path in (tmp_path / "first").iterdir() if path.is_dir()] == ["shards-2"]


async def test_a_rebuild_that_was_cut_short_leaves_the_index_as_it_was(tmp_path):
    async with on_local(tmp_path) as rig:
        await fill_and_delete(rig)
        before = await search(rig.store)
        async with rig.reopen() as index:
            await index.catch_up()
        for leftover in ("next/shards/x", "shards-2/x"):
            (tmp_path / "index" / leftover).mkdir(parents=True)
        async with rig.reopen() as index:
            assert await search(index) == before
        assert [path.name for path in (tmp_path / "index").iterdir() if path.is_dir()] == ["shards"]


async def delete_tidy_rebuild(folder: Path) -> AsyncGenerator[str]:
    async with on_local(folder) as rig:
        number = 0
        while True:
            await put(rig, f"{number % 7}", f"{TEXT} word{number}")
            await rig.store.catch_up()
            await (rig.store.rebuild() if number % 3 == 0 else rig.store.tidy())
            yield str(number)
            number += 1


@pytest.mark.parametrize("acknowledged", [9, 12])
async def test_tidying_and_rebuilding_survive_kill_9(tmp_path, acknowledged):
    await acknowledged_before_kill(f"{__name__}:delete_tidy_rebuild", tmp_path, acknowledged)
    async with on_local(tmp_path) as rig:
        status = await rig.store.catch_up()
        assert (status.passages, status.behind) == (7, 0)
        assert len((await search(rig.store)).hits) == 7
