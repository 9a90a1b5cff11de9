"""Pages that were printed line by line across two columns of prose: read column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from memory.ingest.loaders.pdf_lines import Line, Reader

MIN_LINES = 3
MIN_WORDS = 3.0
"""Halves of fewer words on average are cells of a table without lines: their rows stay together."""


@dataclass(frozen=True, slots=True)
class Halves:
    """A line with a wide gap, and what stands on both sides of it."""

    left: Line
    right: Line


def page_lines(reader: Reader) -> list[Line]:
    """Return the lines of a page in reading order: that of its content, or column by column."""
    spans = list(reader.spans())
    parts = [_halved(reader, start, end) for start, end in spans]
    lines = by_columns(parts)
    if lines is None:
        both = zip(parts, spans, strict=True)
        lines = [part if isinstance(part, Line) else reader.line(*span) for part, span in both]
    return [line for line in lines if line.text]


def _halved(reader: Reader, start: int, end: int) -> Line | Halves:
    gap = reader.gap(start, end)
    return Halves(reader.line(start, gap[0]), reader.line(gap[1], end)) if gap else reader.line(start, end)


def by_columns(lines: Sequence[Line | Halves]) -> list[Line] | None:
    """Return the lines column by column between those that cross the page; None if there are no two columns."""
    halved = [item for item in lines if isinstance(item, Halves)]
    if len(halved) < MIN_LINES:
        return None
    start, end = max(item.left.x1 for item in halved), min(item.right.x0 for item in halved)
    words = [len(half.text.split()) for item in halved for half in (item.left, item.right)]
    if start >= end or mean(words) < MIN_WORDS:
        return None
    return _ordered(lines, start, end)


def _ordered(lines: Sequence[Line | Halves], start: float, end: float) -> list[Line]:
    out: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        if isinstance(line, Halves):
            left.append(line.left)
            right.append(line.right)
        elif line.x1 <= end:
            left.append(line)
        elif line.x0 >= start:
            right.append(line)
        else:
            out += [*left, *right, line]
            left, right = [], []
    return [*out, *left, *right]
