"""Lines of words that were read in a picture, in reading order, as those of a PDF page are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from memory.ingest.loaders.ocr import Array, Box, read_words
from memory.ingest.loaders.pdf_columns import Halves, by_columns
from memory.ingest.loaders.pdf_lines import Line

LARGE = 1.35
"""Rows so many times higher than most are headings; a little more or less is the same type."""
GAP = 2.0
"""Words of a row that are so many times their height apart belong to two columns or cells."""


def picture_lines(picture: Array, told: Callable[[], None], scale: float = 1.0) -> list[Line]:
    """Return the lines of a picture in reading order, column by column where it has two.

    Args:
        picture: (height, width, 3) uint8.
        told: is called while it goes on.
        scale: pixels of the picture to a point of the page that it shows; positions are told in points.
    """
    height, boxes = read_words(picture, told)
    if not boxes:
        return []
    usual = median(box.height for box in boxes)
    rows = [[_line(box, height, usual, scale) for box in row] for row in _rows(boxes)]
    parts = [_parted(row, usual / scale) for row in rows]
    return by_columns(parts) or [_joined(row) for row in rows]


def _rows(boxes: Sequence[Box]) -> Iterator[list[Box]]:
    """Boxes side by side, from the top down."""
    row: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.y):
        if row and box.y - sum(one.y for one in row) / len(row) > 0.5 * min(box.height, row[-1].height):
            yield sorted(row, key=lambda box: box.x)
            row = []
        row.append(box)
    if row:
        yield sorted(row, key=lambda box: box.x)


def _line(box: Box, height: int, usual: float, scale: float) -> Line:
    size = box.height if box.height > LARGE * usual else usual
    middle = height - box.y
    return Line(
        text=box.text,
        x0=(box.x - box.width / 2) / scale,
        x1=(box.x + box.width / 2) / scale,
        bottom=(middle - box.height / 2) / scale,
        top=(middle + box.height / 2) / scale,
        size=round(2 * size / scale) / 2,
    )


def _parted(row: Sequence[Line], usual: float) -> Line | Halves:
    """A row with the widest gap between its words, if that is wide."""
    gaps = [(after.x0 - before.x1, at) for at, (before, after) in enumerate(pairwise(row), 1)]
    width, at = max(gaps, default=(0.0, 0))
    return Halves(_joined(row[:at]), _joined(row[at:])) if width > GAP * usual else _joined(row)


def _joined(row: Sequence[Line]) -> Line:
    text = " ".join(line.text for line in row)
    bottom, top = min(line.bottom for line in row), max(line.top for line in row)
    return Line(text, row[0].x0, row[-1].x1, bottom, top, max(line.size for line in row))
