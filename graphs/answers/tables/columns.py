"""Two things that are columns of one table, as specifications give them: what they differ in, and which is the heavier.

`Property: Weight; K40: 38 kg; K40-E: 39.5 kg` is a row of such a table; each sentence rests on one row.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphs.answers.comparing import Comparison, Rated, measured_by, names_scale, verdict
from graphs.answers.said import Said, name_stems
from graphs.answers.tables.differing import MOST, Pair, differ
from graphs.answers.tables.rows import Field, fields_of, longest


def rows_of_both(first: str, second: str, sentences: Sequence[Said]) -> tuple[Said, ...]:
    """The rows of the first table that has a column for each of two things, in the table's order."""
    rows = [said for said in sentences if _cells(first, second, said)]
    mine = [row for row in rows if _table(row) == _table(rows[0])]
    return tuple(sorted(mine, key=lambda row: row.hit.passage.start + row.start))


def column_differences(pair: Pair, rows: Sequence[Said]) -> tuple[tuple[str, Said], ...]:
    """A sentence for each row in which two things differ, with that row; the first few."""
    told = [(text, row) for row in rows if (text := column_difference(pair, row))]
    return tuple(told[:MOST])


def column_difference(pair: Pair, row: Said) -> str:
    """What two things differ in by one row; "" where they do not."""
    cells = _cells(pair.first, pair.second, row)
    if not cells or not differ(*cells):
        return ""
    name = fields_of(row)[0].value
    return f"{name[:1].upper()}{name[1:]}: {cells[0].shown} for {pair.first}, {cells[1].shown} for {pair.second}."


def column_comparison(asked: Comparison, row: Said) -> str:
    """Say which of two things wins by one row of their table; "" if it is not about that, or does not settle it."""
    cells = _cells(asked.first, asked.second, row)
    if not cells or not names_scale(asked, fields_of(row)[0].value):
        return ""
    found = [measured_by(asked, cell.shown) for cell in cells]
    first, second = (Rated(row, value) if value else None for value in found)
    return verdict(asked, first, second) if first and second else ""


def compared_in_columns(asked: Comparison, sentences: Sequence[Said]) -> tuple[str, Said] | None:
    """The sentence that settles a comparison with its row; None where no row does, or several do."""
    rows = rows_of_both(asked.first, asked.second, sentences)
    told = [(text, row) for row in rows if (text := column_comparison(asked, row))]
    return told[0] if len(told) == 1 else None


def _cells(first: str, second: str, row: Said) -> tuple[Field, Field] | None:
    """A row's cells of two things; None unless each has a column of its own."""
    fields = fields_of(row)
    one, other = (_cell(name, row, fields) for name in (first, second))
    return (one, other) if one and other and one != other else None


def _cell(name: str, row: Said, fields: Sequence[Field]) -> Field | None:
    """The cell under a thing's name: as the column says it, or with more words that stand in title and headings."""
    known = row.around | name_stems(" ".join((row.hit.title, *row.hit.passage.heading)))
    asked = name_stems(name)
    named = [one for one in fields[1:] if name_stems(one.label) and name_stems(one.label) <= asked]
    found = longest(named)
    return found if found and asked <= known | name_stems(found.label) else None


def _table(row: Said) -> tuple[str, tuple[str, ...]]:
    return row.hit.passage.document_id, row.hit.passage.heading
