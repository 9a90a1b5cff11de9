"""Streams of a PDF that inflate beyond reason are found before PDFium inflates them."""

from __future__ import annotations

import re
import zlib

from memory.errors import Refused
from memory.ingest.archive import MAX_RATIO, RATIO_BYTES

DEFLATE = 1_032
"""Deflate packs at most so many bytes into one."""
DICTIONARY = 2_000
_STREAM = re.compile(rb"stream\r?\n")
_FILTER = re.compile(rb"/Filter\s*(\[[^\]]{0,500}\]|/\w+)")
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")


def check_streams(data: bytes, unpacked_bytes: int) -> None:
    """Refuse a PDF with a stream that inflates beyond the limit of unpacked bytes.

    One that is packed several times over may not inflate to 16 MiB and two hundred times its size: a white page, packed
    once, does as much.
    """
    for found in _STREAM.finditer(data):
        if data[found.start() - 3 : found.start()] == b"end":
            continue
        filters = _FILTER.search(data, max(data.rfind(b"obj", 0, found.start()), found.start() - DICTIONARY))
        layers = len(_FLATE.findall(filters[1])) if filters and filters.start() < found.start() else 0
        end = data.find(b"endstream", found.end())
        packed = data[found.end() : end if end >= 0 else len(data)]
        if layers > 1:
            _check(packed, layers, max(RATIO_BYTES, MAX_RATIO * len(packed)))
        elif layers and len(packed) * DEFLATE > unpacked_bytes:
            _check(packed, layers, unpacked_bytes)


def _check(packed: bytes, layers: int, most: int) -> None:
    for _ in range(layers):
        inflating = zlib.decompressobj()
        try:
            packed = inflating.decompress(packed, most)
        except zlib.error:
            return  # encrypted or damaged: PDFium will tell
        if inflating.unconsumed_tail:
            raise Refused(f"a part of it unpacks to more than {most:,} bytes")
