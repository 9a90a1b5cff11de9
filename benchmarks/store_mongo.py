"""Documents through the port, and the same commands through PyMongo alone; searches over MongoDB's documents.

A search is held against the bare engine, fed without the store, that then reads the hits' passages through PyMongo.
The server is mongo-java-server: it keeps all in memory and looks through whole collections, so that of both sides most
of a search among many passages is its own.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from pymongo import AsyncMongoClient

from benchmarks.corpus import DIMENSION, PER_DOCUMENT, SCOPE, Vectors, clustered, fill, texts
from benchmarks.store_mongo_raw import Driver, small_document
from benchmarks.stores import Pair
from memory.documents.mongodb import open_documents
from memory.index.local import SEARCHERS, open_index
from memory.index.postings import KeptPostings
from memory.index.shard import Shard
from memory.mongodb import DATABASE, open_mongodb
from memory.ports import PassageRows, SearchQuery
from tests.services.kinds import KINDS, server_in
from tests.services.mongo import prepare
from tests.services.places import default_places
from tests.services.process import free_port

SIZES = (10_000, 100_000)
ASKED = 64
AT_ONCE = 8


async def _roomy(places, folder, port):
    """Return how to start the server with room for the largest size."""
    launch = await prepare(places, folder, port)
    return replace(launch, command=tuple(word.replace("-Xmx256m", "-Xmx3g") for word in launch.command))


@asynccontextmanager
async def own_mongo() -> AsyncGenerator[str]:
    """Yield the URL of a server that nobody else uses."""
    with tempfile.TemporaryDirectory() as folder:
        server = server_in(Path(folder), replace(KINDS["mongo"], prepare=_roomy), free_port())
        try:
            await server.start(default_places())
            yield f"{server.url}/{DATABASE}"
        finally:
            await server.process.stop()


class Fed:
    """A document store that also feeds the bare engine."""

    def __init__(self, documents, engine) -> None:
        self.documents, self.engine = documents, engine

    async def put(self, scope, document, passages, vectors, embedder):
        """Keep a document in both."""
        await self.documents.put(scope, document, passages, vectors, embedder)
        await asyncio.to_thread(self.engine.apply, [PassageRows(document, passages, vectors)], [document.document_id])


@asynccontextmanager
async def pairs() -> AsyncGenerator[AsyncGenerator[Pair]]:
    """Yield what to compare; between the pairs more passages are kept."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(own_mongo())
        documents = await open_documents(await stack.enter_async_context(open_mongodb(url)))
        driver = Driver((await stack.enter_async_context(AsyncMongoClient(url)))[DATABASE])
        index = await stack.enter_async_context(open_index(folder / "index", documents, Vectors()))
        (folder / "engine").mkdir()
        engine = Shard(folder / "engine", DIMENSION, KeptPostings())
        stack.callback(engine.close)
        yield _pairs(documents, driver, index, engine)


async def _pairs(documents, driver, index, engine) -> AsyncGenerator[Pair]:
    random, held = np.random.default_rng(7), 0
    for size in SIZES:
        while held < size:
            lines, vectors = texts(random, PER_DOCUMENT), clustered(random, PER_DOCUMENT)
            await fill(Fed(documents, engine), vectors, lines, offset=held)
            held += PER_DOCUMENT
        await index.catch_up()
        queries = list(zip([" ".join(line.split()[::6]) for line in lines[:ASKED]], vectors, strict=False))
        yield Pair(f"search of {size} passages, MongoDB", *_searches(index, driver, engine, queries))
        if size == SIZES[0]:
            for pair in _reads_and_writes(documents, driver):
                yield pair


def _searches(index, driver, engine, queries):
    searchers = ThreadPoolExecutor(SEARCHERS)

    def query(number):
        text, vector = queries[number % len(queries)]
        return SearchQuery(text, vector, top_k=10)

    def rank(wanted):
        result = engine.search(SCOPE, wanted)
        return engine.describe(result, 0, wanted.top_k)

    async def search(number):
        assert len((await index.search(SCOPE, query(number))).hits) == 10

    async def raw_search(number):
        found = await asyncio.get_running_loop().run_in_executor(searchers, rank, query(number))
        assert len(await driver.passages([row.passage_id for row in found])) == 10

    return search, raw_search


def _reads_and_writes(documents, driver):
    async def put(number):
        await documents.put(SCOPE, *small_document(f"ours {number}"), Vectors.name)

    async def raw_put(number):
        await driver.put(*small_document(f"raw {number}"))

    async def get(_number):
        assert (await documents.get(SCOPE, known)).text

    async def raw_get(_number):
        assert (await driver.get(known)).text

    known = small_document("ours 1")[0].document_id
    return [
        Pair("write of a document, MongoDB", put, raw_put),
        Pair("read of a document, MongoDB", get, raw_get),
        Pair("read of a document, MongoDB", get, raw_get, AT_ONCE),
    ]
