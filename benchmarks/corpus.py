"""A made-up corpus of any size: vectors around those of real passages, words by Zipf's law, and queries for it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import own_passages
from memory.embeddings.minilm import open_minilm
from memory.ids import digest
from memory.records import Document, Passage, Scope

DIMENSION, PER_DOCUMENT, WORDS, QUERIES, CENTRES = 384, 1_000, 50, 200, 256
SCOPE = Scope("bench", "user")
VOCABULARY = 60_000


@dataclass(frozen=True)
class Vectors:
    """Stands for an embedder whose vectors are made here."""

    name: str = "random/384"
    dimension: int = DIMENSION
    max_tokens: int = 256

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(text.split())


def real_centres():
    """Return (CENTRES, 384) float32: what MiniLM makes of passages of this project's own documents."""

    async def embedded():
        with tempfile.TemporaryDirectory() as name:
            async with open_minilm(Path(name)) as embedder:
                return await embedder.embed_passages(own_passages(CENTRES))

    return asyncio.run(embedded())


def clustered(random, count, centres=None):
    """Return (count, 384) float32 unit vectors around centres, 400 random ones if none are given.

    Around real centres they scatter as these do themselves, with the same covariance: in no more directions than real
    passages differ in. Around random ones they scatter alike in all directions, which codes follow worse.
    """
    if centres is None:
        centres = random.standard_normal((400, DIMENSION), np.float32)
        noise = random.standard_normal((count, DIMENSION), np.float32)
    else:
        weights = random.standard_normal((count, len(centres)), np.float32) / np.float32(len(centres) ** 0.5)
        noise = weights @ (centres - centres.mean(axis=0))
    rows = centres[random.integers(0, len(centres), count)] + noise
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def texts(random, count):
    """Return texts of WORDS words whose frequencies follow Zipf's law."""
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1) ** 1.05)
    words = np.searchsorted(shares, random.random((count, WORDS)) * shares[-1])
    return [" ".join(f"w{word}" for word in row) for row in words.tolist()]


async def fill(documents, vectors, lines, embedder="random/384", offset=0):
    """Keep the lines as passages of documents of PER_DOCUMENT each; every other document has `half` set."""
    for first in range(offset, offset + len(lines), PER_DOCUMENT):
        name, at = f"{first:08}", first - offset
        passages = [
            Passage(digest(name, str(n)), name, name, n, n, n + 1, text, language="en")
            for n, text in enumerate(lines[at : at + PER_DOCUMENT])
        ]
        metadata = {"half": (first // PER_DOCUMENT) % 2 == 0}
        document = Document(name, name, name, name, "", "text/plain", "en", metadata=metadata)
        await documents.put(SCOPE, document, passages, vectors[at : at + len(passages)], embedder)


def write(folder, count):
    """Write vectors.npy, lines.txt, half.npy, and the queries' texts and vectors; a few thousand rows in memory."""
    random, centres = np.random.default_rng(7), real_centres()
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (count, DIMENSION))
    chosen = np.sort(random.choice(count, min(QUERIES, count), replace=False))
    asked = []
    with (folder / "lines.txt").open("w", encoding="utf-8") as out:
        for first in range(0, count, PER_DOCUMENT):
            lines = texts(random, min(PER_DOCUMENT, count - first))
            vectors[first : first + len(lines)] = clustered(random, len(lines), centres)
            out.writelines(f"{line}\n" for line in lines)
            here = chosen[(chosen >= first) & (chosen < first + len(lines))]
            asked += [" ".join(lines[row - first].split()[::6]) for row in here]
    vectors.flush()
    near = vectors[chosen] + np.float32(0.01) * random.standard_normal((len(chosen), DIMENSION), np.float32)
    shuffled = random.permutation(len(chosen))
    np.save(folder / "queries.npy", (near / np.linalg.norm(near, axis=1, keepdims=True))[shuffled])
    (folder / "queries.json").write_text(json.dumps([asked[at] for at in shuffled]), "utf-8")
    np.save(folder / "half.npy", (np.arange(count) // PER_DOCUMENT) % 2 == 0)
