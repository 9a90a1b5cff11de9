"""The words of DOCX elements as a reader of the accepted text sees them: without what was deleted or is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from memory.ingest.decode import clean

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MARKS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": "\t"}
_TEXT = frozenset({f"{W}t", f"{_MATH}t"})
_NOTES = frozenset({f"{W}footnoteReference", f"{W}endnoteReference"})
_LEFT_OUT = frozenset({f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "tblPr", "sdtPr", "instrText")})
_HIDDEN = f"{W}rPr/{W}vanish"
_PAGE = re.compile(r"\W*(?:page|seite|p\.|s\.)?\W*\d*\W*(?:of|von|/)?\W*\d*\W*", re.IGNORECASE)


@dataclass(slots=True)
class Words:
    """What a stretch says: its text; and, to be read after it, the boxes that hang on it and the ids of its notes."""

    parts: list[str] = field(default_factory=list[str])
    boxes: list[Any] = field(default_factory=list[Any])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    @property
    def text(self) -> str:
        """The words, trimmed."""
        return clean("".join(self.parts)).strip()


def words_of(element: Any) -> Words:
    """Return what a paragraph, or another stretch of runs, says."""
    words = Words()
    _collect(element, words)
    return words


def _collect(element: Any, words: Words) -> None:
    for child in _seen(element):
        tag = child.tag
        if tag in _TEXT:
            words.parts.append(child.text or "")
        elif tag in _MARKS:
            words.parts.append(_MARKS[tag])
        elif tag in _NOTES:
            words.notes.append((tag[len(W) :].removesuffix("Reference"), str(child.get(f"{W}id"))))
        elif tag == f"{W}txbxContent":
            words.boxes.append(child)
        elif tag != f"{W}r" or child.find(_HIDDEN) is None:
            _collect(child, words)


def _seen(element: Any) -> Iterator[Any]:
    """The children that are shown: of alternatives for other programs only the first."""
    for child in element:
        if child.tag == f"{_COMPATIBLE}AlternateContent":
            yield from child[:1]
        elif isinstance(child.tag, str) and child.tag not in _LEFT_OUT:
            yield child


def blocks_of(element: Any) -> Iterator[Any]:
    """Yield the paragraphs and tables in an element (a body, a cell, a note, a box) in order, wrappers opened."""
    for child in _seen(element):
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag not in _TEXT:
            yield from blocks_of(child)


def rows_of(table: Any) -> Iterator[tuple[list[str], Words]]:
    """Yield rows of cells, and what hangs on each row. A cell merged downwards is repeated, sideways said once."""
    above: list[str] = []
    for row in _down(table, f"{W}tr"):
        if row.find(f"{W}trPr/{W}del") is not None:
            continue
        cells: list[str] = []
        hanging = Words()
        for cell in _down(row, f"{W}tc"):
            column = len(cells)
            merged = cell.find(f"{W}tcPr/{W}vMerge")
            continued = merged is not None and merged.get(f"{W}val") in (None, "continue") and column < len(above)
            cells.append(above[column] if continued else _cell(cell, hanging))
            cells += [""] * (_span(cell) - 1)
        above = cells
        yield cells, hanging


def _down(element: Any, tag: str) -> Iterator[Any]:
    for child in _seen(element):
        if child.tag == tag:
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml", f"{W}ins"):
            yield from _down(child, tag)


def _cell(cell: Any, hanging: Words) -> str:
    said: list[str] = []
    for paragraph in cell.iter(f"{W}p"):
        if next(paragraph.iterancestors(f"{W}txbxContent", f"{W}tc")).tag == f"{W}txbxContent":
            continue  # a box is read after the table
        words = words_of(paragraph)
        hanging.boxes += words.boxes
        hanging.notes += words.notes
        said.append(words.text.replace("\n", " ").replace("\t", " "))
    return " ".join(text for text in said if text)


def _span(cell: Any) -> int:
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    value = "1" if span is None else str(span.get(f"{W}val"))
    return min(int(value), 100) if value.isdigit() else 1


def is_page_number(text: str) -> bool:
    """Whether a head or foot says nothing but the page."""
    return _PAGE.fullmatch(text) is not None


def value_of(element: Any, path: str) -> str:
    """The value of what lies at a path under an element; "" where nothing does."""
    found = element.find(path)
    return "" if found is None else str(found.get(f"{W}val") or "")
