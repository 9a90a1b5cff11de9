"""JSON: objects are records under the path of names that leads to them; lists of objects are lists of records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import orjson

from memory.errors import Refused
from memory.ingest.decode import clean, decode
from memory.ingest.parsed import Parsed, Raw, TextBuilder, scalar
from memory.ingest.rows import row_text

MAX_DEPTH = 60
MAX_SPREAD = 8
_NAMES = ("title", "name", "heading", "label", "id")


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document."""
    try:
        value: object = orjson.loads(decode(raw.data))
    except orjson.JSONDecodeError as error:
        raise Refused(f"it is not JSON ({error})") from error
    builder = TextBuilder(raw.limits.text_characters)
    _Walk(builder).write(value, 1)
    title = ""
    if isinstance(value, dict):
        title = _name(cast(dict[str, Any], value), ("title", "name"))
    yield Parsed(builder.text(), tuple(builder.blocks), "application/json", title)


class _Walk:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._records = 0

    def write(self, value: object, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refused(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            self._object(cast(dict[str, Any], value), depth)
        elif isinstance(value, list):
            for item in cast(list[object], value):
                self.write(item, depth + 1)
        elif value is not None:
            self._builder.add(clean(str(value)), "text")

    def _object(self, found: dict[str, Any], depth: int) -> None:
        value = flat(found)
        told = {name: text for name, item in value.items() if (text := plain(item)) is not None}
        self._records += bool(told)
        names, cells = [clean(name) for name in told], [clean(text) for text in told.values()]
        fields = [(clean(name), kept) for name, item in value.items() if (kept := scalar(item)) not in (None, "")]
        label = _name(value, _NAMES)
        if row := row_text(names, cells):
            self._builder.add_record(row, self._records, label, cast(Any, fields))
        for name, item in value.items():
            if name not in told and item not in (None, [], {}):
                self._builder.add_heading(clean(f"{label}: {name}" if label else name), depth)
                self.write(item, depth + 1)
                self._builder.end_heading(depth)


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """An object with those of its objects that hold a few plain values spread out: `price amount` for both names."""
    spread: dict[str, Any] = {}
    for name, item in value.items():
        inner = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        told = {f"{name} {part}": plain(held) for part, held in inner.items()}
        if 0 < len(told) <= MAX_SPREAD and None not in told.values() and not told.keys() & value.keys():
            spread |= {f"{name} {part}": held for part, held in inner.items()}
        else:
            spread[name] = item
    return spread


def plain(item: object) -> str | None:
    """A scalar, or a list of scalars, as text; None for what holds objects."""
    if isinstance(item, list):
        parts = [plain(part) for part in cast(list[object], item) if not isinstance(part, list)]
        return ", ".join(part for part in parts if part) if parts and None not in parts else None
    if isinstance(item, dict) or item is None:
        return None
    return str(item)


def _name(value: dict[str, Any], names: tuple[str, ...]) -> str:
    lowered = {name.casefold(): item for name, item in value.items()}
    found = (lowered.get(name) for name in names)
    return next((clean(item).strip()[:200] for item in found if isinstance(item, str) and item.strip()), "")
