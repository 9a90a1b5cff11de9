"""Tables and lists of some kinds: ranges, days of the week, properties. The one line that is asked for is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphs.answers.outcome import ANOTHER, UNSAID, claim_of, less_sure, sure
from graphs.answers.polarity import is_polar
from graphs.answers.said import Said, stems
from graphs.answers.tables.amounts import amount_asked_for
from graphs.answers.tables.bands import banded_row
from graphs.answers.tables.fields import Field
from graphs.answers.tables.opening import day_polarity, rows_of_day
from graphs.answers.tables.pairs import Pair, line_asked_for, pair_asked_for, pairs_beside
from graphs.answers.tables.rows import asked_field, fields_of
from graphs.reader.attribute import attribute_of, says_attribute
from graphs.reader.pointing import ruled_answer
from graphs.reader.question import Question, understand
from graphs.reading import Reading

FEWEST = 2


def of_some_kind(question: str, reading: Reading, chosen: Sequence[Said], sentences: Sequence[Said]) -> Reading | None:
    """A reading out of lines that stand for ranges, days or properties; None where the chosen ones do not."""
    if banded := _in_its_band(question, reading, chosen, sentences):
        return banded
    of_day = rows_of_day(question, chosen[0], sentences)
    if of_day is not None and len(of_day) <= 1:  # of several, other words decide
        return _of_a_day(question, reading, *of_day) if of_day else less_sure(reading, ANOTHER)
    if fields_of(chosen[0]):
        return None
    if pairs := pairs_beside(chosen[0], sentences):
        return _of_a_property(question, reading, chosen[0], pairs)
    known = understand(question, {})
    if amount := amount_asked_for(known, chosen[0], sentences):
        return sure(reading, (claim_of(amount.said.text, [amount.said]),), amount.told)
    line = None if is_polar(question) else line_asked_for(known, chosen[0], sentences)
    return sure(reading, (claim_of(line.said.text, [line.said]),), line.cell.shown) if line else None


def _part_of(question: Question, cell: Field, pointed: str) -> str:
    """Of a value that says several things the one that is pointed at, or that has a word of the question's."""
    parts = cell.shown.split(", ")
    if len(parts) < FEWEST:
        return cell.shown
    if pointed and pointed in cell.shown:
        return pointed
    asked = stems(question.text) - stems(cell.label)
    said = next((part for part in parts if stems(part) & asked), "")
    return ruled_answer(question, said) or cell.shown


def _in_its_band(question: str, reading: Reading, chosen: Sequence[Said], sentences: Sequence[Said]) -> Reading | None:
    """The row whose range holds the number of the question: 27 days of leave after four years."""
    known = understand(question, {})
    found = (banded_row(known, said, sentences) for said in chosen if fields_of(said))
    banded = next((one for one in found if one), None)
    if banded is None or is_polar(question):
        return None
    claims = (claim_of(banded.row.text, [banded.row]),)
    told = banded.cell.shown if banded.cell.shown in banded.row.text else banded.cell.value
    return sure(reading, claims, told) if banded.is_settled else replace(reading, claims=claims, short_answer=told)


def _of_a_day(question: str, reading: Reading, row: Said) -> Reading:
    """The row of the day that is asked for, with yes or no where it says whether something is open."""
    claim, cells = claim_of(row.text, [row]), fields_of(row)[1:]
    if is_polar(question):
        answer = day_polarity(question, row)
        claims = (claim_of(f"{answer}.", [row]), claim) if answer else (claim,)
        return replace(reading, claims=claims, short_answer=answer)
    cell = cells[0] if len(cells) == 1 else asked_field(understand(question, {}), cells, reading.short_answer)
    return replace(reading, claims=(claim,), short_answer=cell.shown if cell else "")


def _of_a_property(question: str, reading: Reading, chosen: Said, pairs: Sequence[Pair]) -> Reading:
    """The property that is asked for, instead of those beside it; less believed where none is named so."""
    known = understand(question, {})
    asked = pair_asked_for(known, reading.short_answer, chosen, pairs)
    if asked is None or not asked.is_named:
        wanted = attribute_of(question)
        reading = replace(reading, short_answer="") if is_polar(question) else reading
        return reading if wanted is None or says_attribute(wanted, chosen.text) else less_sure(reading, UNSAID)
    own = asked.pair.said.hit.passage.passage_id
    others = tuple(claim for claim in reading.claims if claim.citations[0].passage_id != own)
    claims = (claim_of(asked.pair.said.text, [asked.pair.said]), *others)
    reading = less_sure(reading, ANOTHER) if asked.is_of_another else reading
    told = "" if is_polar(question) else _part_of(known, asked.pair.cell, reading.short_answer)
    return sure(reading, claims, told) if asked.is_settled else replace(reading, claims=claims, short_answer=told)
