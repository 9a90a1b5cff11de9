"""Rows of tables as text that stands by itself: `Method: Express; Price: 9.90`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memory.ingest.parsed import TextBuilder

SHORT = 120
"""A cell of more characters gets a line of its own, so that its sentences stay sentences."""
NAME = 60
"""Characters of the longest name of a property."""

_SPACE = re.compile(r"\s+")


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row with each cell after its column's name; empty cells are left out, merged ones said once."""
    short: list[str] = []
    long: list[str] = []
    last = ""
    for column, cell in enumerate(cells):
        text = _SPACE.sub(" ", cell).strip()
        if not text or (text == last and column >= len(header)):
            continue
        name = _SPACE.sub(" ", header[column]).strip().rstrip(":") if column < len(header) else ""
        labelled = f"{name}: {text}" if name and name != text else text
        (long if len(text) > SHORT else short).append(labelled)
        last = text
    return "\n".join((["; ".join(short)] if short else []) + long)


def add_table(builder: TextBuilder, rows: Sequence[Sequence[str]], *, headed: bool, page: int | None = None) -> None:
    """Write a table's rows; with `headed`, the first row names the columns, if it names any.

    Two columns without names are properties and their values: `Capacity: 8 kg`.
    """
    header = rows[0] if headed and len(rows) > 1 else ()
    body = rows[1:] if header else rows
    names = header if any(cell.strip() for cell in header) else ()
    glue = "\n\n"
    for row in body:
        text = _pair_text(row) if not names and _is_pair(row) else row_text(names, row)
        if text:
            builder.add(text, "table", page=page, glue=glue)
            glue = "\n"


def _is_pair(row: Sequence[str]) -> bool:
    """Whether a row is a short name, without a colon of its own but at its end, and something beside it."""
    name = row[0].strip().rstrip(":") if row else ""
    is_name = 0 < len(name) <= NAME and ":" not in name and any(map(str.isalpha, name))
    return len(row) == 2 and is_name and bool(row[1].strip())


def _pair_text(row: Sequence[str]) -> str:
    name, value = (_SPACE.sub(" ", cell).strip() for cell in row)
    return f"{name.rstrip(': ')}: {value}"


def is_headed(rows: Sequence[Sequence[str]], heads: Sequence[Sequence[bool]]) -> bool:
    """Whether a table's first row names its columns, given which cells of it are marked as names of something.

    Where of its first row only the first cell is marked, and says something, it names that row.
    """
    first = heads[0] if heads else ()
    if first and first[0] and not any(first[1:]) and rows[0][0].strip():
        return False
    return any(map(any, heads)) or looks_headed(rows)


def looks_headed(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table's first row names its columns: all filled, distinct, short, and none a number."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    first = [cell.strip() for cell in rows[0]]
    return len(set(first)) == len(first) and all(
        cell and len(cell) <= 80 and not any(mark.isdigit() for mark in cell[:1]) for cell in first
    )
