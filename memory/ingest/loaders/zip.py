"""ZIP: each file in it is a document, or several, of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from memory.errors import Refused
from memory.ingest.archive import member, open_archive
from memory.ingest.loaders.parts import load_part
from memory.ingest.parsed import Parsed, Raw, RefusedPart


def load(raw: Raw) -> Iterator[Parsed | RefusedPart]:
    """Yield the documents of each file in the archive, hidden files left out; all share one limit of inflated size."""
    with open_archive(raw.data, raw.limits) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
        left = raw.limits.unpacked_bytes - sum(entry.file_size for entry in entries)
        if not entries:
            raise Refused("there is no file in it")
        for entry in entries:
            inner = replace(raw, limits=replace(raw.limits, unpacked_bytes=left + entry.file_size))
            yield from load_part(inner, entry.filename, member(archive, entry.filename))


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)
