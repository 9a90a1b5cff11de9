"""Embedding everything again: resumed after a kill, with documents that come meanwhile, switched at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from memory.documents.sqlite import open_documents
from memory.embeddings.reading import embedded_text
from memory.errors import EmbedderMismatch, InvalidInput
from memory.index.local import open_index
from memory.ingest.pipeline import ingest_bytes
from memory.ports import SearchQuery
from memory.records import LOCAL, SYSTEM
from memory.reembed import BATCH, reembed
from memory.sqlite import open_database
from tests.support.documents import document, passages_of
from tests.support.embedders import Hashing, shared
from tests.support.kill import acknowledged_before_kill

DOCUMENTS, PASSAGES = 24, 64
TOTAL = DOCUMENTS * PASSAGES
BEFORE_KILL = 5


@dataclass
class House:
    """Stores of one folder: what `reembed` and ingestion work on."""

    embedder: Any
    documents: Any
    index: Any


@asynccontextmanager
async def house(folder, first, *others):
    """Open a folder with its embedder; others can be switched to."""
    async with open_database(folder / "store.db") as database:
        documents = await open_documents(database)
        embedder = shared(first, *others)
        async with open_index(folder / "index", documents, embedder) as index:
            yield House(embedder, documents, index)


def old():
    return Hashing("old/64", 64)


def new():
    return Hashing("new/32", 32)


async def fill(stores):
    for number in range(DOCUMENTS):
        kept = document(f"{number}.md", " ".join(f"word{number}x{at}" for at in range(PASSAGES)))
        passages = passages_of(kept, size=1)
        texts = [embedded_text(stores.embedder, passage) for passage in passages]
        vectors = await stores.embedder.embed_passages(texts)
        await stores.documents.put(LOCAL, kept, passages, vectors, stores.embedder.name)
    await stores.index.catch_up()


async def best(stores, text, top_k=1):
    """The words found by meaning alone."""
    query = SearchQuery(text, await stores.embedder.embed_query(text), mode="dense", top_k=top_k)
    return [hit.passage.text for hit in (await stores.index.search(LOCAL, query)).hits]


class Paced(Hashing):
    """Embeds a few batches and then no more."""

    async def embed_passages(self, texts):
        if len(self.texts) >= 2 * BEFORE_KILL * BATCH:
            await asyncio.Event().wait()
        return await super().embed_passages(texts)


async def embed_again(folder):
    """For a child process: fill the folder, and begin to embed it again."""
    told = asyncio.Queue()
    async with house(folder, old(), Paced("new/32", 32)) as stores:
        await fill(stores)
        work = asyncio.ensure_future(reembed(stores, "new", lambda done, _: told.put_nowait(done)))
        while not work.done():
            yield str(await told.get())


async def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:embed_again", tmp_path, BEFORE_KILL)
    again, progress = new(), []
    async with house(tmp_path, old(), again) as stores:
        lacking = (await stores.documents.vector_sets(SYSTEM)).lacking
        assert 0 < lacking <= TOTAL - int(acknowledged[-1])
        assert await best(stores, "word3x7") == ["word3x7"]
        done = await reembed(stores, "new", lambda *state: progress.append(state))
        assert (done.embedder, done.passages, len(again.texts)) == ("new/32", lacking, lacking)
        assert progress[-1] == (TOTAL, TOTAL)
        assert await best(stores, "word3x7") == ["word3x7"]
    async with house(tmp_path, new()) as stores:
        assert await best(stores, "word3x7") == ["word3x7"]
        assert (await stores.index.status()).passages == TOTAL


async def test_searches_and_ingestion_go_on_meanwhile(tmp_path):
    fresh = new()
    async with house(tmp_path, old(), fresh) as stores:
        await fill(stores)
        work = asyncio.ensure_future(reembed(stores, "new", lambda *_: None))
        names, number = set(), 0
        while not work.done():
            number += 1
            words = f"latecomer{number} arrives"
            report = await ingest_bytes(LOCAL, f"late{number}.txt", words.encode(), stores)
            assert (report.kept, report.refused) == (1, ())
            assert await best(stores, words) == [words]
            assert await best(stores, "word3x7") == ["word3x7"]
            names.add(stores.embedder.name)
        await work
        assert names >= {"old/64"}
        for late in range(1, number + 1):
            assert await best(stores, f"latecomer{late} arrives") == [f"latecomer{late} arrives"]
        sets = await stores.documents.vector_sets(SYSTEM)
        assert (sets.current.name, sets.next) == ("new/32", None)
        assert (await stores.index.catch_up()).passages == TOTAL + number


async def test_a_batch_that_was_embedded_before_the_switch_is_embedded_again(tmp_path):
    class Slow(Hashing):
        async def embed_passages(self, texts):
            vectors = await super().embed_passages(texts)
            if any("straddler" in text for text in texts):
                begun.set()
                await let_go.wait()
            return vectors

    begun, let_go = asyncio.Event(), asyncio.Event()
    async with house(tmp_path, Slow("old/64", 64), new()) as stores:
        ingestion = asyncio.ensure_future(ingest_bytes(LOCAL, "late.txt", b"A straddler of two embedders.", stores))
        async with asyncio.timeout(30):
            await begun.wait()
        await reembed(stores, "new", lambda *_: None)
        let_go.set()
        assert (await ingestion).kept == 1
        assert await best(stores, "straddler") == ["A straddler of two embedders."]


async def test_the_same_embedder_again_does_nothing_and_gives_up_what_was_begun(tmp_path):
    async with house(tmp_path, old(), new()) as stores:
        await fill(stores)
        await reembed(stores, "old", lambda *_: None)
        work = asyncio.ensure_future(reembed(stores, "new", lambda *_: work.cancel()))
        with pytest.raises(asyncio.CancelledError):
            await work
        assert (await stores.documents.vector_sets(SYSTEM)).lacking == TOTAL - BATCH
        assert (await reembed(stores, "old", lambda *_: None)).passages == 0
        assert (await stores.documents.vector_sets(SYSTEM)).next is None


async def test_an_index_of_another_embedder_is_refused_with_the_command_that_helps(tmp_path):
    async with house(tmp_path, old()) as stores:
        await fill(stores)
    with pytest.raises(EmbedderMismatch, match="multidb documents reembed"):
        async with house(tmp_path, new()):
            pass


async def test_stores_whose_embedder_is_not_shared_are_refused(tmp_path):
    async with house(tmp_path, old()) as stores:
        stores.embedder = old()
        with pytest.raises(InvalidInput):
            await reembed(stores, "new", lambda *_: None)
