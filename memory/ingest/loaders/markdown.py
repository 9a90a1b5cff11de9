"""Markdown: the words without their markup; headings, lists, tables and code keep their structure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from memory.ingest.decode import decode
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table
from memory.records import Scalar

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"^([A-Za-z_][\w -]{0,40}):[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>")
_PAIR = re.compile(r"[^\W\d_][^:.?!\n]{0,40}: \S")
_SOFT = "\x00"
"""Stands for the end of a line within a paragraph; no text of the parser's has it."""


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document; simple `key: value` front matter becomes its metadata."""
    source = decode(raw.data)
    metadata: dict[str, Scalar] = {}
    if front := _FRONT.match(source):
        metadata = {key.strip(): value.strip("\"'") for key, value in _ENTRY.findall(front[1])}
        source = source[front.end() :]
    builder = TextBuilder(raw.limits.text_characters)
    write_markdown(builder, source)
    title = str(metadata.pop("title", "")) or next(
        (block.heading[-1] for block in builder.blocks if block.kind == "heading"), ""
    )
    yield Parsed(builder.text(), tuple(builder.blocks), "text/markdown", title, metadata=metadata)


def write_markdown(builder: TextBuilder, source: str) -> None:
    """Write the words of Markdown."""
    _Writer(builder).write(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source))


class _Writer:
    """Walks the tokens once and keeps where it is: in which list, row or item."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._lists: list[int | None] = []
        self._marker = ""
        self._glue = "\n\n"
        self._rows: list[list[str]] = []

    def write(self, tokens: Sequence[Token]) -> None:
        heading = 0
        for token in tokens:
            if token.type == "heading_open":
                heading = int(token.tag[1])
            elif token.type == "inline" and heading:
                self._builder.add_heading(plain(token), heading)
                heading = 0
            elif token.type in ("fence", "code_block"):
                self._builder.add(token.content, "code")
            elif token.type == "html_block":
                self._builder.add(_without_tags(token.content))
            else:
                self._structure(token)

    def _structure(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._marker = self._next_marker()
            case "table_open":
                self._rows = []
            case "tr_open":
                self._rows.append([])
            case "table_close":
                add_table(self._builder, self._rows, headed=True)
                self._rows = []
            case "inline":
                self._inline(plain(token))
            case _:
                pass

    def _next_marker(self) -> str:
        number, indent = self._lists[-1], "  " * (len(self._lists) - 1)
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number}. "

    def _inline(self, text: str) -> None:
        if self._rows:
            self._rows[-1].append(text)
            return
        glue = "\n" if self._marker and self._lists else "\n\n"
        self._builder.add(self._marker + text if text else "", glue=glue)
        self._marker = ""


def _without_tags(markup: str) -> str:
    parts: list[str] = []
    start = 0
    # Not a pattern: with many unclosed comments that would take quadratic time.
    while (opened := markup.find("<!--", start)) >= 0 and (closed := markup.find("-->", opened)) >= 0:
        parts.append(markup[start:opened])
        start = closed + 3
    return _TAG.sub(" ", " ".join([*parts, markup[start:]]))


def plain(token: Token) -> str:
    """Return the words of an inline token, links and images by their text."""
    out: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            out.append(child.content)
        elif child.type == "softbreak":
            out.append(_SOFT)
        elif child.type == "hardbreak":
            out.append("\n")
    return _unwrapped("".join(out).split(_SOFT))


def _unwrapped(lines: Sequence[str]) -> str:
    """A paragraph in one line, but for lines like `Phone: 0800 123 456` one under another."""
    pairs = [bool(_PAIR.match(line)) and not line[0].islower() for line in lines]
    glue = ("\n" if all(both) else " " for both in pairwise(pairs))
    return lines[0] + "".join(f"{between}{line}" for between, line in zip(glue, lines[1:], strict=True))
