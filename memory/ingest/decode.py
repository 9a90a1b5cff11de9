"""Bytes of a text file to text: byte order marks, UTF-8, UTF-16 without a mark, then a guess among old encodings."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

from memory.errors import Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_SAMPLE = 64 * 1024


def decode(data: bytes) -> str:
    """Return the text with Unix line ends and without control characters.

    Raises:
        Refused: it is empty, or binary.
    """
    text = clean(_decode(data))
    if not text.strip():
        raise Refused("it is empty")
    return text


def clean(text: str) -> str:
    """Return text that every store and parser takes: no NUL, no control characters, no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if wide := _wide(data):
        return data.decode(wide, "replace")
    if data.count(0, 0, _SAMPLE) > max(3, len(data[:_SAMPLE]) // 100) or _is_noise(data):
        raise Refused("it is a binary file, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(data)


def _wide(data: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a NUL in every other byte."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half < 4:
        return None
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def _is_noise(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    control = sum(sample.count(code) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
    return control > len(sample) // 20


def _guess(data: bytes) -> str:
    mostly = data.decode("utf-8", "replace")
    if mostly.count("\ufffd") <= len(mostly) // 1000:
        return mostly
    best = charset_normalizer.from_bytes(data[:_SAMPLE]).best()
    return data.decode(best.encoding if best else "cp1252", "replace")
