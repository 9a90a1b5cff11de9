"""Documents through the port, and the same commands through PyMongo alone; searches over MongoDB's documents.

A search is held against the bare engine, on a copy of the index, that then reads the hits' passages through PyMongo.
The server is mongo-java-server: it keeps all in memory and looks through whole collections, so that of both sides most
of a search among many passages is its own.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from pymongo import AsyncMongoClient

from benchmarks.corpus import DIMENSION, PER_DOCUMENT, SCOPE, Vectors, clustered, fill, texts
from benchmarks.store_mongo_raw import Driver, small_document
from benchmarks.stores import Pair
from memory.documents.mongodb import open_documents
from memory.ids import digest
from memory.index.local import SEARCHERS, open_index
from memory.index.position import read_position
from memory.index.postings import KeptPostings
from memory.index.shard import Shard
from memory.mongodb import DATABASE, open_mongodb
from memory.ports import SearchQuery
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


class Feeder:
    """Keeps the first document through the port and the others quicker."""

    def __init__(self, documents, driver) -> None:
        self.documents, self.driver = documents, driver
        self.begun = False

    async def put(self, scope, document, passages, vectors, embedder):
        """Keep a document that nobody has."""
        if self.begun:
            await self.driver.put(document, passages, vectors, looks=False)
        else:
            await self.documents.put(scope, document, passages, vectors, embedder)
        self.begun = True


@asynccontextmanager
async def pairs() -> AsyncGenerator[AsyncGenerator[Pair]]:
    """Yield what to compare; between the pairs more passages are kept."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(own_mongo())
        documents = await open_documents(await stack.enter_async_context(open_mongodb(url)))
        driver = Driver((await stack.enter_async_context(AsyncMongoClient(url)))[DATABASE])
        index = await stack.enter_async_context(open_index(folder / "index", documents, Vectors()))
        yield _pairs(folder, documents, driver, index)


async def _pairs(folder, documents, driver, index) -> AsyncGenerator[Pair]:
    random, held, feeder = np.random.default_rng(7), 0, Feeder(documents, driver)
    for size in SIZES:
        while held < size:
            lines, vectors = texts(random, PER_DOCUMENT), clustered(random, PER_DOCUMENT)
            await fill(feeder, vectors, lines, offset=held)
            held += PER_DOCUMENT
        await index.catch_up()
        queries = list(zip([" ".join(line.split()[::6]) for line in lines[:ASKED]], vectors, strict=False))
        with bare_engine(folder, size) as engine:
            yield Pair(f"search of {size} passages, MongoDB", *_searches(index, driver, engine, queries))
        if size == SIZES[0]:
            for pair in _reads_and_writes(documents, driver):
                yield pair


@contextmanager
def bare_engine(folder, size) -> Generator[Shard]:
    """Open a copy of the index that nothing follows."""
    position = read_position(folder / "index")
    copy = shutil.copytree(folder / "index" / position.shards / digest(SCOPE.tenant_id), folder / f"engine-{size}")
    engine = Shard(copy, DIMENSION, KeptPostings())
    try:
        yield engine
    finally:
        engine.close()


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
