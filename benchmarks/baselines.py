"""Other stores over the vectors, texts and queries that `benchmarks.search` left in a folder.

`.bench-venv/bin/python benchmarks/baselines.py langchain|chroma|lancedb FOLDER` prints one JSON line: seconds to build,
and the median of a search with the filter, warm, ms. Each store is used as its own documentation shows: LangChain's
and Chroma's search by vector only, LanceDB's is hybrid.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

TOGETHER = 5_000
TOP_K = 10


def langchain(folder, vectors, lines, half):
    """InMemoryVectorStore: exact, in Python lists; the filter is a function of a document."""
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=vectors.shape[1]))
    for at, (vector, line) in enumerate(zip(vectors, lines, strict=True)):
        # What add_texts does, without embedding anew.
        metadata = {"half": bool(half[at])}
        store.store[str(at)] = {"id": str(at), "vector": vector.tolist(), "text": line, "metadata": metadata}
    return lambda _, vector: store.similarity_search_by_vector(
        vector.tolist(), k=TOP_K, filter=lambda document: document.metadata["half"]
    )


def chroma(folder, vectors, lines, half):
    """A persistent collection with its HNSW index, cosine; without the texts, whose own index took over ten minutes."""
    import chromadb

    client = chromadb.PersistentClient(str(folder / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    found = client.create_collection("bench", embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    for at in range(0, len(lines), TOGETHER):
        part = range(at, min(at + TOGETHER, len(lines)))
        found.add(
            ids=[str(n) for n in part],
            embeddings=vectors[at : at + TOGETHER],
            metadatas=[{"half": bool(half[n])} for n in part],
        )
    return lambda _, vector: found.query(query_embeddings=[vector], n_results=TOP_K, where={"half": True})


def lancedb(folder, vectors, lines, half):
    """A table with a vector, a text and a scalar index; hybrid search with its own fusion."""
    import lancedb as library
    import pyarrow as arrow

    flat = arrow.array(vectors.reshape(-1), arrow.float32())
    columns = {"vector": arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]), "text": lines, "half": half}
    table = library.connect(str(folder / "lancedb")).create_table("bench", arrow.table(columns))
    table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")
    table.create_fts_index("text")
    table.create_scalar_index("half", index_type="BITMAP")
    return lambda text, vector: (
        table.search(query_type="hybrid").vector(vector).text(text).where("half = true").limit(TOP_K).to_arrow()
    )


STORES = {"langchain": (langchain, 2, 8), "chroma": (chroma, 20, 100), "lancedb": (lancedb, 20, 100)}


def measure(name, folder):
    """Build, warm up, search; return the figures."""
    build, warm, asked = STORES[name]
    vectors = np.load(folder / "vectors.npy")
    lines = (folder / "lines.txt").read_text("utf-8").splitlines()
    texts = json.loads((folder / "queries.json").read_text("utf-8"))
    queries = list(zip(texts, np.load(folder / "queries.npy"), strict=True))
    began = time.perf_counter()
    search = build(folder, vectors, lines, np.load(folder / "half.npy"))
    built = time.perf_counter() - began
    for text, vector in queries[:warm]:
        search(text, vector)
    spent = []
    for text, vector in queries[:asked]:
        began = time.perf_counter()
        assert search(text, vector) is not None
        spent.append(time.perf_counter() - began)
    return {"store": name, "build_s": round(built, 1), "ms": round(statistics.median(spent) * 1e3, 3)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
