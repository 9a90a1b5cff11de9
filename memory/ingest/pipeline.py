"""Files to searchable documents: load -> split -> embed -> keep. The two ways in, for paths and for uploads.

Sources are named as `memory.ingest.sources` says. Unchanged files are known by a fingerprint of their bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from memory.errors import Refused
from memory.ingest.parser import open_parser
from memory.ingest.report import Ingested, IngestOptions, IngestReport, OnProgress, Progress, Target
from memory.ingest.sources import Found, Listing, listing, upload_name
from memory.ingest.stages import Ingestion
from memory.records import Scope

__all__ = ["IngestOptions", "IngestReport", "Ingested", "OnProgress", "Progress", "Target", "ingest", "ingest_bytes"]


async def ingest(
    scope: Scope,
    paths: Sequence[str | Path],
    target: Target,
    options: IngestOptions | None = None,
    on_progress: OnProgress | None = None,
) -> IngestReport:
    """Keep the documents of files, folders and globs, and make them searchable.

    A file that cannot be read is refused with a reason, and the others go on. Refused files keep their former
    documents. A part (a line, a member) that its file no longer holds is forgotten; with `prune`, so are documents
    under the named folders whose file is gone.

    Raises:
        StoreError: the store or the index failed; what was kept so far stays.
    """
    options = options or IngestOptions()
    found = await asyncio.to_thread(listing, paths, options.base)
    work = Ingestion(scope, target, options)
    work.tell(on_progress, len(found.files))
    for path in found.missing:
        work.refuse(path, "there is no such file or folder")
    async with open_parser(options.limits) as parser:
        await work.run(_read(found.files, options.limits.file_bytes), parser)
    pruned = await _prune(work, found) if options.prune else 0
    await target.index.catch_up()
    return work.report(pruned)


async def ingest_bytes(
    scope: Scope, name: str, data: bytes, target: Target, options: IngestOptions | None = None
) -> IngestReport:
    """Keep the documents of one uploaded file; its source is its name, made harmless.

    Returns:
        A report whose `documents` name what was kept; a file that cannot be read is in `refused`.

    Raises:
        StoreError: the store or the index failed.
    """
    options = options or IngestOptions()
    work = Ingestion(scope, target, options)
    work.tell(options.on_progress, 1)
    lent = nullcontext(options.parser) if options.parser is not None else open_parser(options.limits)
    async with lent as parser:
        await work.run(_one(upload_name(name), data), parser)
    await target.index.catch_up()
    return work.report()


async def _read(files: Sequence[Found], limit: int) -> AsyncIterator[tuple[str, bytes | Refused]]:
    for file in files:
        yield file.source, await asyncio.to_thread(_bytes, file.path, limit)


def _bytes(path: Path, limit: int) -> bytes | Refused:
    try:
        if path.stat().st_size > limit:
            return Refused(f"it is larger than {limit:,} bytes")
        return path.read_bytes()
    except OSError as error:
        return Refused(f"it cannot be opened ({error.strerror})")


async def _one(source: str, data: bytes) -> AsyncIterator[tuple[str, bytes | Refused]]:
    yield source, data


async def _prune(work: Ingestion, found: Listing) -> int:
    """Forget documents under the named folders and files that this run did not meet."""
    prefixes = [f"{folder}/" for folder in found.folders] + [f"{file.source}#" for file in found.files]
    gone: dict[str, None] = {}
    for prefix in prefixes:
        async for item in work.listed(prefix):
            if item.source not in work.seen and item.source.split("#")[0] not in work.refused_files:
                gone[item.document_id] = None
    return sum([await work.forget(document_id) for document_id in gone])
