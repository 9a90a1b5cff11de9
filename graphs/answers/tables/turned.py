"""A table whose columns are things, turned, so that each of them is a row: plans side by side, models by their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphs.answers.tables.rows import Field
from graphs.answers.tables.table import FEWEST, Column, Row, Table


def turned(table: Table) -> Table | None:
    """The table with a row for each of its columns; None where its rows have a name of their own for what they are.

    Each column of what comes out knows the line that it was: what it decides is cited by that line.
    """
    if any(row.name.label for row in table.rows) or len(table.columns) < FEWEST:
        return None
    things = [column.label for column in table.columns]
    columns = tuple(_column(row, table.columns, at) for at, row in enumerate(table.rows))
    if len(set(things)) < len(things) or len({column.label for column in columns}) < len(columns):
        return None
    said = table.rows[0].said
    names = [Field("", label, "", 0, 0) for label in things]
    rows = tuple(Row(said, name, _cells(columns, at)) for at, name in enumerate(names))
    return Table(rows, columns, table.around)


def _column(row: Row, things: Sequence[Column], at: int) -> Column:
    """A row as a column: its name, and what each thing has there."""
    held = {place: thing.cells[at] for place, thing in enumerate(things) if at in thing.cells}
    cells = {place: replace(cell, label=row.name.value) for place, cell in held.items()}
    return Column(row.name.value, cells, all(thing.is_clear for thing in things), row.said)


def _cells(columns: Sequence[Column], place: int) -> Mapping[str, Field]:
    return {column.label.casefold(): column.cells[place] for column in columns if place in column.cells}
