"""Rows that stand for ranges: the one that holds the number of the question answers it, where only one does."""

from __future__ import annotations

from math import inf

import pytest

from graphs.answers.said import sentences_of
from graphs.answers.shaping import shape
from graphs.answers.tables.bands import band_of
from graphs.reading import Reading
from memory.records import Claim
from tests.graphs.tabled import hits_of, kept

LEAVE = """
# Holidays

| Years of service | Days of leave |
|---|---|
| 0–2 | 25 |
| 3–5 | 27 |
| 6 or more | 30 |

## Expenses

| Item | Limit |
|---|---|
| Hotel | 140 GBP |
| Dinner | 35 GBP |
"""
WEIGHTS = "Weight,Price EUR,Days\nup to 2 kg,4.90,2\n2.1 to 5 kg,6.90,2\nover 20 kg,39.00,5\n"


@pytest.mark.parametrize(
    ("cell", "low", "high"),
    [
        ("0–2", 0, 2),
        ("2.1 to 5 kg", 2.1, 5),
        ("from 3 to 5 years", 3, 5),
        ("6 or more", 6, inf),
        ("10+", 10, inf),
        ("over 1,000 EUR", 1000, inf),
        ("under 18", -inf, 18),
        ("up to 2 kg", -inf, 2),
        ("7", 7, 7),
    ],
)
def test_a_cell_is_read_as_a_range(cell: str, low: float, high: float) -> None:
    band = band_of(cell)
    assert band is not None
    assert (band.low, band.high) == (low, high)


@pytest.mark.parametrize("cell", ["unlimited", "Oslo", "3–5 or 7", "about 3", "2 rooms of 5 m"])
def test_other_cells_are_none(cell: str) -> None:
    assert band_of(cell) is None


def test_an_open_end_is_not_in_it() -> None:
    over, least = band_of("over 20 kg"), band_of("from 20 kg")
    assert over
    assert least
    assert (over.holds(20), least.holds(20)) == (False, True)


def told(text: str, name: str, question: str) -> Reading:
    """What becomes of a reading that chose the first row."""
    hits = hits_of(kept(text, name))
    row = next(said for said in sentences_of(hits) if ";" in said.text)
    return shape(question, Reading((Claim("c1", row.text, (row.citation(),)),), "", hits, 0.4))


@pytest.mark.parametrize(
    ("text", "name", "question", "row", "short"),
    [
        (LEAVE, "a.md", "How many days of leave do I get after four years?", "3–5", "27"),
        (LEAVE, "a.md", "How many days of leave do employees with 10 years of service get?", "6 or more", "30"),
        (WEIGHTS, "a.csv", "What does it cost to ship a parcel of 3 kg?", "2.1 to 5 kg", "6.90"),
        (WEIGHTS, "a.csv", "What is the price for a parcel of 1500 g?", "up to 2 kg", "4.90"),
        (WEIGHTS, "a.csv", "How many days does a parcel of 25 kg take?", "over 20 kg", "5"),
    ],
)
def test_the_row_that_holds_the_number_answers(text: str, name: str, question: str, row: str, short: str) -> None:
    reading = told(text, name, question)
    assert f": {row};" in reading.claims[0].text
    assert reading.short_answer == short
    assert len(reading.claims) == 1


@pytest.mark.parametrize(
    ("text", "name", "question"),
    [
        (WEIGHTS, "a.csv", "What is the price for a parcel of 12 kg?"),  # in none of its ranges
        (WEIGHTS, "a.csv", "What is the price for a parcel of 3 cm?"),
        (WEIGHTS, "a.csv", "Which colour has a parcel of 3 kg?"),
    ],
)
def test_nothing_is_told_of_a_number_that_no_row_holds(text: str, name: str, question: str) -> None:
    assert told(text, name, question).short_answer not in ("4.90", "6.90", "39.00", "25", "27", "30")
