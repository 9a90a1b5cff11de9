"""Names in Redis made of parts: no two meet, whatever is in the parts, and they keep the parts' order.

A part ends in NUL; a NUL of its own is followed by 0xFF, which UTF-8 never has.
"""

from __future__ import annotations

import re

_END = re.compile(rb"\x00(?!\xff)")


def encoded(text: str) -> bytes:
    """Return UTF-8, half surrogate pairs included: an id is kept, whatever it is."""
    return text.encode(errors="surrogatepass")


def name(kind: str, *parts: str) -> bytes:
    """Return a name of a kind (one letter), or the start of all names that begin with these parts."""
    return kind.encode() + b"".join(encoded(part).replace(b"\0", b"\0\xff") + b"\0" for part in parts)


def parts_of(name: bytes) -> list[str]:
    """Return the parts of a name."""
    pieces = _END.split(name[1:])[:-1]
    return [piece.replace(b"\0\xff", b"\0").decode(errors="surrogatepass") for piece in pieces]
