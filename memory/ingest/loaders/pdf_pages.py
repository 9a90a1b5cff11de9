"""Pages of lines and tables, of a PDF or of pictures, as blocks: headings by type size, heads and feet left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memory.ingest.loaders.pdf_lines import Line, headings, paragraphs, running_lines
from memory.ingest.loaders.pdf_tables import Table
from memory.ingest.parsed import TextBuilder
from memory.ingest.rows import add_table, looks_headed

MAX_HEADING = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on a page. is_ocr: its words were read from a picture."""

    lines: Sequence[Line]
    tables: Sequence[Table] = field(default_factory=tuple[Table, ...])
    is_ocr: bool = False


def write_pages(builder: TextBuilder, pages: Sequence[Page], *, numbered: bool = True) -> None:
    """Write pages in order; with `numbered`, blocks know their page."""
    running = running_lines([page.lines for page in pages])
    levels = headings([line for page in pages for line in page.lines])
    for number, page in enumerate(pages, 1):
        builder.is_ocr = page.is_ocr
        # A page that would be left empty says these lines, and does not repeat them.
        left_out = running if any(line.text not in running for line in page.lines) else frozenset[str]()
        _write(builder, page, left_out, levels, number if numbered else None)
    builder.is_ocr = False


def _write(
    builder: TextBuilder, page: Page, running: frozenset[str], levels: dict[float, int], number: int | None
) -> None:
    waiting = list(page.tables)
    prose: list[Line] = []
    for line in page.lines:
        inside = next((table for table in page.tables if table.holds(line.x0, (line.bottom + line.top) / 2)), None)
        if inside is None and line.text not in running:
            prose.append(line)
        elif inside in waiting:
            _flow(builder, prose, levels, number)
            prose = []
            waiting.remove(inside)
            add_table(builder, inside.rows, headed=looks_headed(inside.rows), page=number)
    _flow(builder, prose, levels, number)


def _flow(builder: TextBuilder, lines: Sequence[Line], levels: dict[float, int], number: int | None) -> None:
    for group in paragraphs(lines):
        if group.size in levels and len(group.text) <= MAX_HEADING:
            builder.add_heading(group.text, levels[group.size], page=number)
        else:
            builder.add(group.text, page=number)
