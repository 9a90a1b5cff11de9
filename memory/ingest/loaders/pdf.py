"""PDF: the text of each page in reading order, tables by their ruled lines, headings by their type size.

Pages without text of their own are pictures of text: those are read by OCR.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.pdf_columns import page_lines
from memory.ingest.loaders.pdf_lines import Reader, Turn, turn_of
from memory.ingest.loaders.pdf_pages import Page, write_pages
from memory.ingest.loaders.pdf_pictures import is_picture, page_words
from memory.ingest.loaders.pdf_streams import check_streams
from memory.ingest.loaders.pdf_tables import page_tables
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.records import Scalar

MAX_PAGES = 5_000


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the document.

    Raises:
        Refused: encrypted, damaged, more than 5,000 pages, or without any text.
    """
    check_streams(raw.data, raw.limits.unpacked_bytes)
    try:
        document = pdfium.PdfDocument(raw.data)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).casefold()
        raise Refused("it is protected by a password" if locked else f"it is a damaged PDF ({error})") from error
    if len(document) > MAX_PAGES:
        raise Refused(f"it has more than {MAX_PAGES:,} pages")
    title, metadata = _declared(document)
    pages = _read(raw, document)
    if not any(page.lines for page in pages):
        raise Refused(f"there is no text on its {len(pages)} pages, nor in pictures of them")
    builder = TextBuilder(raw.limits.text_characters)
    write_pages(builder, pages)
    if seen := sum(bool(page.lines) for page in pages if page.is_ocr):
        metadata["ocr_pages"] = seen
    first = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    yield Parsed(builder.text(), tuple(builder.blocks), "application/pdf", title or first, metadata=metadata)


def _read(raw: Raw, document: Any) -> list[Page]:
    pages: list[Page] = []
    count = len(document)
    for number in range(count):
        page = document[number]
        try:
            read = _page(page)
            if is_picture(page, read.lines):
                read = Page(page_words(page, lambda: raw.tell(number + 1, count)), is_ocr=True)  # noqa: B023 called here
            pages.append(read)
        finally:
            page.close()
        raw.tell(number + 1, count)
    return pages


def _page(page: Any) -> Page:
    turned = page.get_rotation()
    turn = _turn(page)
    # PDFium tells the lines of a page that is not displayed upright from foot to head.
    page.set_rotation(90 * turn.quarters)
    textpage = page.get_textpage()
    try:
        lines = page_lines(Reader(textpage, turn))
        return Page(lines, page_tables(page, textpage, turn) if lines else ())
    finally:
        textpage.close()
        page.set_rotation(turned)


def _turn(page: Any) -> Turn:
    page.set_rotation(0)
    textpage = page.get_textpage()
    try:
        return turn_of(textpage)
    finally:
        textpage.close()


def _declared(document: Any) -> tuple[str, dict[str, Scalar]]:
    """The title (unless it is a file's name, as printing programs leave it) and author of the file's properties."""
    said = {name.casefold(): clean(str(value)).strip() for name, value in document.get_metadata_dict().items()}
    title, author = said.get("title", ""), said.get("author", "")
    is_name = "." in title[-6:] or title.casefold().startswith(("microsoft word", "untitled"))
    return ("" if is_name else title[:300]), ({"author": author[:200]} if author else {})
