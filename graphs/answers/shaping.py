"""Turns what a reader found into an answer: the answer first, then the sentences that it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from graphs.answers.clauses import of_clause
from graphs.answers.comparing import compared, comparison_of, find_pair, winner
from graphs.answers.disagreeing import can_be_disputed, disagreement, find_rival, newest_first
from graphs.answers.listing import listed_claims, whole_steps
from graphs.answers.named import is_of_another_role, is_of_opposite, is_over, names_another, of_what_is_named
from graphs.answers.outcome import (
    ANOTHER,
    CERTAIN,
    OF_ANOTHER_ROLE,
    PRICELESS,
    UNSAID,
    UNSAID_OF_MANY,
    claim_of,
    less_sure,
    sure,
)
from graphs.answers.polarity import Polarity, is_polar, polarity
from graphs.answers.said import Said, said_by, sentences_of, stems
from graphs.answers.sections import asks_for_one_thing, section_claims
from graphs.answers.superseding import of_change
from graphs.answers.tables.columns import column_differences, compared_in_columns, rows_of_both
from graphs.answers.tables.differing import difference_of, differences, find_rows
from graphs.answers.tables.kinds import of_some_kind
from graphs.answers.tables.marked import marked_claims
from graphs.answers.tables.measured import is_given_otherwise, is_money_instead
from graphs.answers.tables.rows import (
    asked_field,
    fields_of,
    is_led_elsewhere,
    is_settled,
    may_be_money,
    name_of,
    naming_field,
    row_asked_for,
    row_polarity,
    speaks_of_money,
    tellings,
)
from graphs.reader.attribute import attribute_of, says_attribute
from graphs.reader.pointing import paired
from graphs.reader.question import understand
from graphs.reading import Reading
from memory.records import Claim, Hit

READ = 8
"""Passages that a frame may be made of."""
_MOST = re.compile(
    r"\bthe (?:(?!(?:west|east|rest|best|test|guest|latest|interest|request|forest|nest)\b)\w{3,}est|most|least)\b",
    re.I,
)
"""One row says nothing of being more than all others."""
_OF_TWO = re.compile(r"\bthan (?:the |an? |our )?[A-Z]|\b\w{0,30}[A-Z\d]\w{0,30} or (?:the |an? |our )?\w{0,30}[A-Z\d]")
"""Two things are held against each other: one cell answers nothing then."""


def shape(question: str, reading: Reading) -> Reading:
    """Return a reading with its answer first; as it was where nothing but its sentences can be said."""
    told = _shaped(question, of_what_is_named(question, reading))
    return replace(told, short_answer=paired(" ".join(told.short_answer.split())))


def _shaped(question: str, reading: Reading) -> Reading:
    hits = reading.ranked[:READ]
    return (
        of_clause(question, reading)
        or _compared(question, reading, hits)
        or _differing(question, reading)
        or _listed(question, reading, hits)
        or of_change(question, reading)
        or _held_together(question, reading, hits)
    )


class OfARow(NamedTuple):
    """A question with what a row says to it; where it leaves open whom it is about, it says so now."""

    question: str
    reading: Reading


def told_of_rows(question: str, claims: Sequence[Claim], hits: Sequence[Hit]) -> OfARow | None:
    """The cell that a question asks for and nothing else, of one of the rows that claims cite; None if none has it."""
    for row in said_by([citation for claim in claims for citation in claim.citations], hits):
        named = naming_field(fields_of(row))
        for asked in (question, f"{question.rstrip(' ?')} ({named.value})?") if named else ():
            told = _told_of_a_row(asked, Reading(ranked=(row.hit,)), row)
            if told and told.answerable >= CERTAIN:
                return OfARow(asked, told)
    return None


def _compared(question: str, reading: Reading, hits: Sequence[Hit]) -> Reading | None:
    """The answer to "which is cheaper, A or B?"."""
    asked = comparison_of(question)
    if asked is None:
        return None
    sentences = sentences_of(reading.ranked)
    pair = find_pair(asked, sentences)
    text = compared(asked, *pair) if pair else ""
    if not pair or not text:
        told = compared_in_columns(asked, sentences)
        return sure(reading, (claim_of(told[0], [told[1]]),), winner(asked, told[0])) if told else None
    claim = Claim("", text, tuple(said.citation() for said in pair))
    return sure(reading, (claim,), winner(asked, text))


def _differing(question: str, reading: Reading) -> Reading | None:
    """The answer to "what is the difference between A and B?", where both are rows or columns of a table."""
    asked = difference_of(question)
    if asked is None:
        return None
    sentences = sentences_of(reading.ranked)
    rows = find_rows(asked, sentences)
    claims = tuple(claim_of(text, rows) for text in differences(asked, *rows)) if rows else ()
    if not claims:
        told = column_differences(asked, rows_of_both(*asked, sentences))
        claims = tuple(claim_of(text, [row]) for text, row in told)
    return sure(reading, claims, "") if claims else None


def _listed(question: str, reading: Reading, hits: Sequence[Hit]) -> Reading | None:
    claims = listed_claims(question, hits, reading.ranked) or marked_claims(question, sentences_of(reading.ranked))
    if claims:
        return sure(reading, claims, "")
    if steps := whole_steps(question, reading.claims, hits, reading.ranked):
        return replace(reading, claims=steps, short_answer="")
    if asks_for_one_thing(question) and reading.answerable >= CERTAIN:
        return None
    section = section_claims(question, hits)
    return sure(reading, section, "") if section else None


def _held_together(question: str, reading: Reading, hits: Sequence[Hit]) -> Reading:
    """What the chosen sentences amount to together with what other documents say."""
    chosen = said_by([citation for claim in reading.claims for citation in claim.citations], hits)
    if not chosen:
        return reading
    known, sentences = understand(question, {}), sentences_of(hits)
    if told := of_some_kind(question, reading, chosen, sentences):
        return told
    if fields_of(chosen[0]):
        row = row_asked_for(known, chosen[0], sentences)
        reading = _doubted(reading, question, row, is_one_of_many=_is_one_of_many(row, hits))
        if told := _told_of_a_row(question, reading, row):
            return told
        reading = _of_a_cell(_led_by(reading, row), row)
    elif any(tells(question, chosen[0]) for tells in (is_of_another_role, is_of_opposite, is_over)):
        reading = less_sure(reading, OF_ANOTHER_ROLE)
    rival = find_rival(known, chosen[0], sentences) if can_be_disputed(known, chosen[0]) else None
    if rival is not None:
        pair = newest_first(chosen[0], rival)
        texts = (disagreement(known, *pair), *(said.text for said in pair))
        cited = (pair, pair[:1], pair[1:])
        claims = tuple(claim_of(text, said) for text, said in zip(texts, cited, strict=True))
        return replace(reading, claims=claims, short_answer="")
    return _polar(question, reading, chosen) if is_polar(question) else reading


def _told_of_a_row(question: str, reading: Reading, row: Said) -> Reading | None:
    """The cell of a row that is asked for, and what other documents say; other rows of its table would only confuse."""
    if (most := _MOST.search(question)) and most[0].casefold() not in row.text.casefold():
        return less_sure(replace(reading, short_answer=""), UNSAID)
    if _OF_TWO.search(question):
        return replace(reading, claims=(claim_of(row.text, [row]),), short_answer="")
    known = understand(question, {})
    others = tuple(claim for claim in reading.claims if claim.citations[0].document_id != row.hit.passage.document_id)
    if is_polar(question):
        settled = row_polarity(known, row)
        if settled is None:
            return None
        told, cell = settled
        claims = (claim_of(f"{told}.", [row]), claim_of(tellings(known, row)[cell], [row]), *others[:1])
        return sure(reading, claims, told)
    cell = asked_field(known, fields_of(row), reading.short_answer)
    if cell and (is_given_otherwise(known, cell) or is_money_instead(known, cell)):
        return less_sure(replace(reading, short_answer=""), ANOTHER)
    text = tellings(known, row).get(cell, "") if cell else ""
    if not cell or not text:
        return None
    claims = (claim_of(text, [row]), *others)
    if is_settled(known, row, cell):
        return sure(reading, claims, cell.shown)
    return replace(reading, claims=claims, short_answer=cell.shown)


def _led_by(reading: Reading, row: Said) -> Reading:
    """A reading with the row first that is asked for."""
    if not reading.claims or reading.claims[0].text == row.text:
        return reading
    others = (claim for claim in reading.claims if claim.text != row.text)
    return replace(reading, claims=(claim_of(row.text, [row]), *others))


def _of_a_cell(reading: Reading, row: Said) -> Reading:
    """A reading without its short answer where no cell holds it: the name of a column answers nothing."""
    is_held = any(reading.short_answer in one.shown or reading.short_answer in one.value for one in fields_of(row))
    return reading if is_held else replace(reading, short_answer="")


def _doubted(reading: Reading, question: str, row: Said, *, is_one_of_many: bool) -> Reading:
    """A reading of a row, less believed where neither a column nor a cell says what is asked of whom the row names.

    What stands above a table tells none of its rows from another.
    """
    asked, understood = attribute_of(question), understand(question, {})
    if names_another(question, row):
        reading = less_sure(reading, ANOTHER)
    if is_led_elsewhere(understood, row):
        return less_sure(reading, UNSAID)
    if not speaks_of_money(understood, fields_of(row)):
        may_be_told = any(map(may_be_money, fields_of(row)))
        return less_sure(reading, UNSAID) if may_be_told else replace(less_sure(reading, PRICELESS), short_answer="")
    if asked is None:
        said = stems(question)
        is_strange = is_one_of_many and not name_of(row) & said and bool(said - row.stems - row.around)
        return less_sure(reading, UNSAID) if is_strange else reading
    whose, known = stems(question) - asked.heads, row.stems | row.around
    is_about = (not whose or bool(whose & (row.stems if is_one_of_many else known))) and (
        not asked.whose or bool(asked.whose & known)
    )
    if is_about and says_attribute(asked, row.text, name_of(row)):
        return reading
    return less_sure(reading, UNSAID_OF_MANY if whose and is_one_of_many and not whose & row.stems else UNSAID)


def _is_one_of_many(row: Said, hits: Sequence[Hit]) -> bool:
    """Whether other rows of its table were found beside a row."""
    place = row.hit.passage
    beside = [hit for hit in hits if hit.passage.document_id == place.document_id]
    rows = (one for one in sentences_of(beside) if one.hit.passage.heading == place.heading and fields_of(one))
    return place.kind == "table" and any(one.text != row.text for one in rows)


def _polar(question: str, reading: Reading, chosen: Sequence[Said]) -> Reading:
    """Yes or no before the sentence that says so; nothing where two of them say otherwise."""
    answers: list[tuple[Polarity, Said]] = [(told, said) for said in chosen if (told := polarity(question, said))]
    if len({told for told, _ in answers}) != 1:
        # Words of the sentence are no answer to "is it …?"; the sentence itself is.
        return replace(reading, short_answer="")
    told, said = answers[0]
    first = claim_of(said.text, [said])
    rest = [claim for claim in reading.claims if claim.text != said.text]
    return sure(reading, (claim_of(f"{told}.", [said]), first, *rest[:1]), told)
