"""Tables whose columns are things: the cell under the thing's very name is told, compared and told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.framed import is_framed
from graphs.answers.said import Said
from graphs.answers.shaping import shape
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.reader.support import make_hit

LINES = (
    "Property: Weight; R7: 8 kg; R7-S: 9.5 kg",
    "Property: Wi-Fi; R7: no; R7-S: 2.4 GHz, WPA2",
    "Property: Bluetooth; R7: no; R7-S: optional",
    "Property: Lamp; R7: yes; R7-S: no",
    "Property: Colour; R7: grey; R7-S: grey",
    "Property: Maximum power; R7: 80 W; R7-S: 95 W",
)
TABLE = "\n".join(LINES)


def table(text: str = TABLE, name: str = "spec") -> Hit:
    hit = make_hit(name, text, title="Orla R7 mixer")
    return replace(hit, passage=replace(hit.passage, kind="table", heading=("Data",)))


def read(question: str, line: str, pointed: str = "", text: str = TABLE) -> Reading:
    """What becomes of a reading that chose one line of the table."""
    hit = table(text)
    start = text.index(line)
    claim = Claim("", line, (Said(hit, start, start + len(line)).citation(),))
    return shape(question, Reading((claim,), pointed, (hit,), 0.6))


@pytest.mark.parametrize(
    ("question", "line", "told", "short"),
    [
        ("What is the weight of the R7-S?", LINES[0], "R7-S – weight: 9.5 kg", "9.5 kg"),
        ("What is the weight of the R7?", LINES[0], "R7 – weight: 8 kg", "8 kg"),
        ("How heavy is the r7-s?", LINES[0], "R7-S – weight: 9.5 kg", "9.5 kg"),
        ("What is the maximum power of the Orla R7?", LINES[5], "R7 – maximum power: 80 W", "80 W"),
        ("Which colour is the R7-S?", LINES[4], "R7-S – colour: grey", "grey"),
    ],
)
def test_the_cell_under_the_thing_that_is_asked_for_is_told(question: str, line: str, told: str, short: str):
    reading = read(question, line)
    assert (reading.claims[0].text, reading.short_answer) == (told, short)
    assert is_framed(question, reading.claims[0], (table(),))


@pytest.mark.parametrize(
    ("question", "line", "told"),
    [
        ("Does the R7 have Wi-Fi?", LINES[1], "No"),
        ("Does the R7-S have Wi-Fi?", LINES[1], "Yes"),
        ("Does the R7-S have a lamp?", LINES[3], "No"),
        ("Does the R7 have a lamp?", LINES[3], "Yes"),
    ],
)
def test_yes_and_no_are_of_the_cell_of_that_thing(question: str, line: str, told: str):
    reading = read(question, line)
    assert (reading.claims[0].text, reading.short_answer) == (f"{told}.", told)
    assert all(is_framed(question, claim, (table(),)) for claim in reading.claims)


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("Does the R7-S have Bluetooth?", LINES[2]),
        ("Does the R7-S have 5 GHz Wi-Fi?", LINES[1]),
        ("Does the R7-S have a weight?", LINES[0]),
    ],
)
def test_what_leaves_it_open_is_neither_yes_nor_no(question: str, line: str):
    assert read(question, line).short_answer not in ("Yes", "No")


def test_a_column_of_units_goes_with_the_numbers():
    line = "Property: Weight; Unit: kg; R7: 8; R7-S: 9.5"
    assert read("What is the weight of the R7-S?", line, text=line).short_answer == "9.5 kg"


def test_columns_that_are_measures_are_no_things():
    line = "Car: Golf; CO2 (g/km): 120; PM10 (mg/km): 3"
    assert read("What is the CO2 of the Golf?", line, text=line).claims[0].text == "Golf – CO2: 120 g/km"


@pytest.mark.parametrize(
    "question", ["What is the difference between the R7 and the R7-S?", "How do the Orla R7 and the R7-S differ?"]
)
def test_two_things_differ_in_the_rows_in_which_their_cells_do(question: str):
    reading = shape(question, Reading(ranked=(table(),), answerable=0.1))
    texts = [claim.text for claim in reading.claims]
    assert len(texts) == 5
    assert all(text.endswith("for R7-S.") for text in texts)
    assert not any("Colour" in text for text in texts)
    assert [one.quote for one in reading.claims[0].citations] == [LINES[0]]
    assert all(is_framed(question, claim, (table(),)) for claim in reading.claims)
    assert not is_framed(question, replace(reading.claims[0], text="Weight: 9 kg for R7, 9.5 kg for R7-S."), (table(),))


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which is heavier, the R7 or the R7-S?", "R7-S"),
        ("Which is lighter, the R7-S or the R7?", "R7"),
        ("Is the R7 heavier than the R7-S?", "No"),
    ],
)
def test_which_of_two_columns_wins_is_told_from_their_row(question: str, short: str):
    reading = shape(question, Reading(ranked=(table(),), answerable=0.1))
    assert reading.short_answer == short
    assert [one.quote for one in reading.claims[0].citations] == [LINES[0]]
    assert is_framed(question, reading.claims[0], (table(),))


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between the R7 and the R7-T?",
        "Which is heavier, the R7 or the R8?",
        "Which is cheaper, the R7 or the R7-S?",
    ],
)
def test_of_a_thing_without_a_column_nothing_is_said(question: str):
    assert shape(question, Reading(ranked=(table(),), answerable=0.1)).claims == ()


def test_columns_need_no_codes_to_be_compared():
    plans = table("Feature: Storage; Basic: 10 GB; Premium: 50 GB\nFeature: Price; Basic: 3 EUR; Premium: 9 EUR")
    told = shape("What is the difference between Basic and Premium?", Reading(ranked=(plans,))).claims
    assert [one.text for one in told] == [
        "Storage: 10 GB for Basic, 50 GB for Premium.",
        "Price: 3 EUR for Basic, 9 EUR for Premium.",
    ]
    assert shape("Which is cheaper, Basic or Premium?", Reading(ranked=(plans,))).short_answer == "Basic"
