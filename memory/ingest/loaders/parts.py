"""Files inside files (archives, mail): each is a document of its own; one that cannot be read costs only itself."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

from memory.errors import Refused
from memory.ingest.detect import detect
from memory.ingest.parsed import Parsed, Raw, RefusedPart

MAX_DEPTH = 3

_WANT = ("bad_alloc", "memory allocation", "out of memory", "cannot allocate", "not enough memory")

# What parsers raise over damaged input; memory and time are no matter of one part.
DAMAGED = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RecursionError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def reason_of(error: BaseException) -> str:
    """Return why a parser failed, as a person understands it; libraries in C tell their want of memory in words."""
    told = str(error).casefold()
    if isinstance(error, MemoryError) or any(word in told for word in _WANT):
        return "reading it takes too much memory"
    return f"it is damaged ({type(error).__name__})"


def load_part(outer: Raw, name: str, data: bytes) -> Iterator[Parsed | RefusedPart]:
    """Yield the documents of a file inside `outer`; their keys start with its name."""
    from memory.ingest.loaders import loader  # it imports us

    key = name.replace("#", "_").strip() or "part"
    inner = replace(outer, name=name, data=data, depth=outer.depth + 1)
    if inner.depth > MAX_DEPTH:
        yield RefusedPart(key, f"files are nested deeper than {MAX_DEPTH} levels")
        return
    try:
        for item in loader(detect(inner))(inner):
            yield replace(item, key=f"{key}#{item.key}" if item.key else key)
    except Refused as refused:
        yield RefusedPart(key, refused.reason)
    except DAMAGED as error:
        yield RefusedPart(key, reason_of(error))
