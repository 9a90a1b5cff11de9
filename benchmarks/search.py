"""Hybrid search through the port against a plain numpy product over the same vectors, in one run.

`python -m benchmarks.search [PASSAGES…]` (10,000 and 100,000 by default) prints one JSON line each. The vectors are
clustered and random, the words follow Zipf's law; tenant, access and a filter that half the documents pass are in
every search.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import report
from memory.documents.sqlite import open_documents
from memory.ids import digest
from memory.index.local import open_index
from memory.ports import SearchQuery
from memory.records import Document, Passage, Scope
from memory.sqlite import open_database

DIMENSION, PER_DOCUMENT, WORDS, QUERIES = 384, 1_000, 50, 200
SCOPE = Scope("bench", "user")
FILTERS = {"half": True}


@dataclass(frozen=True)
class Vectors:
    """Stands for an embedder whose vectors are made here."""

    name: str = "random/384"
    dimension: int = DIMENSION
    max_tokens: int = 256

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(text.split())


def clustered(random, count):
    """Return (count, 384) float32 unit vectors around 400 centres."""
    centres = random.standard_normal((400, DIMENSION), np.float32)
    rows = centres[random.integers(0, 400, count)] + random.standard_normal((count, DIMENSION), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def texts(random, count):
    """Return texts of WORDS words whose frequencies follow Zipf's law."""
    shares = 1 / np.arange(1, 60_001) ** 1.05
    words = random.choice(60_000, (count, WORDS), p=shares / shares.sum())
    return [" ".join(f"w{word}" for word in row) for row in words]


async def fill(documents, vectors, lines, embedder="random/384"):
    """Keep the lines as passages of documents of PER_DOCUMENT each."""
    for first in range(0, len(lines), PER_DOCUMENT):
        name = f"{first:08}"
        part = lines[first : first + PER_DOCUMENT]
        passages = [
            Passage(digest(name, str(at)), name, name, at, at, at + 1, text, language="en")
            for at, text in enumerate(part)
        ]
        metadata = {"half": (first // PER_DOCUMENT) % 2 == 0}
        document = Document(name, name, name, name, "", "text/plain", "en", metadata=metadata)
        await documents.put(SCOPE, document, passages, vectors[first : first + len(part)], embedder)


async def timed_searches(index, queries, filters):
    """Return the median of one search through the port, ms."""
    spent = []
    for text, vector in queries:
        began = time.perf_counter()
        result = await index.search(SCOPE, SearchQuery(text, vector, filters=filters, top_k=10))
        spent.append(time.perf_counter() - began)
        assert result.hits
    return float(np.median(spent)) * 1e3


def timed_products(vectors, queries):
    """Return the median of one product with its top 10, ms, and the rows of each top 10."""
    spent, nearest = [], []
    for _, vector in queries:
        began = time.perf_counter()
        scores = vectors @ vector
        top = np.argpartition(-scores, 10)[:10]
        nearest.append(top[np.argsort(-scores[top])])
        spent.append(time.perf_counter() - began)
    return float(np.median(spent)) * 1e3, nearest


async def recall(index, queries, nearest):
    """Return the share of the exact top 10 that a dense search through the port finds."""
    shares = []
    for (_, vector), rows in zip(queries, nearest, strict=True):
        result = await index.search(SCOPE, SearchQuery("", vector, mode="dense", top_k=10))
        found = {hit.passage.ordinal + int(hit.passage.document_id) for hit in result.hits}
        shares.append(len(found & set(rows.tolist())) / 10)
    return float(np.mean(shares))


async def measure(folder: Path, count: int):
    """Build, reopen, search; return the figures."""
    random = np.random.default_rng(7)
    vectors, lines = clustered(random, count), texts(random, count)
    async with AsyncExitStack() as stack:
        documents = await open_documents(await stack.enter_async_context(open_database(folder / "documents.db", 60)))
        await fill(documents, vectors, lines)
        began = time.perf_counter()
        async with open_index(folder / "index", documents, Vectors()) as index:
            await index.catch_up()
            built = time.perf_counter() - began
        began, used = time.perf_counter(), time.process_time()
        index = await stack.enter_async_context(open_index(folder / "index", documents, Vectors()))
        opened, opening_cpu = time.perf_counter() - began, time.process_time() - used
        chosen = random.integers(0, count, QUERIES)
        near = vectors[chosen] + 0.03 * random.standard_normal((QUERIES, DIMENSION), np.float32)
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        queries = [(" ".join(lines[at].split()[::6]), vector) for at, vector in zip(chosen, near, strict=True)]
        await timed_searches(index, queries[:20], FILTERS)
        product, nearest = timed_products(vectors, queries)
        filtered = await timed_searches(index, queries, FILTERS)
        return {
            "passages": count,
            "numpy_product_ms": round(product, 2),
            "hybrid_filtered_ms": round(filtered, 2),
            "hybrid_ms": round(await timed_searches(index, queries, {}), 2),
            "ratio": round(filtered / product, 3),
            "goal": 0.5,
            "dense_recall_at_10": round(await recall(index, queries, nearest), 4),
            "build_s": round(built, 1),
            "open_s": round(opened, 2),
            "open_cpu_s": round(opening_cpu, 2),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


if __name__ == "__main__":
    for count in [int(given) for given in sys.argv[1:]] or (10_000, 100_000):
        with tempfile.TemporaryDirectory() as name:
            report(f"search-{count}", asyncio.run(measure(Path(name), count)))
