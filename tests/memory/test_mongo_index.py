"""The local index over documents in MongoDB: what the embedded default finds, and how soon a second process knows."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from memory.documents.mongodb import open_documents
from memory.embeddings.minilm import open_minilm
from memory.ids import digest
from memory.index.local import open_index
from memory.mongodb import open_mongodb
from memory.ports import SearchQuery
from memory.records import Passage
from tests.support.documents import PRIVATE, document, passages_of
from tests.support.kept_documents import mongo_documents, sqlite_documents
from tests.support.kill import ROOT
from tests.support.people import ALICE, BOB

pytestmark = pytest.mark.services
WORDS = [f"word{number}" for number in range(400)]
TABLE = np.random.default_rng(7).standard_normal((len(WORDS) + 1, 64)).astype(np.float32)
DOCUMENTS, QUERIES = 60, 10
SEEN_S = 1.0
"""How soon another process finds what was acknowledged."""


class Words:
    """Adds a vector for each word."""

    name, dimension, max_tokens = "words/64", 64, 256

    def count_tokens(self, text):
        return len(text.split())

    async def embed_query(self, text):
        rows = [int(word.removeprefix("word")) if word.startswith("word") else len(WORDS) for word in text.split()]
        vector = TABLE[rows].sum(axis=0)
        return vector / np.linalg.norm(vector)

    async def embed_passages(self, texts):
        return np.array([await self.embed_query(text) for text in texts])


EMBEDDER = Words()


@asynccontextmanager
async def both(folder, embedder):
    """The embedded documents and those in MongoDB, each with an index of its own."""
    async with (
        sqlite_documents(folder) as kept,
        mongo_documents(folder) as served,
        open_index(folder / "kept", kept, embedder) as here,
        open_index(folder / "served", served, embedder) as there,
    ):
        yield (kept, served), (here, there)


async def search(index, scope, text, embedder, mode):
    query = SearchQuery(text, await embedder.embed_query(text), mode=mode, top_k=10)
    return (await index.search(scope, query)).hits


async def assert_same(indexes, scope, texts, embedder, modes=("hybrid", "dense", "lexical")):
    for text in texts:
        for mode in modes:
            here, there = [await search(index, scope, text, embedder, mode) for index in indexes]
            assert [hit.passage for hit in here] == [hit.passage for hit in there]
            assert [hit.score for hit in here] == pytest.approx([hit.score for hit in there], abs=1e-6)


async def keep_in(stores, scope, kept, size=8):
    passages = passages_of(kept, size)
    vectors = await EMBEDDER.embed_passages([passage.text for passage in passages])
    for store in stores:
        await store.put(scope, kept, passages, vectors, EMBEDDER.name)


async def test_it_finds_what_the_embedded_default_finds_in_the_same_order(tmp_path):
    random = np.random.default_rng(5)
    texts = [" ".join(random.choice(WORDS, 40)) for _ in range(DOCUMENTS + 10)]
    async with both(tmp_path, EMBEDDER) as (stores, indexes):
        for number, text in enumerate(texts[:DOCUMENTS]):
            access = {"access": PRIVATE} if number % 5 == 0 else {}
            await keep_in(stores, ALICE, document(f"{number}.md", text, **access))
        for number, text in enumerate(texts[DOCUMENTS:]):
            await keep_in(stores, ALICE, document(f"{number}.md", text))
        for store in stores:
            await store.delete(ALICE, document("11.md", "").document_id)
            await store.rollback(ALICE, document("3.md", "").document_id, document("", texts[3]).version_id)
        statuses = [await index.catch_up() for index in indexes]
        assert statuses[0] == statuses[1]
        assert statuses[0].passages > 290
        queries = [" ".join(random.choice(WORDS, 4)) for _ in range(QUERIES)]
        await assert_same(indexes, ALICE, queries, EMBEDDER)
        await assert_same(indexes, BOB, queries, EMBEDDER)


def article(title, texts):
    """A document of these paragraphs, and a passage of each."""
    kept, passages, at = document(title, "\n".join(texts), title=title), [], 0
    for ordinal, text in enumerate(texts):
        name = digest(title, str(ordinal))
        place = (ordinal, at, at + len(text), text)
        passages.append(Passage(name, kept.document_id, kept.version_id, *place, context=title, language="en"))
        at += len(text) + 1
    return kept, passages


@pytest.mark.data
@pytest.mark.timeout(900)
@pytest.mark.skipif("MULTIDB_TEST_DATA" not in os.environ, reason="set MULTIDB_TEST_DATA (make test-data DATA=DIR)")
async def test_it_finds_the_same_in_squad(tmp_path):
    folder = Path(os.environ["MULTIDB_TEST_DATA"]) / "squad1_train60"
    rows, questions = [
        [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in ("corpus.jsonl", "queries.jsonl")
    ]
    async with open_minilm() as embedder, both(tmp_path, embedder) as (stores, indexes):
        for title in dict.fromkeys(row["title"] for row in rows):
            texts = [row["text"] for row in rows if row["title"] == title]
            vectors = await embedder.embed_passages([f"{title}\n{text}" for text in texts])
            for store in stores:
                await store.put(ALICE, *article(title, texts), vectors, embedder.name)
        statuses = [await index.catch_up() for index in indexes]
        assert statuses[0] == statuses[1]
        assert statuses[0].passages == len(rows)
        texts = [question["text"] for question in questions]
        await assert_same(indexes, ALICE, texts, embedder, ["hybrid"])
        await assert_same(indexes, ALICE, texts[::20], embedder, ["dense", "lexical"])
        print(f"{len(rows)} passages, {len(texts)} questions")  # noqa: T201 - figures


class Elsewhere:
    """A second process that ingests; it does what it is told by a line and says when it has."""

    def __init__(self, process):
        self._process = process

    async def do(self, *words):
        self._process.stdin.write(f"{json.dumps(words)}\n".encode())
        async with asyncio.timeout(15):
            assert await self._process.stdout.readline() == b"done\n"


@asynccontextmanager
async def elsewhere(url):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, url), cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Elsewhere(process)
    finally:
        process.stdin.close()
        await process.wait()


async def test_another_process_sees_a_new_document_within_a_second_and_a_deleted_one_never_again(
    mongo_database, tmp_path
):
    async with (
        elsewhere(mongo_database) as other,
        open_mongodb(mongo_database) as mongo,
        open_index(tmp_path / "index", await open_documents(mongo), EMBEDDER) as index,
    ):
        for number in range(3):
            await other.do("put", f"ferry-{number}.md", f"the ferry leaves at nine, but for platform {number}")
            async with asyncio.timeout(SEEN_S):
                while not await search(index, ALICE, "ferry", EMBEDDER, "hybrid"):  # noqa: ASYNC110 - another process's
                    await asyncio.sleep(0.01)
            await other.do("delete", f"ferry-{number}.md")
            assert await search(index, ALICE, "ferry", EMBEDDER, "hybrid") == ()
        # Never again: neither before the index has followed nor after.
        await index.catch_up()
        assert await search(index, ALICE, "ferry", EMBEDDER, "hybrid") == ()


async def _serve(url):
    async with open_mongodb(url) as mongo:
        store = await open_documents(mongo)
        while line := await asyncio.to_thread(sys.stdin.readline):
            act, source, *text = json.loads(line)
            if act == "put":
                await keep_in([store], ALICE, document(source, text[0]))
            else:
                await store.delete(ALICE, document(source, "").document_id)
            print("done", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
