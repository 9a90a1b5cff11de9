"""DOCX: what a reader of the accepted text sees, in order: paragraphs, headings, lists, tables, boxes and notes.

Numbers that Word counts stand before their headings and items. Heads and feet are said once, before and after.
Comments are talk about the text and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import docx
from docx.opc.exceptions import PackageNotFoundError

from memory.errors import Refused
from memory.ingest.archive import check_office
from memory.ingest.decode import clean
from memory.ingest.loaders.docx_numbers import BULLET, Numbers
from memory.ingest.loaders.docx_text import W, Words, blocks_of, is_page_number, rows_of, value_of, words_of
from memory.ingest.loaders.xml import parse
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, looks_headed
from memory.records import Scalar

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_BASES = 10
_LEVEL = re.compile(r"(?:heading|überschrift|titre) (\d)", re.IGNORECASE)
_DAMAGED = (PackageNotFoundError, BadZipFile, KeyError, ValueError, SyntaxError)


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the document; its title is its Title paragraph, else its core property, else its first heading."""
    check_office(raw.data, raw.limits)
    try:
        document = docx.Document(BytesIO(raw.data))
    except _DAMAGED as error:
        raise Refused(f"it is not a readable DOCX ({error})") from error
    writer = _Writer(TextBuilder(raw.limits.text_characters), document)
    writer.write_all()
    core, metadata = document.core_properties, dict[str, Scalar]()
    if core.author and core.author != "python-docx":
        metadata["author"] = clean(core.author)[:200]
    blocks = tuple(writer.builder.blocks)
    first = next((block.heading[-1] for block in blocks if block.kind == "heading"), "")
    title = writer.title or clean(core.title or "").strip() or first
    yield Parsed(writer.builder.text(), blocks, MEDIA_TYPE, title, metadata=metadata)


class _Writer:
    def __init__(self, builder: TextBuilder, document: Any) -> None:
        self.builder = builder
        self.title = ""
        self._document = document
        self._styles = {style.get(f"{W}styleId"): style for style in document.styles.element.iter(f"{W}style")}
        self._numbers = Numbers(document, self._styles)
        self._notes = {kind: _notes(document.part, kind) for kind in ("footnote", "endnote")}
        self._said: set[str] = set()

    def write_all(self) -> None:
        self._edges("header")
        self._blocks(self._document.element.body)
        self._edges("footer")

    def _edges(self, kind: str) -> None:
        """Heads or feet of all sections, each once; page numbers are left out."""
        for relation in self._document.part.rels.values():
            if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
                for block in blocks_of(relation.target_part.element):
                    text = words_of(block).text if block.tag == f"{W}p" else ""
                    if block.tag == f"{W}tbl":
                        text = "; ".join(cell for cells, _ in rows_of(block) for cell in cells if cell)
                    if text not in self._said and not is_page_number(text):
                        self._said.add(text)
                        self.builder.add(text)

    def _blocks(self, element: Any) -> None:
        for block in blocks_of(element):
            if block.tag == f"{W}p":
                words = words_of(block)
                self._paragraph(block, words.text)
                self._hanging(words)
            else:
                self._table(block)

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        hanging = Words()
        for cells, more in rows_of(table):
            rows += [cells] if any(cells) else []
            hanging.boxes += more.boxes
            hanging.notes += more.notes
        add_table(self.builder, rows, headed=any(len(row) > 2 for row in rows) or looks_headed(rows))
        self._hanging(hanging)

    def _hanging(self, words: Words) -> None:
        for box in words.boxes:
            self._blocks(box)
        for kind, number in words.notes:
            note = self._notes[kind].get(number)
            self.builder.add(" ".join(words_of(note).text.split()) if note is not None else "")

    def _paragraph(self, paragraph: Any, text: str) -> None:
        style, mark = self._style(paragraph), self._numbers.mark(paragraph)
        if not text:
            return
        if level := self._level(paragraph):
            self.builder.add_heading(f"{mark.removeprefix(BULLET)} {text}".strip(), level)
        elif style == "Title":
            self.title = self.title or text
            self.builder.add_heading(text, 0)
        elif mark or style.startswith("List"):
            self.builder.add(f"{mark or BULLET} {text}", glue="\n")
        else:
            self.builder.add(text)

    def _style(self, paragraph: Any) -> str:
        style = self._styles.get(value_of(paragraph, f"{W}pPr/{W}pStyle"))
        return value_of(style, f"{W}name") if style is not None else ""

    def _level(self, paragraph: Any) -> int:
        """The level of a heading, 0 for other text: by its own outline, or that of its style, or its style's name."""
        outline = value_of(paragraph, f"{W}pPr/{W}outlineLvl")
        style = self._styles.get(value_of(paragraph, f"{W}pPr/{W}pStyle"))
        for _ in range(MAX_BASES):
            if outline or style is None:
                break
            if named := _LEVEL.match(value_of(style, f"{W}name")):
                return int(named[1])
            outline = value_of(style, f"{W}pPr/{W}outlineLvl")
            style = self._styles.get(value_of(style, f"{W}basedOn"))
        return int(outline) + 1 if outline.isdigit() and int(outline) < 9 else 0


def _notes(part: Any, kind: str) -> dict[str, Any]:
    """Notes by id; the lines that part them from the text are no notes."""
    for relation in part.rels.values():
        if relation.reltype.endswith(f"/{kind}s") and not relation.is_external:
            notes = parse(relation.target_part.blob).iter(f"{W}{kind}")
            return {str(note.get(f"{W}id")): note for note in notes if note.get(f"{W}type") in (None, "normal")}
    return {}
