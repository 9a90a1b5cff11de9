"""Hybrid search through the port against a plain numpy product over the same vectors, and against other stores.

`python -m benchmarks.search [PASSAGES…]` (10,000 and 100,000 by default; LARGE=1 adds 1,000,000) prints one JSON line
each. Tenant, access and a filter that half the documents pass are in every search. What is measured runs in a process
of its own that opens the finished index, so that its start and memory are its own. The other stores are asked for
100,000 passages where .bench-venv has them (`make bench` makes it). Rounds alternate; the figures are medians.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.corpus import PER_DOCUMENT, SCOPE, Vectors, clustered, fill, texts, write
from benchmarks.machine import ROOT, report, row
from memory.documents.sqlite import open_documents
from memory.index.local import open_index
from memory.ports import SearchQuery
from memory.sqlite import open_database

__all__ = ["PER_DOCUMENT", "clustered", "fill", "texts"]

FILTERS = {"half": True}
ROUNDS, WARM = 5, 40
COMPARED = 100_000
FASTER = {"langchain": ">= 200", "chroma": ">= 2", "lancedb": ">= 5"}
OTHERS = Path(os.environ.get("BENCH_PYTHON", ROOT / ".bench-venv/bin/python"))
LIMIT_S = 600


async def build(folder):
    """Keep the folder's corpus and index it; return seconds of indexing alone."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    async with open_database(folder / "documents.db", 60) as database:
        documents = await open_documents(database)
        with (folder / "lines.txt").open(encoding="utf-8") as lines:
            first = 0
            while part := [line.rstrip("\n") for line in islice(lines, PER_DOCUMENT)]:
                await fill(documents, np.array(vectors[first : first + len(part)]), part, offset=first)
                first += len(part)
        began = time.perf_counter()
        async with open_index(folder / "index", documents, Vectors()) as index:
            await index.catch_up()
            return time.perf_counter() - began


async def searches(index, queries, filters):
    """Return the median of one search through the port, ms."""
    spent = []
    for text, vector in queries:
        began = time.perf_counter()
        result = await index.search(SCOPE, SearchQuery(text, vector, filters=filters, top_k=10))
        spent.append(time.perf_counter() - began)
        assert result.hits
    return statistics.median(spent) * 1e3


def products(vectors, queries):
    """Return the median of one product with its top 10, ms."""
    spent = []
    for _, vector in queries:
        began = time.perf_counter()
        scores = vectors @ vector
        top = np.argpartition(-scores, 10)[:10]
        top[np.argsort(-scores[top])]
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1e3


async def recall(index, queries, vectors, filters, passing):
    """Return the share of the exact top 10, of rows that pass, that a dense search through the port finds."""
    shares = []
    for _, vector in queries:
        scores = np.where(passing, vectors @ vector, -np.inf)
        result = await index.search(SCOPE, SearchQuery("", vector, mode="dense", filters=filters, top_k=10))
        found = {hit.passage.ordinal + int(hit.passage.document_id) for hit in result.hits}
        shares.append(len(found & set(np.argpartition(-scores, 10)[:10].tolist())) / 10)
    return round(float(np.mean(shares)), 4)


