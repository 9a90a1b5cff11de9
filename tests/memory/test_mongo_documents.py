"""Documents in MongoDB: what a crash leaves, two processes, and what the format makes hard."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from memory.documents import mongodb_rows, mongodb_staging
from memory.documents.mongodb import MongoDocuments, open_documents
from memory.documents.mongodb_log import CONTENTS, PASSAGES, SOURCES, STATE, STEPS, TEXTS
from memory.documents.mongodb_plans import Item
from memory.errors import NotFound, StoreUnavailable
from memory.mongodb import open_mongodb
from memory.records import SYSTEM
from tests.services.places import default_places
from tests.support.documents import EMBEDDER, PRIVATE, document, keep, passages_of, vectors_of
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB
from tests.support.servers import own_server

pytestmark = pytest.mark.services
NINE = "one two three four five six seven eight nine"
WRITES = ("insert_one", "insert_many", "replace_one", "update_one", "update_many", "delete_many")


@pytest.fixture
async def mongo(mongo_database):
    async with open_mongodb(mongo_database) as mongo:
        yield mongo


class Dying:
    """A database that is lost at the n-th write: just before it, or just after, when nobody hears of it."""

    def __init__(self, mongo, at, *, is_after):
        self._mongo, self.left, self._is_after = mongo, at, is_after
        self.within = mongo.within

    def __getitem__(self, name):
        return _Collection(self, self._mongo[name])

    async def write(self, work):
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self._is_after):
            raise AutoReconnect("lost")
        done = await work
        if self.left == 0:
            raise AutoReconnect("lost")
        return done


class _Collection:
    def __init__(self, dying, collection):
        self._dying, self._collection = dying, collection

    def __getattr__(self, name):
        method = getattr(self._collection, name)
        if name not in WRITES:
            return method

        async def write(*args, **options):
            work = method(*args, **options)
            try:
                return await self._dying.write(work)
            finally:
                work.close()

        return write


async def follow(store):
    """What an index would hold that has applied all changes: texts by document_id."""
    held = {}
    changes = await store.changes(SYSTEM, 0, 1000)
    assert [change.sequence for change in changes] == list(range(1, len(changes) + 1))
    for change in changes:
        held.pop(change.document_id, None)
        rows = await store.rows(SYSTEM, change.document_id, change.version_id)
        if change.kind == "put" and rows is not None:
            held[change.document_id] = rows.document.text
            assert [passage.text for passage in rows.passages] == [p.text for p in passages_of(rows.document)]
    return held


async def listed(store, scope=ALICE):
    page = await store.page(scope, "", None, 1000)
    return {item.source: (await store.by_source(scope, item.source)).text for item in page.items}


DONE = {
    "replaced": lambda store: keep(store, ALICE, document("a.md", f"{NINE} 2")),
    "made private": lambda store: keep(store, ALICE, document("a.md", NINE, access=PRIVATE)),
    "alias": lambda store: keep(store, ALICE, document("alias.md", NINE)),
    "deleted": lambda store: store.delete(ALICE, document("a.md", "").document_id),
}


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("act", DONE.values(), ids=DONE)
async def test_a_step_cut_short_at_any_write_is_done_wholly_or_not_at_all(mongo, monkeypatch, act, is_after):
    monkeypatch.setattr(mongodb_staging, "ABANDONED", timedelta(0))
    sound, at, is_cut = await open_documents(mongo, 2), 0, True
    while is_cut:
        at += 1
        for collection in (STEPS, SOURCES, CONTENTS, TEXTS, PASSAGES, STATE):
            await mongo[collection].delete_many({})
        await keep(sound, ALICE, document("a.md", NINE))
        before, dying = await listed(sound), MongoDocuments(Dying(mongo, at, is_after=is_after), 2)
        try:
            await act(dying)
            is_cut = False
        except StoreUnavailable:
            held = await follow(sound)
            seen = await listed(sound)
            assert set(seen.values()) == set(held.values())
            if seen == before:
                await act(sound)
        except NotFound:
            raise AssertionError("a cut must be told as an outage") from None
        await _assert_nothing_is_left(mongo, sound)
    assert at > 3


async def _assert_nothing_is_left(mongo, store):
    """After a sweep, everything that is stored is named by a source, and every source has what it names."""
    await store.sweep()
    named = set()
    async for row in mongo[SOURCES].find({"tenant": ALICE.tenant_id}):
        named |= {row["content"], *(aside["content"] for aside in row["asides"])}
    assert {row["_id"] async for row in mongo[CONTENTS].find()} == named
    assert {row["content"] async for row in mongo[PASSAGES].find()} == named
    assert [row async for row in mongo[STEPS].find({"written": False})] == []
    assert set((await follow(store)).values()) == set((await listed(store)).values())


async def test_a_late_writer_undoes_nothing(mongo):
    first, second = await open_documents(mongo), await open_documents(mongo)
    await keep(first, ALICE, document("a.md", NINE))
    late = await mongo[SOURCES].find_one({"source": "a.md"})
    await second.delete(ALICE, document("a.md", "").document_id)
    await first._log._replace(SOURCES, late)
    assert await listed(second) == {}


async def test_what_is_being_staged_is_not_swept(mongo):
    store = await open_documents(mongo)
    await mongodb_staging.stage(mongo, ALICE.tenant_id, _item(document("a.md", NINE)))
    await store.sweep()
    assert await mongo[CONTENTS].count_documents({}) == 1


def _item(kept):
    return Item(kept, passages_of(kept), vectors_of(passages_of(kept)), EMBEDDER, 5)


async def test_a_swept_content_is_staged_again(mongo, monkeypatch):
    store, other = await open_documents(mongo), await open_documents(mongo)
    monkeypatch.setattr(mongodb_staging, "ABANDONED", timedelta(0))
    stage, swept = mongodb_staging.stage, []

    async def staged_then_swept(*args):
        content = await stage(*args)
        if not swept:
            swept.append(await other.sweep())
        return content

    monkeypatch.setattr(mongodb_staging, "stage", staged_then_swept)
    assert (await keep(store, ALICE, document("a.md", NINE))).outcome == "kept"
    await _assert_nothing_is_left(mongo, store)


async def test_twenty_writers_of_one_source_leave_one_version_after_another(mongo):
    stores = [await open_documents(mongo, 50) for _ in range(4)]
    brought = [document("a.md", f"{NINE} {number}") for number in range(20)]
    await asyncio.gather(*(keep(stores[at % 4], ALICE, kept) for at, kept in enumerate(brought)))
    found = await stores[0].versions(ALICE, brought[0].document_id)
    assert [one.number for one in found] == list(range(20, 0, -1))
    assert {one.version_id for one in found} == {kept.version_id for kept in brought}
    await _assert_nothing_is_left(mongo, stores[0])


async def test_a_text_longer_than_one_stored_document_comes_back_whole(mongo, monkeypatch):
    monkeypatch.setattr(mongodb_rows, "PIECE", 1_000)
    store, kept = await open_documents(mongo), document("a.md", "0123456789\0é" * 1_000)
    await keep(store, ALICE, kept, [])
    assert (await store.get(ALICE, kept.document_id)).text == kept.text
    await store.delete(ALICE, kept.document_id)
    assert await mongo[TEXTS].count_documents({}) == 0


@pytest.mark.parametrize("name", ['{"$gt": ""}', "$where", "a.b.$c", "'; return true //"])
async def test_names_that_look_like_queries_are_names(mongo, name):
    store = await open_documents(mongo)
    mine = document(name, NINE, metadata={name: name, "a.b": 1, "$set": True}, access=PRIVATE)
    await keep(store, ALICE, mine)
    assert (await store.by_source(ALICE, name)).metadata == mine.metadata
    assert [item.source for item in (await store.page(ALICE, name[:2], None, 9)).items] == [name]
    for scope, ask in ((BOB, name), (ALICE, '{"$ne": null}')):
        with pytest.raises(NotFound):
            await store.by_source(scope, ask)


async def test_half_a_surrogate_pair_in_a_text_is_kept(mongo):
    store, kept = await open_documents(mongo), document("a.md", "one \ud83d two")
    await keep(store, ALICE, kept)
    assert (await store.get(ALICE, kept.document_id)).text == kept.text
    assert [one.text for one in await store.passages(ALICE, [passages_of(kept)[0].passage_id])] == [kept.text]


async def test_a_version_shared_by_sources_with_other_readers_is_copied_when_one_goes_back(mongo):
    store = await open_documents(mongo)
    first, copy = document("a.md", NINE), document("b.md", NINE)
    await keep(store, ALICE, first)
    await keep(store, ALICE, copy)
    await keep(store, ALICE, document("a.md", f"{NINE} 2", access=PRIVATE))
    await store.rollback(ALICE, first.document_id, first.version_id)
    assert await listed(store, BOB) == {"b.md": NINE}
    assert await follow(store) == {first.document_id: NINE, copy.document_id: NINE}
    ids = [
        passage.passage_id
        for kept in (first, copy)
        for passage in (await store.rows(SYSTEM, kept.document_id, kept.version_id)).passages
    ]
    assert len(set(ids)) == len(ids) == len(await store.passages(ALICE, ids))
    assert len(await store.passages(BOB, ids)) == len(ids) / 2
    await _assert_nothing_is_left(mongo, store)


@asynccontextmanager
async def documents_at(url):
    async with open_mongodb(url) as mongo:
        yield await open_documents(mongo)


async def write_documents(folder: Path) -> AsyncGenerator[str]:
    async with documents_at((folder / "url").read_text()) as store:
        number = 0
        while True:
            number += 1
            await keep(store, ALICE, document(f"{number:06}", f"{NINE} {number}"))
            yield f"{number:06}"


async def test_acknowledged_documents_survive_kill_9_of_the_writer_and_of_the_server(tmp_path):
    # FerretDB keeps what it acknowledged; its updates are not atomic, but there is one writer here.
    async with own_server("ferretdb", tmp_path) as server:
        (tmp_path / "url").write_text(f"{server.url}/kept")
        acknowledged = await acknowledged_before_kill(f"{__name__}:write_documents", tmp_path, 10)
        await server.process.stop(signal.SIGKILL)
        await server.start(default_places())
        async with documents_at(f"{server.url}/kept") as store:
            assert sorted(await listed(store))[: len(acknowledged)] == acknowledged
            assert len(await follow(store)) == await store.last_sequence(SYSTEM)
