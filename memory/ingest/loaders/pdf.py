"""PDF: the text of each page in reading order, tables by their ruled lines, headings by their type size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2 as pdfium

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.pdf_columns import page_lines
from memory.ingest.loaders.pdf_lines import Line, Reader, Turn, headings, paragraphs, running_lines, turn_of
from memory.ingest.loaders.pdf_tables import Table, page_tables
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, looks_headed
from memory.records import Scalar

MAX_PAGES = 5_000


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the document.

    Raises:
        Refused: encrypted, damaged, more than 5,000 pages, or without any text.
    """
    try:
        document = pdfium.PdfDocument(raw.data)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).casefold()
        raise Refused("it is protected by a password" if locked else f"it is a damaged PDF ({error})") from error
    if len(document) > MAX_PAGES:
        raise Refused(f"it has more than {MAX_PAGES:,} pages")
    pages, tables = _read(document)
    if not any(pages):
        raise Refused(f"there is no text on its {len(pages)} pages: it may be a scan")
    builder = TextBuilder(raw.limits.text_characters)
    _write(builder, pages, tables)
    title, metadata = _declared(document)
    first = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    yield Parsed(builder.text(), tuple(builder.blocks), "application/pdf", title or first, metadata=metadata)


def _read(document: Any) -> tuple[list[list[Line]], dict[int, list[Table]]]:
    pages: list[list[Line]] = []
    tables: dict[int, list[Table]] = {}
    for number in range(len(document)):
        page = document[number]
        turn = _turn(page)
        # PDFium tells the lines of a page that is not displayed upright from foot to head.
        page.set_rotation(90 * turn.quarters)
        textpage = page.get_textpage()
        try:
            lines = page_lines(Reader(textpage, turn))
            pages.append(lines)
            if lines and (found := page_tables(page, textpage, turn)):
                tables[number] = found
        finally:
            textpage.close()
            page.close()
    return pages, tables


def _turn(page: Any) -> Turn:
    page.set_rotation(0)
    textpage = page.get_textpage()
    try:
        return turn_of(textpage)
    finally:
        textpage.close()


def _write(builder: TextBuilder, pages: Sequence[list[Line]], tables: dict[int, list[Table]]) -> None:
    running = running_lines(pages)
    levels = headings([line for page in pages for line in page])
    for index, lines in enumerate(pages):
        waiting = list(tables.get(index, ()))
        prose: list[Line] = []
        for line in lines:
            inside = next(
                (table for table in tables.get(index, ()) if table.holds(line.x0, (line.bottom + line.top) / 2)), None
            )
            if inside is None and line.text not in running:
                prose.append(line)
            elif inside in waiting:
                _flow(builder, prose, levels, index + 1)
                prose = []
                waiting.remove(inside)
                add_table(builder, inside.rows, headed=looks_headed(inside.rows), page=index + 1)
        _flow(builder, prose, levels, index + 1)


def _flow(builder: TextBuilder, lines: Sequence[Line], levels: dict[float, int], page: int) -> None:
    for group in paragraphs(lines):
        text, size = group.text, group.size
        if size in levels and len(text) <= 200:
            builder.add_heading(text, levels[size], page=page)
        else:
            builder.add(text, page=page)


def _declared(document: Any) -> tuple[str, dict[str, Scalar]]:
    """The title (unless it is a file's name, as printing programs leave it) and author of the file's properties."""
    said = {name.casefold(): clean(str(value)).strip() for name, value in document.get_metadata_dict().items()}
    title, author = said.get("title", ""), said.get("author", "")
    is_name = "." in title[-6:] or title.casefold().startswith(("microsoft word", "untitled"))
    return ("" if is_name else title[:300]), ({"author": author[:200]} if author else {})
