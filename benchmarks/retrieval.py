"""How well search finds what answers a question, on sets in the BEIR layout, through the real store and index.

`python -m benchmarks.retrieval --data DIR [--sets NAME…] [--vectors FOLDER]` prints one JSON line a set: nDCG@10 and
recall@10 of BM25 alone, of the vectors alone, of reciprocal rank fusion (k = 60, top 100 of each) and of the index's
own fusion. A line of `corpus.jsonl` is one document and one passage, with its title as context. `--vectors` keeps
vectors between runs, by text.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from memory.documents.sqlite import open_documents
from memory.embeddings.minilm import open_minilm
from memory.ids import digest
from memory.index.local import open_index
from memory.ports import SearchQuery
from memory.records import Document, Passage, Scope
from memory.sqlite import open_database

SETS = ("squad1_train60", "clapnq_dev", "musique100", "cranfield", "epqa_visible")
SCOPE = Scope("bench", "user")
DEPTH, TOP, RRF_K = 100, 10, 60
TOGETHER = 500
METHODS = ("bm25", "dense", "rrf", "ours")


class KeptVectors:
    """An embedder that looks a text up in a file before it embeds it."""

    def __init__(self, embedder, path):
        """Read what a former run kept; path None keeps nothing."""
        self._embedder, self._path = embedder, path
        self._known = dict(np.load(path)) if path and path.exists() else {}
        self.name, self.dimension, self.max_tokens = embedder.name, embedder.dimension, embedder.max_tokens

    async def embed_passages(self, texts):
        """(len(texts), dim) float32."""
        missing = sorted({text for text in texts if digest(text) not in self._known}, key=len)
        for text, vector in zip(missing, await self._embedder.embed_passages(missing), strict=True):
            self._known[digest(text)] = vector
        if missing and self._path:
            np.savez(self._path, **self._known)
        return np.stack([self._known[digest(text)] for text in texts])


def lines(path):
    """Return the records of a JSON lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def judged(folder):
    """Return each query's id -> document -> gain, of the documents that answer it."""
    gains = defaultdict(dict)
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            if float(row["score"]) > 0:
                gains[row["query-id"]][row["corpus-id"]] = float(row["score"])
    return gains


def questions(folder):
    """Return variants of a set's name, each with its queries: id -> text."""
    rows = lines(folder / "queries.jsonl")
    yield folder.name, {str(row["id"]): row["text"] for row in rows}
    if "product_title" in rows[0]:
        yield f"{folder.name}, with title", {str(row["id"]): f"{row['text']} {row['product_title']}" for row in rows}


async def fill(documents, embedder, folder):
    """Keep a corpus: one document of one passage a line."""
    rows = lines(folder / "corpus.jsonl")
    for at in range(0, len(rows), TOGETHER):
        part = rows[at : at + TOGETHER]
        vectors = await embedder.embed_passages([f"{row['title']}\n{row['text']}".strip() for row in part])
        for row, vector in zip(part, vectors, strict=True):
            name, text = str(row["id"]), row["text"]
            passage = Passage(digest(name), name, name, 0, 0, len(text), text, context=row["title"], language="en")
            document = Document(name, name, name, row["title"], text, "text/plain", "en")
            await documents.put(SCOPE, document, [passage], vector.reshape(1, -1), embedder.name)


def fused_by_rank(*rankings):
    """Reciprocal rank fusion."""
    scores = defaultdict(float)
    for ranking in rankings:
        for rank, name in enumerate(ranking, 1):
            scores[name] += 1 / (RRF_K + rank)
    return sorted(scores, key=lambda name: -scores[name])


async def rankings(index, text, vector):
    """Return each method's ranking of document ids."""

    async def ask(**fields):
        result = await index.search(SCOPE, replace(SearchQuery(text, vector, top_k=DEPTH), **fields))
        return [hit.passage.document_id for hit in result.hits]

    words, dense = await ask(mode="lexical"), await ask(mode="dense")
    return {"bm25": words, "dense": dense, "rrf": fused_by_rank(words, dense), "ours": await ask()}


def scored(ranking, gains):
    """Return nDCG@10 and recall@10 of one ranking."""
    discounts = 1 / np.log2(np.arange(2, TOP + 2))
    got = np.array([gains.get(name, 0.0) for name in ranking[:TOP]])
    best = np.sort(list(gains.values()))[::-1][:TOP]
    ndcg = float(got @ discounts[: len(got)]) / float(best @ discounts[: len(best)])
    return ndcg, np.count_nonzero(got) / len(gains)


async def measure(index, embedder, queries, gains):
    """Return each method's mean nDCG@10 and recall@10 over the queries that something answers."""
    asked = {key: text for key, text in queries.items() if key in gains}
    vectors = await embedder.embed_passages(list(asked.values()))
    scores = {method: [] for method in METHODS}
    for (key, text), vector in zip(asked.items(), vectors, strict=True):
        for method, ranking in (await rankings(index, text, vector)).items():
            scores[method].append(scored(ranking, gains[key]))
    means = {method: np.mean(values, axis=0).round(4).tolist() for method, values in scores.items()}
    return {"queries": len(asked), **means}


async def run(folder, embedder, home):
    """Index one set and print its figures."""
    async with AsyncExitStack() as stack:
        documents = await open_documents(await stack.enter_async_context(open_database(home / "documents.db", 60)))
        await fill(documents, embedder, folder)
        index = await stack.enter_async_context(open_index(home / "index", documents, embedder))
        await index.catch_up()
        for name, queries in questions(folder):
            print(json.dumps({"set": name, **await measure(index, embedder, queries, judged(folder))}), flush=True)


async def main():
    """Measure the sets that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--vectors", type=Path)
    given = parser.parse_args()
    async with open_minilm() as embedder:
        for name in given.sets:
            kept = given.vectors and given.vectors / f"{name}.npz"
            with tempfile.TemporaryDirectory() as home:
                await run(given.data / name, KeptVectors(embedder, kept), Path(home))


if __name__ == "__main__":
    asyncio.run(main())
