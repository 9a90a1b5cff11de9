"""Cells that a question over a table says, each in the one column that it can be for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graphs.answers.said import stems
from graphs.answers.tables.asking import TOKEN, Asked, NotUnderstood, means, only
from graphs.answers.tables.directions import is_for, is_turned_round, word_before
from graphs.answers.tables.table import Column
from graphs.language.lexicon import meaning

KINDS = stems("category type kind class group family genre species line")


def read_values(asked: Asked) -> None:
    """Cells that the question says, the longest first, as they follow each other."""
    while found := _said_values(asked):
        run = min((run for run, _ in found), key=lambda one: (-len(one), asked.find(one) or 0))
        columns = list({id(column): column for told, column in found if told == run}.values())
        at = asked.find(run)
        if at is None:
            raise NotUnderstood
        column = column_of(asked, at, run, columns)
        if any(other is column for other, _ in asked.fits):
            raise NotUnderstood
        asked.words[at : at + len(run)] = ["|"] * len(run)
        asked.fits.append((column, _equal(column, run)))
        asked.has_head = asked.has_head or bool(column.stems & KINDS)


def _said_values(asked: Asked) -> list[tuple[tuple[str, ...], Column]]:
    rows = [
        (run, column)
        for column in asked.table.columns
        if not column.numbers and not column.truths
        for run in {run for value in {cell.value for cell in column.cells.values()} for run in _runs(value)}
    ]
    return [(run, column) for run, column in rows if asked.find(run) is not None]


def column_of(asked: Asked, at: int, run: Sequence[str], columns: Sequence[Column]) -> Column:
    """The one of the columns with a value that the word before it is for, or that the question names."""
    said = word_before(asked.kept, at)
    directed = [one for one in asked.table.columns if is_for(said, one.label)]
    if directed:
        return only([one for one in columns if one in directed])
    if any(is_turned_round(said, one.label, ()) for one in columns):
        raise NotUnderstood
    if said == "with" and any(contains(row.name.value, run) for row in asked.table.rows):
        raise NotUnderstood
    named = [one for one in columns if any(means(word, one) for word in asked.kept)]
    return only(named if len(columns) > 1 else columns)


def _equal(column: Column, run: tuple[str, ...]) -> frozenset[int]:
    """Rows whose cell is this, or enumerates it; a cell that only contains it leaves open whether it counts."""
    fits = frozenset(at for at, cell in column.cells.items() if run in _runs(cell.value))
    others = [cell for at, cell in column.cells.items() if at not in fits]
    if not column.is_clear or any(contains(cell.value, run) for cell in others):
        raise NotUnderstood
    return fits


def _runs(value: str) -> Iterator[tuple[str, ...]]:
    """A cell's words by meaning; of an enumeration those of each item too."""
    items = re.split(r"\s*[,/|&]\s*|\s+and\s+", value)
    for one in dict.fromkeys((value, *items)):
        if run := tuple(meaning(word.casefold()) for word in TOKEN.findall(one)):
            yield run


def contains(value: str, run: Sequence[str]) -> bool:
    """Whether words of these stems follow each other in a cell."""
    said = [meaning(word.casefold()) for word in TOKEN.findall(value)]
    return any(said[at : at + len(run)] == list(run) for at in range(len(said) - len(run) + 1))


def refuse_open_words(asked: Asked) -> None:
    """Words of which it is open whether they are a cell or say nothing: `on` in `lights that are on the wall`."""
    runs = {run for column in asked.table.columns for cell in column.cells.values() for run in _runs(cell.value)}
    marks = {run for column in asked.table.columns if column.truths for run in _runs(column.label)}
    if any(asked.find_free(run) is not None for run in runs | marks):
        raise NotUnderstood
