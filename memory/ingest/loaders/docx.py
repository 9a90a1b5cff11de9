"""DOCX: paragraphs, headings by style, lists and tables in the order of the document's body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from memory.errors import Refused
from memory.ingest.archive import check_archive
from memory.ingest.decode import clean
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table
from memory.records import Scalar

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LEVEL = re.compile(r"(?:heading|überschrift|titre) (\d)", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the document; its title is its Title paragraph, else its core property, else its first heading."""
    check_archive(raw.data, raw.limits)
    try:
        document = docx.Document(BytesIO(raw.data))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise Refused(f"it is not a readable DOCX ({error})") from error
    writer = _Writer(TextBuilder(raw.limits.text_characters))
    for block in document.iter_inner_content():
        writer.write(block)
    core, metadata = document.core_properties, dict[str, Scalar]()
    if core.author and core.author != "python-docx":
        metadata["author"] = clean(core.author)[:200]
    blocks = tuple(writer.builder.blocks)
    first = next((block.heading[-1] for block in blocks if block.kind == "heading"), "")
    title = writer.title or clean(core.title or "").strip() or first
    yield Parsed(writer.builder.text(), blocks, MEDIA_TYPE, title, metadata=metadata)


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self.builder = builder
        self.title = ""

    def write(self, block: Paragraph | Table) -> None:
        if isinstance(block, Table):
            rows = [row for row in _rows(block) if any(row)]
            add_table(self.builder, rows, headed=True)
            return
        text = clean(block.text).strip()
        style = (block.style.name if block.style is not None else "") or ""
        if not text:
            return
        if level := _LEVEL.match(style):
            self.builder.add_heading(text, int(level[1]))
        elif style == "Title":
            self.title = self.title or text
            self.builder.add_heading(text, 0)
        elif style.startswith("List") or _is_numbered(block):
            self.builder.add(f"- {text}", glue="\n")
        else:
            self.builder.add(text)


def _is_numbered(paragraph: Paragraph) -> bool:
    element: Any = paragraph._p  # pyright: ignore[reportPrivateUsage] no public way to see numbering
    return element.find(f"{_W}pPr/{_W}numPr") is not None


def _rows(table: Table) -> Iterator[list[str]]:
    """Cells by row. A cell merged downwards is repeated in each row, one merged sideways is said once."""
    above: list[str] = []
    for row in table._tbl.tr_lst:  # pyright: ignore[reportPrivateUsage] Row.cells takes quadratic time
        cells: list[str] = []
        for cell in row.tc_lst:
            column = len(cells)
            continued = cell.vMerge == "continue" and column < len(above)
            cells.append(above[column] if continued else _cell(cell))
            cells += [""] * (cell.grid_span - 1)
        above = cells
        yield cells


def _cell(cell: Any) -> str:
    paragraphs = (
        "".join(node.text or " " for node in part.iter(f"{_W}t", f"{_W}tab", f"{_W}br")) for part in cell.iter(f"{_W}p")
    )
    return clean(" ".join(text.strip() for text in paragraphs if text.strip()))
