"""What a loader makes of a file: a document's text and its blocks, as plain data that crosses a process border."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from memory.errors import Refused
from memory.records import Scalar

BlockKind = Literal["heading", "text", "table", "record", "code"]

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Sizes in bytes, times in seconds, text in characters.

    memory_bytes bounds the parser child's address space; cpu_s its processor time and wall_s the wait until it gets
    on: a file begins, a page or a row of words is read, a document is finished; unpacked_bytes what a zip-based file
    may inflate to.
    """

    file_bytes: int = 100 * 2**20
    memory_bytes: int = 1024 * 2**20
    cpu_s: int = 60
    wall_s: float = 90.0
    unpacked_bytes: int = 256 * 2**20
    text_characters: int = 20_000_000
    documents: int = 1_000_000


Tell = Callable[[int, int], None]
"""Says that reading gets on: at which page, of how many."""


def tell_nobody(page: int, pages: int) -> None:
    """Nobody waits."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it came: its name (for the suffix and a title) and its bytes. depth: in how many files it lies.

    tell: long work calls it again and again, or is taken for a hang.
    """

    name: str
    data: bytes
    limits: Limits = Limits()
    depth: int = 0
    tell: Tell = tell_nobody


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch [start, end) of the text that a passage never leaves.

    heading: the path of headings above it (for a heading block: with itself). label: what tells which record a
    later piece of it belongs to. fields: typed values of a record. language: "" if it is the document's. is_ocr: its
    words were read in a picture, so they may be wrong.
    """

    start: int
    end: int
    kind: BlockKind = "text"
    heading: tuple[str, ...] = ()
    page: int | None = None
    row: int | None = None
    label: str = ""
    fields: tuple[tuple[str, Scalar], ...] = ()
    language: str = ""
    is_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document of a file. key: what follows `#` in its source, "" if the file is one document.

    title: declared by the content, "" if it declares none.
    """

    text: str
    blocks: tuple[Block, ...]
    media_type: str
    title: str = ""
    key: str = ""
    language: str = ""
    metadata: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])


@dataclass(frozen=True, slots=True)
class RefusedPart:
    """A part of a file (a line) that cannot become a document, while others can."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """The parser child gets on with a file: it is at this page."""

    page: int
    pages: int


class FileRefused(Refused):
    """The parser child refused a file and is ready for the next."""


class TextBuilder:
    """Writes a document's text block by block, so that offsets are right by construction.

    is_ocr: what is written now was read in a picture.
    """

    def __init__(self, limit: int = Limits().text_characters) -> None:
        """Start empty; more than `limit` characters are refused."""
        self._parts: list[str] = []
        self._length = 0
        self._limit = limit
        self._heading: list[tuple[int, str]] = []
        self.blocks: list[Block] = []
        self.is_ocr = False

    @property
    def heading(self) -> tuple[str, ...]:
        """The path of headings that the next block stands under."""
        return tuple(text for _, text in self._heading)

    def add_heading(self, text: str, level: int, page: int | None = None) -> None:
        """Write a heading and put what follows under it."""
        if text := text.strip():
            self.end_heading(level)
            self._heading.append((level, text))
            self.add(text, "heading", page=page)

    def end_heading(self, level: int) -> None:
        """Put what follows under headings above this level only."""
        self._heading = [item for item in self._heading if item[0] < level]

    def add(
        self,
        text: str,
        kind: BlockKind = "text",
        *,
        page: int | None = None,
        row: int | None = None,
        glue: str = "\n\n",
    ) -> None:
        """Write a block after `glue`; an empty one is left out."""
        text = text.strip("\n") if kind == "code" else text.strip()
        if text:
            start = self._write(text, glue)
            self.blocks.append(Block(start, start + len(text), kind, self.heading, page, row, is_ocr=self.is_ocr))

    def add_record(self, text: str, row: int, label: str, fields: Sequence[tuple[str, Scalar]]) -> None:
        """Write a record on lines of its own."""
        if text := text.strip():
            start = self._write(text, "\n")
            self.blocks.append(Block(start, start + len(text), "record", self.heading, None, row, label, tuple(fields)))

    def text(self) -> str:
        """Return what was written."""
        return "".join(self._parts)

    def _write(self, text: str, glue: str) -> int:
        lead = glue if self._parts else ""
        self._parts += (lead, text)
        start = self._length + len(lead)
        self._length = start + len(text)
        if self._length > self._limit:
            raise Refused(f"it holds more than {self._limit:,} characters of text")
        return start


def scalar(value: object) -> Scalar | None:
    """Return a value that metadata can hold; None for anything else (lists, objects, null, odd numbers)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if MIN_INTEGER <= value <= MAX_INTEGER else str(value)
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value[:1000] if isinstance(value, str) else None


def dump(item: Parsed | RefusedPart | Step) -> bytes:
    """Encode for the pipe. Lone surrogates, which JSON cannot carry, become replacement characters."""
    tag = {Parsed: "parsed", RefusedPart: "refused", Step: "step"}[type(item)]
    return orjson.dumps({tag: asdict(item)})


def load(frame: bytes) -> Parsed | RefusedPart | Step | None:
    """Decode a frame; None is the end of the file.

    Raises:
        FileRefused: the child refused the file as a whole, and goes on.
        Refused: the child ended, or the frame is not one of ours.
    """
    data: dict[str, Any] = orjson.loads(frame)
    if "parsed" in data:
        fields = data["parsed"]
        fields["blocks"] = tuple(_block(block) for block in fields["blocks"])
        return Parsed(**fields)
    if "refused" in data:
        return RefusedPart(**data["refused"])
    if "step" in data:
        return Step(**data["step"])
    if "end" in data:
        return None
    if "file_refused" in data:
        raise FileRefused(str(data["file_refused"]))
    raise Refused(str(data.get("error") or "the parser gave no reason"))


def _block(data: dict[str, Any]) -> Block:
    data["heading"] = tuple(data["heading"])
    data["fields"] = tuple((str(name), value) for name, value in data["fields"])
    return Block(**data)
