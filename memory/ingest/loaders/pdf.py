"""PDF: the text of each page in reading order, tables by their ruled lines, headings by their type size.

pypdfium2 reads the text; pdfplumber, which is far slower, only looks at pages that have ruled lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.pdf_lines import Line, headings, page_lines, paragraphs, running_lines
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, looks_headed
from memory.records import Scalar

MAX_PAGES = 5_000
MIN_RULES = 6
MAX_TABLE_PAGES = 200
"""Beyond this many ruled pages tables are read as plain text: a page can take half a second."""


class _Table:
    """A table of a page: its box (x0, bottom, x1, top) in PDF points, and its rows."""

    def __init__(self, box: tuple[float, float, float, float], rows: list[list[str]]) -> None:
        self.box = box
        self.rows = rows

    def holds(self, line: Line) -> bool:
        x0, bottom, x1, top = self.box
        return x0 - 2 <= line.x0 <= x1 + 2 and bottom - 1 <= (line.bottom + line.top) / 2 <= top + 1


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
    pages, ruled = _read(document)
    if not any(pages):
        raise Refused(f"there is no text on its {len(pages)} pages: it may be a scan")
    tables = _tables(raw.data, ruled[:MAX_TABLE_PAGES])
    builder = TextBuilder(raw.limits.text_characters)
    _write(builder, pages, tables)
    title, metadata = _declared(document)
    first = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    yield Parsed(builder.text(), tuple(builder.blocks), "application/pdf", title or first, metadata=metadata)


def _read(document: Any) -> tuple[list[list[Line]], list[int]]:
    pages: list[list[Line]] = []
    ruled: list[int] = []
    for number in range(len(document)):
        page = document[number]
        pages.append(page_lines(page))
        if pages[-1] and _rules(page) >= MIN_RULES:
            ruled.append(number)
        page.close()
    return pages, ruled


def _rules(page: Any) -> int:
    """How many drawn paths a page has, counted no further than needed."""
    count = 0
    for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=2):
        count += item is not None
        if count >= MIN_RULES:
            break
    return count


def _tables(data: bytes, numbers: Sequence[int]) -> dict[int, list[_Table]]:
    if not numbers:
        return {}
    found: dict[int, list[_Table]] = {}
    try:
        with pdfplumber.open(BytesIO(data)) as document:
            for number in numbers:
                page = document.pages[number]
                found[number] = [table for item in page.find_tables() if (table := _table(page, item)) is not None]
                page.close()
    except (PdfminerException, PDFException, ValueError, KeyError, TypeError, IndexError):
        return found  # the text is read already: a table that pdfminer cannot follow stays plain text
    return found


def _table(page: Any, item: Any) -> _Table | None:
    rows = [[clean(cell or "").replace("\n", " ").strip() for cell in row] for row in item.extract()]
    rows = [row for row in rows if any(row)]
    if len(rows) < 2 or max(len(row) for row in rows) < 2:
        return None
    x0, top, x1, bottom = item.bbox
    height = float(page.height)
    return _Table((float(x0), height - float(bottom), float(x1), height - float(top)), rows)


def _write(builder: TextBuilder, pages: Sequence[list[Line]], tables: dict[int, list[_Table]]) -> None:
    running = running_lines(pages)
    levels = headings([line for page in pages for line in page])
    for index, lines in enumerate(pages):
        waiting = list(tables.get(index, ()))
        prose: list[Line] = []
        for line in lines:
            inside = next((table for table in tables.get(index, ()) if table.holds(line)), None)
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
