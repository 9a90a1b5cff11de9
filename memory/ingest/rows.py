"""Rows of tables as text that stands by itself: `Method: Express; Price: 9.90`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memory.ingest.parsed import TextBuilder

SHORT = 120
"""A cell of more characters gets a line of its own, so that its sentences stay sentences."""

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
    """Write a table's rows; with `headed`, the first row names the columns."""
    header = rows[0] if headed and len(rows) > 1 else ()
    glue = "\n\n"
    for row in rows[1:] if header else rows:
        if text := row_text(header, row):
            builder.add(text, "table", page=page, glue=glue)
            glue = "\n"


def looks_headed(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table's first row names its columns: all filled, distinct, short, and none a number."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    first = [cell.strip() for cell in rows[0]]
    return len(set(first)) == len(first) and all(
        cell and len(cell) <= 80 and not any(mark.isdigit() for mark in cell[:1]) for cell in first
    )
