"""A question over all rows of a table, answered: which rows fit, how many, or the one with the most or the least.

The judge makes the claim again out of the whole table, so that nothing is complete on anyone's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphs.answers.said import Said
from graphs.answers.tables.cells import KINDS
from graphs.answers.tables.choosing import Chosen, choose
from graphs.answers.tables.rows import Field
from graphs.answers.tables.table import Table, table_of
from graphs.answers.tables.turned import turned
from graphs.reading import Reading
from memory.records import Citation, Claim, Hit

NAMED = 12
"""Rows that are named; of more it is said how many."""
CITED = 100
"""Rows that are cited, in the table's order; the judge counts all of them."""
SURE = 0.9
"""What an answer out of a whole table is worth, whose every word was understood."""
_LONGEST = 400
_TOLD = 160


def told_of_table(question: str, passages: Sequence[Hit]) -> Reading | None:
    """Answer out of all passages of one table, in reading order; None where anything about it is uncertain."""
    written = table_of(passages)
    ways = [one for one in (written, turned(written) if written else None) if one]
    told = [(one, chosen) for one in ways if (chosen := choose(question, one))]
    if len(told) != 1:  # its rows and its columns may both be what is asked for
        return None
    table, chosen = told[0]
    cited = _citations(table, chosen)
    if not all(cited) or any(len(table.rows[at].name.value) > _TOLD for at in chosen.places):
        return None
    text, short = _told(table, chosen)
    return Reading((Claim("", text, tuple(one for one in cited if one)),), short, answerable=SURE)


def is_told_of_table(question: str, claim: Claim, passages: Sequence[Hit]) -> bool:
    """Whether a claim is what the whole table amounts to for a question, on the rows that it cites."""
    again = told_of_table(question, passages) if passages else None
    return again is not None and [(one.text, one.citations) for one in again.claims] == [(claim.text, claim.citations)]


def _told(table: Table, chosen: Chosen) -> tuple[str, str]:
    """The claim, and the short answer in it."""
    if len(chosen.places) == 1 and chosen.mode != "count":
        return _of_one(table, chosen, chosen.places[0])
    listed = _listed(table, chosen)
    count = str(len(chosen.places))
    of_all = f"{count} of {_counted(table)}: {listed}"
    return of_all, count if chosen.mode == "count" else listed


def _counted(table: Table) -> str:
    """How many things a table has, and where to find them in it."""
    return f"{len(table.rows)} {'columns' if any(column.said for column in table.columns) else 'rows'}"


def _of_one(table: Table, chosen: Chosen, place: int) -> tuple[str, str]:
    """One row by the cell that decides; the name is the answer unless the cell is what was asked for."""
    cell = _deciding(chosen, place)
    name = table.name_of(place)
    if cell is None:
        return f"1 of {_counted(table)}: {name}", name
    return f"{name} – {cell.label}: {cell.shown}", cell.shown if chosen.is_cell else name


def _listed(table: Table, chosen: Chosen) -> str:
    """The names, each with the cell that decides where rows differ in it, and how many more there are."""
    names = [_with_cell(table, chosen, at) for at in chosen.places[:NAMED]]
    more = len(chosen.places) - len(names)
    mark = "; " if any("," in name for name in names) else ", "
    return mark.join(names) + (f" and {more} more" if more else "")


def _with_cell(table: Table, chosen: Chosen, place: int) -> str:
    name = table.name_of(place)
    cell = chosen.told.cells.get(place) if chosen.told else None
    return f"{name} ({cell.shown})" if cell else name


def _deciding(chosen: Chosen, place: int) -> Field | None:
    """The cell that makes a row fit: of the column that is told, else of the last that decides and names no kind."""
    kinds = [column for column in chosen.columns if column.label and column.stems & KINDS]
    others = [column for column in chosen.columns if column.label and not column.stems & KINDS]
    columns = [chosen.told] if chosen.told else [*reversed(others), *kinds]
    cell = next((column.cells[place] for column in columns if place in column.cells), None)
    return cell if cell and len(cell.value) <= _TOLD else None


def _citations(table: Table, chosen: Chosen) -> list[Citation | None]:
    """The rows that are told; of a turned table the lines that decide, else its first, which names all its things."""
    if all(column.said is None for column in table.columns):
        return [_citation(table, chosen, at) for at in chosen.places[:CITED]]
    deciding = {column.label: column.said for column in chosen.columns if column.said}
    lines = [*deciding.values()] or [table.rows[0].said]
    return [line.citation() if line.end - line.start <= _LONGEST else None for line in lines]


def _citation(table: Table, chosen: Chosen, place: int) -> Citation | None:
    """The words of a row as far as what counts of it: all of it where it is short enough; None where too long."""
    row = table.rows[place]
    said = row.said
    used = [row.name, *(column.cells[place] for column in chosen.columns if place in column.cells)]
    needed = max(cell.end for cell in used)
    length = len(said.text) if len(said.text) <= _LONGEST else needed
    return Said(said.hit, said.start, said.start + length).citation() if length <= _LONGEST else None
