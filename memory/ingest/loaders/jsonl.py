"""JSON Lines: each line is a document. `text` is its text, `title` its title, other scalar fields its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import orjson

from memory.errors import Refused
from memory.ingest.decode import clean, decode
from memory.ingest.loaders.text import paragraphs
from memory.ingest.parsed import Parsed, Raw, RefusedPart, scalar

_IDS = ("id", "_id", "doc_id", "document_id")


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


def _document(line: str, number: int) -> Parsed:
    try:
        value: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Refused(f"it is not JSON ({error.msg})") from error
    if not isinstance(value, dict):
        raise Refused("it is not a JSON object")
    fields = cast(dict[str, Any], value)
    key = next((str(fields[name]) for name in _IDS if isinstance(fields.get(name), str | int)), "") or str(number)
    text = clean(body(fields)).strip()
    if not text:
        raise Refused("it has no text")
    title = clean(fields["title"]).strip() if isinstance(fields.get("title"), str) else ""
    metadata = {
        clean(name): kept
        for name, item in fields.items()
        if name not in ("text", "title", *_IDS) and (kept := scalar(item)) is not None
    }
    return Parsed(text, tuple(paragraphs(text)), "application/jsonl", title, clean(key), metadata=metadata)


def body(fields: dict[str, Any]) -> str:
    """Return an object's `text`, or else its scalar fields one per line."""
    if isinstance(fields.get("text"), str):
        return str(fields["text"])
    lines = (f"{name}: {item}" for name, item in fields.items() if name not in _IDS and scalar(item) not in (None, ""))
    return "\n".join(lines)
