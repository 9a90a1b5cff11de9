"""Blocks to passages: small ones of one section are joined, large ones cut between sentences.

A passage's `text` is always `document.text[start:end]`. A sentence is cut only if it alone exceeds the embedder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from memory.ingest.parsed import Block, Parsed
from memory.records import READ_BY_OCR, PassageKind
from memory.sentences import clip, split_sentences, trim

CountTokens = Callable[[str], int]

SPECIAL_TOKENS = 2
TARGET_TOKENS = 160
"""Small blocks are joined up to this; one block may fill the embedder."""
TABLE_TOKENS = 96
CONTEXT_TOKENS = 64
CONTEXT_CHARACTERS = 300
LABEL_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage before it has ids: where it is, what it is, and what is embedded with it."""

    start: int
    end: int
    kind: PassageKind
    heading: tuple[str, ...]
    page: int | None
    row: int | None
    context: str
    fields: tuple[tuple[str, str | int | float | bool], ...]
    language: str


_TELLING = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b[A-Z][a-z]{2,8}\.? \d{4}\b|\([^()]*\d[^()]*\)|\w(?:: | [-–—] ).*\d")
"""What a heading says beside a name: `4.2.0 (2026-09-30)`, `Minutes, 3 May 2026`, `Lentil soup (serves 4)`."""


class Splitter:
    """Cuts documents to the size of one embedder."""

    def __init__(self, count: CountTokens, max_tokens: int) -> None:
        """Take the embedder's own measure of tokens."""
        self._count = count
        self._max = max_tokens - SPECIAL_TOKENS

    def split(self, parsed: Parsed, title: str) -> list[Piece]:
        """Return the passages of a document in reading order."""
        pieces: list[Piece] = []
        for group in self._groups(parsed.text, _content(parsed.text, parsed.blocks)):
            pieces += self._pieces(parsed.text, group, title)
        return pieces

    def _groups(self, text: str, blocks: Sequence[Block]) -> Iterator[Block]:
        """Join neighbours of one kind, heading and page while they stay small."""
        current: Block | None = None
        size = 0
        for block in blocks:
            tokens = self._count(text[block.start : block.end])
            limit = TABLE_TOKENS if block.kind == "table" else TARGET_TOKENS
            if current is not None and _joins(current, block) and size + tokens <= limit:
                current, size = replace(current, end=block.end), size + tokens
                continue
            if current is not None:
                yield current
            current, size = block, tokens
        if current is not None:
            yield current

    def _pieces(self, text: str, block: Block, title: str) -> Iterator[Piece]:
        context = self._context(title, block.heading)
        room = self._max - self._count(context)
        for number, (start, end) in enumerate(self._spans(text, block, room)):
            labelled = block.label and number
            about = f"{context}\n{block.label[:LABEL_CHARACTERS]}".strip() if labelled else context
            kind: PassageKind = "text" if block.kind == "heading" else block.kind
            fields = (*block.fields, READ_BY_OCR) if block.is_ocr else block.fields
            yield Piece(start, end, kind, block.heading, block.page, block.row, about, fields, block.language)

    def _context(self, title: str, heading: tuple[str, ...]) -> str:
        path = heading if heading[:1] == (title,) else (title, *heading)
        parts = [part for part in path if part]
        while len(parts) > 1 and self._count(" > ".join(parts)) > CONTEXT_TOKENS:
            del parts[1 if len(parts) > 2 else 0]
        return " > ".join(parts)[:CONTEXT_CHARACTERS]

    def _spans(self, text: str, block: Block, room: int) -> Iterator[tuple[int, int]]:
        total = self._count(text[block.start : block.end])
        if total <= room:
            yield trim(text, block.start, block.end)
            return
        units = list(self._units(text, block))
        # Equal shares read better than a full passage and a stump.
        share = total / -(-total // room)
        start, size = units[0][0], 0
        last = start
        for begin, end, tokens in units:
            if size and (size + tokens > room or size + tokens / 2 > share):
                yield start, last
                start, size = begin, 0
            size, last = size + tokens, end
        yield start, last

    def _units(self, text: str, block: Block) -> Iterator[tuple[int, int, int]]:
        """Sentences (lines, of code) with their tokens; one beyond the embedder in parts that fit."""
        piece = text[block.start : block.end]
        spans = _lines(piece) if block.kind == "code" else split_sentences(piece)
        for first, last in spans:
            start, end = block.start + first, block.start + last
            tokens = self._count(text[start:end])
            if tokens <= self._max:
                yield start, end, tokens
            else:
                yield from self._parts(text, start, end)

    def _parts(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        while start < end:
            reach = end - start
            while (tokens := self._count(text[start : start + reach])) > self._max and reach > 1:
                reach = max(1, min(reach - 1, int(reach * self._max / tokens)))
            part = (start, end) if start + reach >= end else clip(text, start, end, reach)
            if part[1] <= part[0]:
                part = (start, start + reach)
            # A clause keeps the mark that ends it, which `clip` leaves off.
            stop = part[1] + (part[1] < start + reach and text[part[1]] in ",;:，、；")
            yield part[0], stop, tokens
            start = trim(text, stop, end)[0]


def _content(text: str, blocks: Sequence[Block]) -> list[Block]:
    """Blocks without the headings that only name what is under them (they are its context)."""
    return [
        block
        for block, following in zip(blocks, [*blocks[1:], None], strict=True)
        if block.kind != "heading"
        or following is None
        or following.heading[: len(block.heading)] != block.heading
        or _TELLING.search(text, block.start, block.end)
    ]


def _joins(current: Block, block: Block) -> bool:
    same = (current.kind, current.heading, current.page) == (block.kind, block.heading, block.page)
    same = same and (current.language, current.is_ocr) == (block.language, block.is_ocr)
    return same and block.kind in ("text", "table", "code")


def _lines(piece: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in piece.split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1
