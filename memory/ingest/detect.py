"""What a file is: its content and its name must agree; what contradicts itself is refused with both sides named."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import puremagic

from memory.errors import Refused
from memory.ingest.archive import check_archive
from memory.ingest.parsed import Raw

SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    "": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
BINARY = {"pdf": "a PDF", "docx": "a DOCX", "zip": "a ZIP archive", "ole": "an old Office file"}
_PARTS = {"word/": "docx"}


def detect(raw: Raw) -> str:
    """Return the type of a file, a key of `LOADERS`.

    Raises:
        Refused: empty, too large, of no type we read, or not what its name says.
    """
    if not raw.data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise Refused("it is empty")
    if len(raw.data) > raw.limits.file_bytes:
        raise Refused(f"it is larger than {raw.limits.file_bytes:,} bytes")
    suffix = PurePosixPath(raw.name).suffix.casefold()
    named, real = SUFFIXES.get(suffix), _binary(raw)
    if named is None:
        raise Refused(f"{suffix} files are not read; convert it to PDF, DOCX, HTML, Markdown, CSV or JSON")
    if named in BINARY and real != named:
        hint = ", but an encrypted or an old Office file" if real == "ole" else ""
        raise Refused(f"it is not {BINARY[named]} although it is named so{hint}")
    if named not in BINARY and real is not None:
        raise Refused(f"it is {BINARY.get(real, real)} although it is named {suffix or 'plainly'}")
    return named


def _binary(raw: Raw) -> str | None:
    """The binary type that the first bytes tell, None for text."""
    head = raw.data[:1024]
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        names = check_archive(raw.data, raw.limits)
        return next((kind for part, kind in _PARTS.items() if any(name.startswith(part) for name in names)), "zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "ole"
    return _other(head) if b"\0" in head else None


def _other(head: bytes) -> str | None:
    """A name for other binary content; None where nothing certain is known (UTF-16 has NULs too)."""
    try:
        found: Any = puremagic.magic_string(head)  # pyright: ignore[reportUnknownMemberType] untyped library
    except (puremagic.PureError, ValueError):
        return None
    best = next((match for match in found if match.confidence >= 0.8 and match.name), None)
    if best is None or best.mime_type.startswith("text/") or "utf" in best.name.casefold():
        return None
    return f"binary ({best.name})"
