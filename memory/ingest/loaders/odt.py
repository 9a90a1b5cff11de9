"""ODT: headings, paragraphs, lists, tables and notes in the order of the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memory.errors import Refused
from memory.ingest.archive import member, open_archive
from memory.ingest.decode import clean
from memory.ingest.loaders.xml import name_of, parse
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, looks_headed

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
MAX_DEPTH = 100
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_SPACES = {"s": " ", "tab": " ", "line-break": "\n"}
_SKIPPED = frozenset({"tracked-changes", "annotation", "forms", "sequence-decls"})


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the document; its title is its declared one, else its first heading."""
    with open_archive(raw.data, raw.limits) as archive:
        names = archive.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in member(archive, "META-INF/manifest.xml"):
            raise Refused("it is protected by a password")
        body = parse(member(archive, "content.xml")).find(f".//{_OFFICE}text")
        meta = parse(member(archive, "meta.xml")) if "meta.xml" in names else None
    if body is None:
        raise Refused("there is no text in it")
    builder = TextBuilder(raw.limits.text_characters)
    _write(builder, body, "", 0)
    first = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    title = clean(meta.findtext(f".//{_DC}title") or "").strip() if meta is not None else ""
    yield Parsed(builder.text(), tuple(builder.blocks), MEDIA_TYPE, title or first)


def _write(builder: TextBuilder, node: Any, mark: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused(f"it is nested deeper than {MAX_DEPTH} levels")
    for child in node:
        match name_of(child):
            case "h":
                level = str(child.get(f"{_TEXT}outline-level") or "1")
                builder.add_heading(_words(child), int(level) if level.isdigit() else 1)
            case "p":
                builder.add(mark + text if (text := _words(child)) else "", glue="\n" if mark else "\n\n")
            case "list":
                _write(builder, child, "- ", depth + 1)
            case "table":
                rows = [[_cell(cell) for cell in row if name_of(cell) == "table-cell"] for row in _rows(child)]
                rows = [row for row in rows if any(row)]
                add_table(builder, rows, headed=looks_headed(rows))
            case name if name not in _SKIPPED:
                _write(builder, child, mark, depth + 1)
            case _:
                pass


def _rows(table: Any) -> Iterator[Any]:
    return (node for node in table.iter() if name_of(node) == "table-row")


def _cell(cell: Any) -> str:
    return " ".join(_words(node).replace("\n", " ") for node in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))


def _words(node: Any) -> str:
    return "\n".join(" ".join(line.split()) for line in clean("".join(_walk(node))).split("\n")).strip()


def _walk(node: Any) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        name = name_of(child)
        if name in _SPACES:
            yield _SPACES[name]
        elif name == "note":
            yield " (" + " ".join(_words(part) for part in child.iter(f"{_TEXT}p")) + ")"
        elif name not in _SKIPPED:
            yield from _walk(child)
        yield (child.tail or "").replace("\n", " ")
