"""HTML: the main text of a page, without its furniture; headings, lists, tables and code keep their structure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import trafilatura
from trafilatura.settings import use_config

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.markup import write_tree
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, is_headed
from memory.records import Scalar

MUCH = 2
"""All of a page is taken for a lost table if that is no more than so many times the words of its main part."""
_SPACE = re.compile(r"\s+")
_BLOCKS = frozenset(("p", "div", "item", "list", "quote", "lb", "br", "head", "row", "cell", "table", "td", "th", "tr"))


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the page as one document; its title, author, date and description are what it declares."""
    config = use_config()
    config.set("DEFAULT", "MAX_FILE_SIZE", str(raw.limits.file_bytes))
    config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")  # the parser child has its own time limit
    found: Any = trafilatura.bare_extraction(
        raw.data, favor_recall=True, include_comments=False, include_tables=True, config=config, with_metadata=True
    )
    builder = TextBuilder(raw.limits.text_characters)
    if found is not None and found.body is not None:
        _Writer(builder).children(found.body)
    if len(builder.blocks) <= 1 or b"<table" in raw.data.lower():
        builder = _whole(raw, builder)
    metadata: dict[str, Scalar] = {}
    for name in ("author", "date", "description", "sitename"):
        if found is not None and (value := getattr(found, name, None)):
            metadata[name] = clean(str(value))[:500]
    title = clean(str(found.title)).strip() if found is not None and found.title else ""
    yield Parsed(builder.text(), tuple(builder.blocks), "text/html", title, metadata=metadata)


class _Writer:
    """Walks trafilatura's tree: head, p, list/item, table/row/cell, quote, code."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder

    def children(self, node: Any) -> None:
        if node.text and node.text.strip():
            self._builder.add(_squeeze(node.text))
        for child in node:
            self._element(child)
            if child.tail and child.tail.strip():
                self._builder.add(_squeeze(child.tail))

    def _element(self, node: Any) -> None:
        match node.tag:
            case "head":
                level = str(node.get("rend") or "h2").lstrip("h")
                self._builder.add_heading(_words(node), int(level) if level.isdigit() else 2)
            case "p" | "item" if node.find(".//list") is None and node.find(".//table") is None:
                self._paragraph(node)
            case "table":
                told = [[*row.iter("cell")] for row in node.iter("row")]
                told = [row for row in told if any(map(_words, row))]
                rows = [[_words(cell) for cell in row] for row in told]
                heads = [[cell.get("role") == "head" for cell in row] for row in told]
                add_table(self._builder, rows, headed=is_headed(rows, heads))
            case "code":
                self._builder.add(clean("".join(node.itertext())), "code")
            case "list" | "quote" | "div" | "main" | "body" | "p" | "item":
                self.children(node)
            case _:
                self._builder.add(_words(node))

    def _paragraph(self, node: Any) -> None:
        text = _words(node)
        if node.tag == "item" and text:
            self._builder.add(f"- {text}", glue="\n")
        else:
            self._builder.add(text)


def _whole(raw: Raw, found: TextBuilder) -> TextBuilder:
    """The better of what was found and all of a page but its bars.

    All of it is better where hardly a main part was found (its words then came without structure), and where a table
    was lost on a page that has little besides.
    """
    tree: Any = trafilatura.load_html(raw.data)
    if tree is None:
        if found.blocks:
            return found
        raise Refused("it is not an HTML page")
    for bar in tree.xpath("//nav | //body/header | //body/footer | //*[@role='navigation'] | //form"):
        bar.drop_tree()
    said = found.text()
    lost = any(_is_data(table) and _first_words(table) not in said for table in tree.iter("table"))
    if len(found.blocks) > 1 and not lost:
        return found
    whole = TextBuilder(raw.limits.text_characters)
    write_tree(whole, tree)
    had, has = len(said.split()), len(whole.text().split())
    return whole if has >= had and (len(found.blocks) <= 1 or has <= MUCH * had) else found


def _is_data(table: Any) -> bool:
    rows = [row for row in table.iter("tr") if len(row.xpath("./td | ./th")) > 1]
    return len(rows) > 1 and table.find(".//table") is None


def _first_words(table: Any) -> str:
    """A cell of the second row: the first row's are the names in it."""
    cells = (_words(cell) for row in list(table.iter("tr"))[1:] for cell in row.xpath("./td | ./th"))
    return next((cell for cell in cells if cell), "")


def _words(node: Any) -> str:
    return _squeeze("".join(_parts(node)))


def _parts(node: Any) -> Iterator[str]:
    """All text inside a node; what is a block of its own is no part of the word before it or behind it."""
    yield node.text or ""
    for child in node:
        is_block = child.tag in _BLOCKS
        yield " " if is_block else ""
        if isinstance(child.tag, str):
            yield from _parts(child)
        yield f"{' ' if is_block else ''}{child.tail or ''}"


def _squeeze(text: str) -> str:
    return _SPACE.sub(" ", clean(text)).strip()
