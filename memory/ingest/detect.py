"""What a file is: judged by its content first, its suffix second. What contradicts itself is refused."""

from __future__ import annotations

from pathlib import PurePosixPath

from memory.errors import Refused
from memory.ingest.parsed import Raw

SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def detect(raw: Raw) -> str:
    """Return the type of a file, a key of `LOADERS`.

    Raises:
        Refused: empty, too large, of no type we read, or not what its name says.
    """
    if not raw.data.strip():
        raise Refused("it is empty")
    if len(raw.data) > raw.limits.file_bytes:
        raise Refused(f"it is larger than {raw.limits.file_bytes:,} bytes")
    suffix = PurePosixPath(raw.name).suffix.casefold()
    if suffix not in SUFFIXES:
        raise Refused(f"files of type {suffix or 'without a suffix'} are not read yet")
    return SUFFIXES[suffix]
