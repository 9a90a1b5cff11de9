"""What two rows of a table differ in: told cell by cell, both rows cited by each sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.said import Said, name_stems, stems
from graphs.answers.tables.rows import Field, fields_of, naming_field

MOST = 6
"""Cells that are told."""
_LONGEST = 40
"""Characters of a value that can be told beside another: a description is no value."""
_CODES = stems("sku id code ean gtin isbn url link image slug")
"""Columns in which everything differs from everything."""
_AND = r"\s+(?:and|with|to|from|versus|vs\.?)\s+"
_DIFFERENCES = (
    re.compile(
        r"^(?:(?:what(?:'s| is| are)|name|list|explain)\s+(?:the\s+)?(?:main\s+)?differences?\s+between|compare)"
        rf"\s+(?P<first>.+?){_AND}(?P<second>.+?)\s*[?.!]*$",
        re.I,
    ),
    re.compile(
        rf"^how (?:do|does|is|are)\s+(?P<first>.+?)(?:\s+(?:differ|different|compare))?{_AND}(?P<second>.+?)"
        r"(?:\s+(?:differ|different|compare)(?: from each other)?)?\s*[?.!]*$",
        re.I,
    ),
)
_DIFFERING = re.compile(r"\b(?:differ|differences?|different|compare)\b", re.I)
_ARTICLE = re.compile(r"^(?:the|a|an|both)\s+", re.I)


class Pair(NamedTuple):
    """Two things by the names that a question gives them."""

    first: str
    second: str


def difference_of(question: str) -> Pair | None:
    """Understand a question for all that two things differ in; None for any other."""
    plain = " ".join(question.split())
    match = next((found for pattern in _DIFFERENCES if (found := pattern.match(plain))), None)
    if match is None or not _DIFFERING.search(plain):
        return None
    first, second = (_ARTICLE.sub("", match[name]).strip(" .,") for name in ("first", "second"))
    return (
        Pair(first, second)
        if name_stems(first) and name_stems(second) and name_stems(first) != name_stems(second)
        else None
    )


def find_rows(pair: Pair, sentences: Sequence[Said]) -> tuple[Said, Said] | None:
    """One row of each thing, both of one table; None if either has none or several."""
    rows = [said for said in sentences if fields_of(said)]
    first, second = (_row_of(name, rows) for name in pair)
    if first is None or second is None or first == second:
        return None
    return (first, second) if first.hit.passage.document_id == second.hit.passage.document_id else None


def differences(pair: Pair, first: Said, second: Said) -> tuple[str, ...]:
    """A sentence for each cell in which two rows differ, in the table's order; () if they are not of these things."""
    if not (_isname_stems(pair.first, first) and _isname_stems(pair.second, second)):
        return ()
    others = {one.label: one for one in fields_of(second)}
    naming = naming_field(fields_of(first))
    told = [
        f"{one.label[:1].upper()}{one.label[1:]}: {one.shown} for {pair.first}, {other.shown} for {pair.second}."
        for one in fields_of(first)
        if one != naming and not stems(one.label) & _CODES and (other := others.get(one.label)) and differ(one, other)
    ]
    return tuple(told[:MOST])


def differ(one: Field, other: Field) -> bool:
    """Whether two cells say different things, both short enough to be told side by side."""
    return one.shown.casefold() != other.shown.casefold() and max(len(one.shown), len(other.shown)) <= _LONGEST


def _row_of(name: str, rows: Sequence[Said]) -> Said | None:
    """The row with just this name, else the only one whose name holds all its words."""
    found = [row for row in rows if _isname_stems(name, row)]
    exact = [row for row in found if _names(row) == name_stems(name)]
    best = list({row.text: row for row in exact or found}.values())
    return best[0] if len(best) == 1 else None


def _isname_stems(name: str, row: Said) -> bool:
    return name_stems(name) <= _names(row)


def _names(row: Said) -> frozenset[str]:
    naming = naming_field(fields_of(row))
    return name_stems(naming.value) if naming else frozenset()
