"""The sample corpus: what a first start ingests, so that there is something to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from memory.ingest.pipeline import IngestOptions, IngestReport, Progress, ingest
from memory.records import LOCAL
from memory.stores import Stores

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "samples"
MARK = "samples-ingested"
"""A file in the data folder: the samples were brought in once; who deletes them shall not meet them again."""
QUESTION = "How long may I return unused goods?"


async def ingest_samples(
    stores: Stores, home: Path, on_progress: Callable[[int, int, str], None]
) -> IngestReport | None:
    """Bring the samples in unless that was done before; None if so. Interrupted, the next start goes on."""
    mark = home / MARK
    if await asyncio.to_thread(mark.exists):
        return None

    def tell(state: Progress) -> None:
        on_progress(state.files_done, state.files, state.source)

    options = IngestOptions(collection=COLLECTION, base=ROOT)
    report = await ingest(LOCAL, await asyncio.to_thread(sample_paths), stores, options, tell)
    await asyncio.to_thread(mark.touch)
    return report


def sample_paths() -> list[Path]:
    """The invented shop, and this project's own documents."""
    return [
        path
        for path in (ROOT / "samples" / "fernweh", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
        if path.exists()
    ]
