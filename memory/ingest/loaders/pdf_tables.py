"""Tables of a PDF page, found by the lines and boxes that are drawn around their cells.

PDFium tells what is drawn and which words lie in a box; pdfplumber's geometry makes cells of lines. Its own reading of
a page (in Python, a second for a full one) is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ctypes import c_float
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import pypdfium2.raw

from memory.ingest.decode import clean
from memory.ingest.loaders.pdf_lines import Turn

pdfium_c: Any = pypdfium2.raw

MIN_EDGES = 4
MAX_EDGES = 2_000
MAX_SEGMENTS = 400
"""A path of more is a drawing."""
SNAP = 3.0
THIN = 3.0
_HYPHEN = re.compile(r"[\x02\ufffe]\s*")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page: its box in PDF points from the page's lower left, and its rows."""

    x0: float
    bottom: float
    x1: float
    top: float
    rows: list[list[str]]

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the table, a little tolerance granted."""
        return self.x0 - 2 <= x <= self.x1 + 2 and self.bottom - 1 <= y <= self.top + 1


def page_tables(page: Any, textpage: Any, turn: Turn) -> list[Table]:
    """Return a page's tables of at least two rows and two columns, in no certain order."""
    edges = list(_edges(page, turn))
    sides = [edge["orientation"] for edge in edges]
    if not MIN_EDGES <= len(edges) <= MAX_EDGES or min(sides.count("h"), sides.count("v")) < 2:
        return []
    geometry: Any = import_module("pdfplumber.table")
    merged = geometry.merge_edges(edges, SNAP, SNAP, SNAP, SNAP)
    cells = geometry.intersections_to_cells(geometry.edges_to_intersections(merged, SNAP, SNAP))
    found = (_table(textpage, geometry.Table(None, group), turn.back()) for group in geometry.cells_to_tables(cells))
    return [table for table in found if table is not None]


def _table(textpage: Any, found: Any, back: Turn) -> Table | None:
    rows = [[_words(textpage, cell, back) for cell in row.cells] for row in found.rows]
    rows = [row for row in rows if any(row)]
    if len(rows) < 2 or max(len(row) for row in rows) < 2:
        return None
    x0, top, x1, bottom = found.bbox
    return Table(x0, -bottom, x1, -top, rows)


def _words(textpage: Any, cell: tuple[float, float, float, float] | None, back: Turn) -> str:
    if cell is None:
        return ""
    x0, top, x1, bottom = cell
    left, low, right, high = back.box(x0, -bottom, x1, -top)
    text = textpage.get_text_bounded(left=left, bottom=low, right=right, top=high, errors="replace")
    return " ".join(clean(_HYPHEN.sub("", text)).split())


def _edges(page: Any, turn: Turn) -> Iterator[dict[str, Any]]:
    """Upright and level lines, the sides of boxes among them; y grows downwards, as pdfplumber has it."""
    count = 0
    for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=3):
        segments = pdfium_c.FPDFPath_CountSegments(item.raw)
        if 2 <= segments <= MAX_SEGMENTS:
            for points in _strokes(item, segments):
                for edge in _sides([turn.box(x, y, x, y)[:2] for x, y in points]):
                    count += 1
                    yield edge
        if count > MAX_EDGES:
            return


def _strokes(item: Any, segments: int) -> Iterator[list[Point]]:
    """The connected strokes of a path as points of the page."""
    matrices = [item.get_matrix()]
    container = item.container
    while container is not None:
        matrices.append(container.get_matrix())
        container = container.container
    points: list[Point] = []
    x, y = c_float(), c_float()
    for number in range(segments):
        segment = pdfium_c.FPDFPath_GetPathSegment(item.raw, number)
        if pdfium_c.FPDFPathSegment_GetType(segment) == pdfium_c.FPDF_SEGMENT_MOVETO and points:
            yield points
            points = []
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        at: Point = (x.value, y.value)
        for matrix in matrices:
            at = matrix.on_point(*at)
        points.append(at)
        if pdfium_c.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
    if points:
        yield points


def _sides(points: Sequence[Point]) -> Iterator[dict[str, Any]]:
    xs, ys = [x for x, _ in points], [-y for _, y in points]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if len(points) > 2 and min(width, height) <= THIN:
        # A line that is drawn as a thin box.
        middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        ends = (
            ((min(xs), middle[1]), (max(xs), middle[1]))
            if width > height
            else ((middle[0], min(ys)), (middle[0], max(ys)))
        )
        yield from _side(*ends)
        return
    for (ax, ay), (bx, by) in pairwise(points):
        yield from _side((ax, -ay), (bx, -by))


def _side(a: Point, b: Point) -> Iterator[dict[str, Any]]:
    x0, x1, top, bottom = min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
    across, down = x1 - x0, bottom - top
    if max(across, down) >= SNAP and min(across, down) <= 1:
        orientation = "h" if across > down else "v"
        if orientation == "h":
            top = bottom = (top + bottom) / 2
        else:
            x0 = x1 = (x0 + x1) / 2
        yield {
            "orientation": orientation,
            "x0": x0,
            "x1": x1,
            "top": top,
            "bottom": bottom,
            "width": across,
            "height": down,
        }