async def ask(folder):
    """Open the finished index, search, and return the figures."""
    texts, vectors = json.loads((folder / "queries.json").read_text("utf-8")), np.load(folder / "queries.npy")
    queries = list(zip(texts, vectors, strict=True))
    before = memory_mb()
    async with AsyncExitStack() as stack:
        began = time.perf_counter()
        documents = await open_documents(await stack.enter_async_context(open_database(folder / "documents.db", 60)))
        index = await stack.enter_async_context(open_index(folder / "index", documents, Vectors()))
        opened = time.perf_counter() - began
        first = await searches(index, queries[:1], FILTERS)
        new_words = await searches(index, queries[1:WARM], FILTERS)
        await searches(index, queries, FILTERS)
        memory = memory_mb()
        held = np.load(folder / "vectors.npy")
        rounds = [
            (
                products(held, queries[:WARM]),
                await searches(index, queries, FILTERS),
                await searches(index, queries, {}),
            )
            for _ in range(ROUNDS)
        ]
        half = np.load(folder / "half.npy")
        product, filtered, unfiltered = (statistics.median(column) for column in zip(*rounds, strict=True))
        return {
            "numpy_product_ms": round(product, 3),
            "hybrid_filtered_ms": round(filtered, 3),
            "hybrid_ms": round(unfiltered, 3),
            "ratio": round(statistics.median(one[1] / one[0] for one in rounds), 3),
            "samples": [[round(value, 3) for value in one] for one in rounds],
            "first_search_ms": round(first, 3),
            "new_words_ms": round(new_words, 3),
            "dense_recall_at_10": await recall(index, queries, held, {}, np.ones_like(half)),
            "dense_recall_at_10_filtered": await recall(index, queries[:50], held, FILTERS, half),
            "open_s": round(opened, 3),
            "index_mb": memory - before,
            "process_mb": memory,
        }


def memory_mb():
    """Return the resident memory of this process, MB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines["VmRSS"].split()[0]) // 1024


def run(command):
    """Run a part in a process of its own; return what it says, or why it says nothing."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return {"failed": f"not finished within {LIMIT_S} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def compared(folder, ours_ms):
    """Ask the other stores; return a row for each."""
    rows = []
    for name, goal in FASTER.items():
        found = run([str(OTHERS), "benchmarks/baselines.py", name, str(folder)]) if OTHERS.exists() else {}
        theirs = found.get("ms")
        line = row(
            f"hybrid search, {COMPARED} passages; {name}",
            ours_ms,
            "ms",
            theirs,
            goal,
            ratio=theirs and theirs / ours_ms,
        )
        note = found.get("failed") or ("" if theirs else f"{OTHERS} is not there: `make bench` makes it")
        rows.append(line | {"build_s": found.get("build_s")} | ({"not_measured": note} if note else {}))
    return rows


def measure(folder, count):
    """Write, build, ask; yield the figures, and once more with the other stores'."""
    write(folder, count)
    built = asyncio.run(build(folder))
    figures = run([sys.executable, "-m", "benchmarks.search", "--ask", str(folder)])
    assert "failed" not in figures, figures
    goal = {100_000: "<= 0.5", 1_000_000: "<= 0.1"}.get(count, "")
    ours, product = figures["hybrid_filtered_ms"], figures["numpy_product_ms"]
    rows = [
        row(f"hybrid search, {count} passages; numpy product", ours, "ms", product, goal, ratio=figures["ratio"]),
        row(f"recall@10, {count} passages; exact", figures["dense_recall_at_10"], "", 1.0, ">= 0.97"),
    ]
    if count == COMPARED:
        size = round(count * 384 * 4 / 2**20)
        rows += [
            row(f"memory, {count} passages; float32 vectors", figures["index_mb"], "MB", size, "<= 2.5"),
            row(f"process, {count} passages; 600 MB", figures["process_mb"], "MB", 600, "<= 1"),
            row(f"index opened, {count} passages; 3 s", figures["open_s"], "s", 3, "<= 1"),
        ]
    found = {"passages": count, "build_s": round(built, 1), **figures, "rows": rows}
    yield found
    if count == COMPARED:
        yield {**found, "rows": rows + compared(folder, ours)}


def main():
    """Measure each size that was asked for."""
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(asyncio.run(ask(Path(sys.argv[2])))))
        return
    usual = (10_000, 100_000, *([1_000_000] if os.environ.get("LARGE") else []))
    for count in [int(given) for given in sys.argv[1:]] or usual:
        with tempfile.TemporaryDirectory() as name:
            for found in measure(Path(name), count):
                report(f"search-{count}", found)


if __name__ == "__main__":
    main()
