"""Rows for days of the week: the day that is asked for and no other, and whether something is open then."""

from __future__ import annotations

import pytest

from graphs.answers.framed import is_framed
from graphs.answers.said import sentences_of
from graphs.answers.shaping import shape
from graphs.answers.tables.opening import are_days, days_of, open_polarity
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import Reading
from memory.records import Claim
from tests.graphs.tabled import hits_of, kept

HOURS = """
# The clinic

| Day | Hours |
|---|---|
| Monday–Wednesday | 8:00–18:00 |
| Thu | 8:00–20:00 |
| Saturday and Sunday | closed |
"""


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Monday", {0}),
        ("Mon–Fri", {0, 1, 2, 3, 4}),
        ("Saturday to Monday", {5, 6, 0}),
        ("Tuesdays, Thursdays", {1, 3}),
        ("Daily", {0, 1, 2, 3, 4, 5, 6}),
        ("weekends", {5, 6}),
        ("Is it open on Sunday?", {6}),
        ("A satisfied sunbather", set[int]()),
    ],
)
def test_days_are_read(text: str, days: set[int]) -> None:
    assert days_of(text) == days


def test_a_cell_of_days_holds_nothing_else() -> None:
    assert [are_days(cell) for cell in ("Mon–Fri", "Sat & Sun", "Sunday roast", "Hall 3")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("question", "cell", "told"),
    [
        ("Is it open on Sunday?", "closed", "No"),
        ("Is it closed on Sunday?", "Closed", "Yes"),
        ("Is it open on Monday?", "8:00–18:00", "Yes"),
        ("Is it open on Monday?", "9 am to 5 pm", "Yes"),
        ("Is it open on Monday afternoon?", "8:00–18:00", ""),
        ("Is it open at 19:00 on Monday?", "8:00–18:00", ""),
        ("Is it open on Monday?", "by appointment", ""),
        ("Is it busy on Monday?", "8:00–18:00", ""),
    ],
)
def test_hours_say_whether_it_is_open(question: str, cell: str, told: str) -> None:
    assert open_polarity(question, cell) == told


def shaped(question: str) -> Reading:
    """What becomes of a reading that chose the first row."""
    hits = hits_of(kept(HOURS, "clinic.md"))
    row = next(said for said in sentences_of(hits) if said.text.startswith("Day"))
    reading = shape(question, Reading((Claim("c1", row.text, (row.citation(),)),), "8:00–18:00", hits, 0.7))
    assert all(is_framed(question, claim, hits) for claim in reading.claims if claim.text in ("Yes.", "No."))
    return reading


@pytest.mark.parametrize(
    ("question", "told", "short"),
    [
        ("When is the clinic open on Thursday?", ["Day: Thu; Hours: 8:00–20:00"], "8:00–20:00"),
        ("When is the clinic open on Tuesday?", ["Day: Monday–Wednesday; Hours: 8:00–18:00"], "8:00–18:00"),
        ("Is the clinic open on Saturday?", ["No.", "Day: Saturday and Sunday; Hours: closed"], "No"),
        ("Is the clinic open on Thursday?", ["Yes.", "Day: Thu; Hours: 8:00–20:00"], "Yes"),
    ],
)
def test_the_row_of_the_day_answers(question: str, told: list[str], short: str) -> None:
    reading = shaped(question)
    assert ([claim.text for claim in reading.claims], reading.short_answer) == (told, short)


def test_of_several_rows_for_a_day_the_chosen_one_stays() -> None:
    hits = hits_of(kept("Day,Class,Teacher\nMonday,Yoga,Ann\nMonday,Boxing,Bo\nTuesday,Yoga,Cy\n", "classes.csv"))
    row = next(said for said in sentences_of(hits) if "Boxing" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "Bo", hits, 0.7)
    assert shape("Who teaches boxing on Monday?", read).answerable > ANSWERABLE_THRESHOLD


def test_a_day_without_a_row_is_believed_less() -> None:
    assert shaped("When is the clinic open on Friday?").answerable < ANSWERABLE_THRESHOLD
