"""From files to searchable passages against the bare embedding of the same passages, in one run.

`python -m benchmarks.ingest [PASSAGES]` (about 300 by default) prints one JSON line. The files are Markdown, made of
this project's own documents. Rounds alternate; the figures are medians.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import own_passages, report, row
from memory.ingest.pipeline import IngestOptions, ingest
from memory.records import LOCAL
from memory.settings import StoreSettings
from memory.stores import open_stores

ROUNDS, PER_FILE = 3, 20


class Recording:
    """An embedder that notes what it is given."""

    def __init__(self, embedder):
        """Stand before another."""
        self._embedder = embedder
        self.texts = []

    def __getattr__(self, name):
        """Everything else is the other's."""
        return getattr(self._embedder, name)

    async def embed_passages(self, texts):
        """Note and pass on."""
        self.texts += texts
        return await self._embedder.embed_passages(texts)


def write_files(folder, count, number):
    """Write Markdown files whose paragraphs are no other round's."""
    texts = own_passages(count)
    for at in range(0, count, PER_FILE):
        paragraphs = "\n\n".join(f"{text} Round {number}." for text in texts[at : at + PER_FILE])
        (folder / f"{number}-{at:05}.md").write_text(f"# File {at} of {number}\n\n{paragraphs}\n", "utf-8")


async def measure(folder, count):
    """Alternate both; return the figures."""
    whole, bare, ratios, passages = [], [], [], 0
    async with open_stores(StoreSettings(home=folder / "home")) as stores:
        for number in range(ROUNDS):
            files = folder / f"files{number}"
            files.mkdir()
            write_files(files, count, number)
            recording = Recording(stores.embedder)
            began = time.perf_counter()
            await ingest(LOCAL, [files], replace(stores, embedder=recording), IngestOptions(base=folder))
            whole.append(time.perf_counter() - began)
            assert (await stores.index.status()).behind == 0
            passages = len(recording.texts)
            began = time.perf_counter()
            await stores.embedder.embed_passages(recording.texts)
            bare.append(time.perf_counter() - began)
            ratios.append(bare[-1] / whole[-1])
    return {
        "passages": passages,
        "files": len(range(0, count, PER_FILE)),
        "ingest_s": round(statistics.median(whole), 2),
        "embedding_s": round(statistics.median(bare), 2),
        "passages_per_s": round(passages / statistics.median(whole), 1),
        "samples_ratio": [round(ratio, 3) for ratio in ratios],
        "rows": [
            row(
                "ingestion, file to searchable; bare embedding",
                round(passages / statistics.median(whole), 1),
                "passages/s",
                round(passages / statistics.median(bare), 1),
                ">= 0.85",
                "the parser's start, before which nothing can be embedded, weighs on few passages",
                ratio=statistics.median(ratios),
            )
        ],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        report("ingest", asyncio.run(measure(Path(name), int(sys.argv[1]) if sys.argv[1:] else 300)))
