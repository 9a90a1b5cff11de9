"""Lines of PDF pages with where they stand, and what they make: paragraphs, headings, running heads and feet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass
from math import pi
from typing import Any

import pypdfium2.raw

from memory.ingest.decode import clean

pdfium_c: Any = pypdfium2.raw

MAX_LEVELS = 4
_BULLET = re.compile(r"\s*(?:[•▪◦‣●○■□–—*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_HYPHEN = re.compile(r"[^\W\d_]{2,}[-\u00ad\u2010\u0002]$")
_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"[ \t\u00a0]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; positions in PDF points from the page's lower left; size of its type, in half points."""

    text: str
    x0: float
    x1: float
    bottom: float
    top: float
    size: float


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that make one paragraph."""

    text: str
    size: float


@dataclass(frozen=True, slots=True)
class Turn:
    """How a page's words are turned: `quarters` of a circle, anticlockwise. Lines are told as if they were upright."""

    quarters: int = 0

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """Return an upright box (left, bottom, right, top) of a box on the page."""
        match self.quarters:
            case 1:
                return y0, -x1, y1, -x0
            case 2:
                return -x1, -y1, -x0, -y0
            case 3:
                return -y1, x0, -y0, x1
            case _:
                return x0, y0, x1, y1

    def back(self) -> Turn:
        """The turn that undoes this one."""
        return Turn(-self.quarters % 4)


def turn_of(textpage: Any) -> Turn:
    """Return how most of a page's words are turned, judged by up to a hundred letters."""
    count: int = textpage.count_chars()
    seen: Counter[int] = Counter()
    for at in range(0, count, max(1, count // 100)):
        angle: float = pdfium_c.FPDFText_GetCharAngle(textpage.raw, at)
        if angle >= 0:
            seen[-round(angle / (pi / 2)) % 4] += 1  # PDFium counts clockwise
    most = seen.most_common(1)
    return Turn(most[0][0]) if most else Turn()


class Reader:
    """Lines of a page's text with where they stand."""

    def __init__(self, textpage: Any, turn: Turn) -> None:
        """Read from a text page of PDFium."""
        self._raw = textpage.raw
        self._turn = turn
        self._text: str = textpage.get_text_range(errors="replace")

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield where each line that is not blank starts and ends."""
        start = 0
        for part in re.split(r"(\r\n|\n|\r)", self._text):
            if part.strip():
                yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
            start += len(part)

    def gap(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the widest gap of a line, if it is wider than two letters are high: where it starts and ends."""
        best, widest = None, 0.0
        for space in _SPACE.finditer(self._text, start, end):
            before, after = self._box(space.start() - 1), self._box(space.end())
            width, height = after[0] - before[2], max(before[3] - before[1], after[3] - after[1], 4.0)
            if width > max(widest, 2 * height):
                best, widest = (space.start(), space.end()), width
        return best

    def line(self, start: int, end: int) -> Line:
        """Return a stretch of the text as a line."""
        first, last = self._box(start), self._box(end - 1)
        places = {start, (start + end - 1) // 2, end - 1}
        sizes = Counter(round(2 * pdfium_c.FPDFText_GetFontSize(self._raw, at)) / 2 for at in places)
        size = max(sizes.most_common(1)[0][0], 0.0)
        # Type size is 1 where a transformation does the scaling: then the height of the type has to do.
        size = size if size > 1 else round(2 * self._type_height(start)) / 2
        if self._is_aslant(start) and self._is_aslant(end - 1):
            size = 0.0  # what is printed along an edge heads nothing
        bare = clean(self._text[start:end].replace("\ufffe", "-").replace("\x02", "-"))
        text = _SPACE.sub(" ", bare).strip()
        return Line(text, first[0], last[2], min(first[1], last[1]), max(first[3], last[3]), size)

    def _type_height(self, at: int) -> float:
        """How high the type of a letter is, whichever letter it is."""
        box = pdfium_c.FS_RECTF()
        if not pdfium_c.FPDFText_GetLooseCharBox(self._raw, at, box):
            return 0.0
        _, low, _, high = self._turn.box(box.left, box.bottom, box.right, box.top)
        return abs(high - low)

    def _is_aslant(self, at: int) -> bool:
        angle: float = pdfium_c.FPDFText_GetCharAngle(self._raw, at)
        return angle >= 0 and -round(angle / (pi / 2)) % 4 != self._turn.quarters

    def _box(self, at: int) -> tuple[float, float, float, float]:
        left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
        if not pdfium_c.FPDFText_GetCharBox(self._raw, at, left, right, bottom, top):
            return 0.0, 0.0, 0.0, 0.0
        return self._turn.box(left.value, bottom.value, right.value, top.value)


def paragraphs(lines: Sequence[Line]) -> Iterator[Group]:
    """Join lines into paragraphs: a larger gap, another type size, a bullet or a short last line ends one."""
    width = max((line.x1 for line in lines), default=0.0)
    group: list[Line] = []
    for line in lines:
        if group and _parts(group[-1], line, width):
            yield _joined(group)
            group = []
        group.append(line)
    if group:
        yield _joined(group)


def _parts(before: Line, line: Line, width: float) -> bool:
    if before.size != line.size or _BULLET.match(line.text):
        return True
    step, height = before.bottom - line.bottom, max(before.size, 1.0)
    if step < -height or step > 2.2 * height:
        return True
    is_short = before.x1 < before.x0 + 0.75 * (width - before.x0)
    return is_short and before.text[-1:] in ".!?:。" and not line.text[:1].islower()


def _joined(lines: Sequence[Line]) -> Group:
    text = ""
    for line in lines:
        if _HYPHEN.search(text) and line.text[:1].islower():
            text = text[:-1] + line.text if text[-1] != "-" or _is_broken(text, line.text) else text + line.text
        else:
            text = f"{text} {line.text}" if text else line.text
    return Group(text, lines[0].size)


def _is_broken(before: str, after: str) -> bool:
    """Whether a hyphen at a line's end is the printer's: both parts look like pieces of one word."""
    head = before[:-1].rsplit(" ", 1)[-1]
    return "-" not in head and after[:1].islower() and len(head) > 2


def headings(lines: Sequence[Line]) -> dict[float, int]:
    """Return type size -> level for the sizes above the body's, the largest first."""
    weight: Counter[float] = Counter()
    for line in lines:
        weight[line.size] += len(line.text)
    if not weight:
        return {}
    body = weight.most_common(1)[0][0]
    total = sum(weight.values())
    larger = sorted((size for size in weight if size >= body * 1.12 and weight[size] < 0.2 * total), reverse=True)
    return {size: min(level, MAX_LEVELS) for level, size in enumerate(larger, 1)}


def running_lines(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Return heads and feet: first or last lines that come, but for numbers, on more than half of the pages.

    Of two or three pages, they come on all and hold a number.
    """
    edges: dict[str, set[str]] = {}
    count: Counter[str] = Counter()
    for lines in pages:
        shapes = {_NUMBER.sub("0", line.text): line.text for line in (*lines[:2], *lines[-2:])}
        count.update(shapes.keys())
        for shape, text in shapes.items():
            edges.setdefault(shape, set()).add(text)
    few = len(pages) < 4
    often = len(pages) - 1 if few else len(pages) / 2
    running = [shape for shape in edges if count[shape] > max(often, 1) and (not few or "0" in shape)]
    return frozenset(text for shape in running for text in edges[shape])
