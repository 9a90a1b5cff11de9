"""Plain text: paragraphs are blocks; form feeds are pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memory.ingest.decode import decode
from memory.ingest.parsed import Block, Parsed, Raw

_PARAGRAPH = re.compile(r"[^\n\f](?:[^\n\f]|\n(?![ \t]*\n))*")


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file's text as it is."""
    text = decode(raw.data).strip()
    yield Parsed(text, tuple(paragraphs(text)), "text/plain")


def paragraphs(text: str) -> Iterator[Block]:
    """Yield each paragraph of a text, with its page if the text has form feeds."""
    paged = "\f" in text
    page, seen = 1, 0
    for match in _PARAGRAPH.finditer(text):
        if not match.group().strip():
            continue
        page, seen = page + text.count("\f", seen, match.start()), match.start()
        yield Block(match.start(), match.end(), page=page if paged else None)
