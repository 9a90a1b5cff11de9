"""JSON Lines: each line is a document. `text` is its text, its short other fields are a record that can be read.

Scalar fields beside `text` and `title` are its metadata too, which filters ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import orjson

from memory.errors import Refused
from memory.ingest.decode import clean, decode
from memory.ingest.loaders.json import flat, plain
from memory.ingest.loaders.text import paragraphs
from memory.ingest.parsed import Block, Parsed, Raw, RefusedPart, scalar
from memory.ingest.rows import SHORT, row_text

_IDS = ("id", "_id", "doc_id", "document_id")
_ORIGINS = ("url", "uri", "link", "source", "lang", "language")
"""Fields that say where a text comes from and how it is written: by themselves they make no record."""
_UNREAD = ("text", "metadata")
TITLED = 2
"""Fields of its own from which a titled text has a record: one label beside a title (`category: faq`) is none."""


def load(raw: Raw) -> Iterator[Parsed | RefusedPart]:
    """Yield a document per line; its key is the line's `id`, or else the line's number."""
    seen: set[str] = set()
    for number, line in enumerate(decode(raw.data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            parsed = _document(line, number)
        except Refused as refused:
            yield RefusedPart(str(number), f"line {number}: {refused.reason}")
            continue
        if parsed.key in seen:
            yield RefusedPart(str(number), f"line {number}: the id {parsed.key!r} was used before in this file")
            continue
        seen.add(parsed.key)
        yield parsed


def key_of(fields: Mapping[str, Any]) -> str:
    """The key that a line's own fields give its document; "" if none does."""
    return next((str(fields[name]) for name in _IDS if isinstance(fields.get(name), str | int)), "")


def _document(line: str, number: int) -> Parsed:
    try:
        value: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Refused(f"it is not JSON ({error.msg})") from error
    if not isinstance(value, dict):
        raise Refused("it is not a JSON object")
    fields = cast(dict[str, Any], value)
    key = key_of(fields) or str(number)
    prose = clean(fields["text"]).strip() if isinstance(fields.get("text"), str) else ""
    title = clean(fields["title"]).strip() if isinstance(fields.get("title"), str) else ""
    told = _told(fields, prose)
    text = "\n\n".join(part for part in (prose, *told.further, told.record) if part)
    if not text:
        raise Refused("it has no text")
    metadata = {
        clean(name): kept
        for name, item in fields.items()
        if name not in ("text", "title", *_IDS) and (kept := scalar(item)) is not None
    }
    blocks = _blocks(text, told.record, clean(key))
    return Parsed(text, blocks, "application/jsonl", title, clean(key), metadata=metadata)


class _Told(NamedTuple):
    """What a line says beside its text. record: its short fields as a row, "" if it has none. further: long ones."""

    record: str = ""
    further: tuple[str, ...] = ()


def _told(fields: dict[str, Any], prose: str) -> _Told:
    """The fields of a line as they are read: nothing of a text that has only an id, a title and an origin."""
    named = flat({name: item for name, item in fields.items() if name not in _UNREAD})
    cells = {clean(name): clean(value).strip() for name, item in named.items() if (value := plain(item))}
    short = {name: value for name, value in cells.items() if value and len(value) <= SHORT}
    given = (*_IDS, "title", *_ORIGINS) if prose else _IDS
    own = [name for name in short if name.casefold() not in given and not isinstance(named.get(name), list)]
    further = [
        f"{name}: {value}"
        for name, value in cells.items()
        if len(value) > SHORT and name != "title" and isinstance(named.get(name), str) and _is_prose(value, prose)
    ]
    if len(own) + len(further) < (TITLED if prose and fields.get("title") else 1):
        return _Told()
    return _Told(row_text(list(short), list(short.values())) if own else "", tuple(further))


def _is_prose(value: str, prose: str) -> bool:
    """Whether a long value is words that the text does not hold: no address, no data, no copy."""
    return (len(value.split()) > 1 or not value.isascii()) and value not in prose


def _blocks(text: str, record: str, label: str) -> tuple[Block, ...]:
    """The paragraphs of a text, and the record that it ends with."""
    if not record:
        return tuple(paragraphs(text))
    start = len(text) - len(record)
    return (*paragraphs(text[:start]), Block(start, len(text), "record", label=label))
