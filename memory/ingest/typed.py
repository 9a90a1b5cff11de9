"""Types of a table's columns, judged by all of a column's values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from memory.records import Scalar

MAX_FIELDS = 40
MAX_VALUE = 200

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,15})")
_DECIMAL = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d+)?")
_TRUTH = {"true": True, "false": False, "yes": True, "no": False}


def typed_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[Scalar | None]]:
    """Return each named column's values as one type: all whole numbers, all numbers, all yes/no, or text.

    A number with a leading zero is text (it is a code). Empty cells are None; so are texts over 200 characters.
    """
    columns: dict[str, list[Scalar | None]] = {}
    for position, name in enumerate(header[:MAX_FIELDS]):
        cells = [row[position].strip() if position < len(row) else "" for row in rows]
        if name and name not in columns and any(cells):
            convert = _converter([cell for cell in cells if cell])
            columns[name] = [convert(cell) if cell and len(cell) <= MAX_VALUE else None for cell in cells]
    return columns


def _converter(cells: Sequence[str]) -> Callable[[str], Scalar]:
    if all(_INTEGER.fullmatch(cell) for cell in cells):
        return int
    if all(_DECIMAL.fullmatch(cell) for cell in cells) and not any(_is_code(cell) for cell in cells):
        return lambda cell: float(cell.replace(",", ""))
    if all(cell.casefold() in _TRUTH for cell in cells):
        return lambda cell: _TRUTH[cell.casefold()]
    return str


def _is_code(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == "0" and cell[1].isdigit()
