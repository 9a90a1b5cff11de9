"""Lines of PDF pages with where they stand, and what they make: paragraphs, headings, running heads and feet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass
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


def page_lines(page: Any, textpage: Any) -> list[Line]:
    """Return the lines of a page in reading order: that of its content, or column by column."""
    text: str = textpage.get_text_range(errors="replace")
    lines: list[Line] = []
    start = 0
    for part in re.split(r"(\r\n|\n|\r)", text):
        bare = _SPACE.sub(" ", clean(part.replace("\ufffe", "-").replace("\x02", "-"))).strip()
        if bare:
            lines.append(_line(textpage, bare, start + len(part) - len(part.lstrip()), start + len(part.rstrip()) - 1))
        start += len(part)
    return lines


def _line(textpage: Any, text: str, first: int, last: int) -> Line:
    x0, bottom, _, top = _box(textpage, first)
    _, bottom2, x1, top2 = _box(textpage, last)
    sizes: Counter[float] = Counter(
        round(2 * pdfium_c.FPDFText_GetFontSize(textpage.raw, at)) / 2 for at in {first, (first + last) // 2, last}
    )
    size = max(sizes.most_common(1)[0][0], 0.0)
    height = top - bottom
    # Type size is 1 where a transformation does the scaling: then the letters' height has to do.
    return Line(text, x0, x1, min(bottom, bottom2), max(top, top2), size if size > 1 else round(2 * height) / 2)


def _box(textpage: Any, at: int) -> tuple[float, float, float, float]:
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    if not pdfium_c.FPDFText_GetCharBox(textpage.raw, at, left, right, bottom, top):
        return 0.0, 0.0, 0.0, 0.0
    return left.value, bottom.value, right.value, top.value


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
