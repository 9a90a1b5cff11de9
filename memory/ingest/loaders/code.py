"""Source code, as it is: cut where a blank line is followed by a line without indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from memory.errors import Refused
from memory.ingest.decode import decode
from memory.ingest.parsed import Block, Parsed, Raw

_CUT = re.compile(r"\n[ \t]*\n+(?=[^\s)\]}])")
_NAMED = re.compile(
    r"^(?:(?:export|default|pub(?:\(\w+\))?|public|private|protected|internal|static|abstract|final|async|unsafe) +)*"
    r"(?:class|def|function\*?|func|fn|interface|struct|enum|type|impl|trait|module|namespace|object|sub|record) +"
    r"(?:\([^)\n]{0,80}\) *)?([A-Za-z_$][\w$.]*)",
    re.MULTILINE,
)


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document; a block that defines a name stands under that name."""
    text = decode(raw.data).strip("\n")
    if len(text) > raw.limits.text_characters:
        raise Refused(f"it holds more than {raw.limits.text_characters:,} characters of text")
    blocks: list[Block] = []
    start = 0
    for end, following in [*((cut.start(), cut.end()) for cut in _CUT.finditer(text)), (len(text), len(text))]:
        piece = text[start:end]
        if piece.strip():
            named = _NAMED.search(piece)
            blocks.append(Block(start, start + len(piece.rstrip()), "code", (named[1],) if named else ()))
        start = following
    yield Parsed(text, tuple(blocks), "text/x-source", PurePosixPath(raw.name).name, language="")
