"""A tree of HTML elements as blocks, all of it: for books and mail, where no furniture has to be left out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.parsed import TextBuilder
from memory.ingest.rows import add_table, is_headed

etree: Any = import_module("lxml.etree")  # it has no types
html: Any = import_module("lxml.html")

MAX_DEPTH = 200
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object"})
_NAMES = (
    "p div section article main body html ul ol li dl dt dd table pre blockquote h1 h2 h3 h4 h5 h6 header footer aside"
    " nav figure figcaption hr form fieldset address center details summary"
)
_BLOCKS = frozenset(_NAMES.split())


def write_html(builder: TextBuilder, data: bytes | str) -> str:
    """Write all of a page's words; return its declared title.

    Raises:
        Refused: it is no page, or nested beyond reason.
    """
    try:
        parser = None if isinstance(data, str) else html.HTMLParser(encoding=_declared(data))
        root: Any = html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Refused(f"it is not an HTML page ({error})") from error
    write_tree(builder, root)
    return " ".join(clean(root.findtext(".//title") or "").split())


def write_tree(builder: TextBuilder, root: Any) -> None:
    """Write all words of a page that was read; raises Refused if it is nested beyond reason."""
    _Writer(builder).block(root, 0)


def _declared(data: bytes) -> str | None:
    try:
        data.decode()
    except UnicodeDecodeError:
        return None  # lxml looks for the declaration
    return "utf-8"


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._words: list[str] = []
        self._mark = ""

    def block(self, node: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refused(f"it is nested deeper than {MAX_DEPTH} levels")
        if not isinstance(node.tag, str) or node.tag in _SKIPPED:
            return
        match node.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._flush()
                self._builder.add_heading(words(node), int(node.tag[1]))
            case "table":
                self._table(node, depth)
            case "pre":
                self._flush()
                self._builder.add(clean(str(node.text_content())), "code")
            case "br":
                self._words.append("\n")
            case _:
                self._children(node, depth)

    def _children(self, node: Any, depth: int) -> None:
        is_block = node.tag in _BLOCKS
        if is_block:
            self._flush()
            if node.tag == "li":
                self._mark = "- "
        self._words.append(node.text or "")
        for child in node:
            self.block(child, depth + 1)
            self._words.append(child.tail or "")
        if is_block:
            self._flush()

    def _table(self, node: Any, depth: int) -> None:
        self._flush()
        nested = node.find(".//table") is not None
        told = [[cell for cell in row if cell.tag in ("td", "th")] for row in node.iter("tr")]
        told = [row for row in told if any(map(words, row))]
        rows = [[words(cell) for cell in row] for row in told]
        # Mail uses tables, often nested, for layout: their cells are text, not values.
        if nested or max((len(row) for row in rows), default=0) < 2:
            self._children(node, depth)
            return
        heads = [[cell.tag == "th" for cell in row] for row in told]
        add_table(self._builder, rows, headed=is_headed(rows, heads))

    def _flush(self) -> None:
        lines = (" ".join(line.split()) for line in clean("".join(self._words)).split("\n\n"))
        text = " ".join(line for line in lines if line)
        self._words = []
        if text:
            self._builder.add(self._mark + text, glue="\n" if self._mark else "\n\n")
            self._mark = ""


def words(node: Any) -> str:
    """Return an element's words, white space squeezed."""
    return " ".join(clean(str(node.text_content())).split())
