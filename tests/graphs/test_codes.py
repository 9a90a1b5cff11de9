"""A code that a question names is this very code: neither a row nor a sentence of another one answers for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.said import Said
from graphs.answers.shaping import shape
from graphs.language.codes import codes_of, names_code
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.support.fake_tools import passage_hit

DOSING = "Code: D-21; Meaning: Tank empty; Remedy: Refill"
VALVE = "Code: D-22; Meaning: Valve stuck; Remedy: Tap it"
PUMP = "sku: P210; name: Rill pump; weight_kg: 4"
SHED = "name: Shed; length_cm: 300; roof: felt"


def row(text: str, name: str = "a") -> Hit:
    hit = passage_hit(text, name, title="Manual of the MX70 doser")
    return replace(hit, passage=replace(hit.passage, kind="record", document_id="table"))


def read(question: str, *hits: Hit, chosen: int = 1) -> Reading:
    """What becomes of a reading that chose the first of the hits whole."""
    claims = tuple(Claim("", hit.passage.text, (Said(hit, 0, len(hit.passage.text)).citation(),)) for hit in hits)
    return shape(question, Reading(claims[:chosen], "", hits, 0.6))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does D-23 mean?", DOSING),
        ("What does d-23 mean on the MX70?", DOSING),
        ("What does error D-23 mean on the MX70?", DOSING),
        ("What is the remedy of D21-B?", DOSING),
        ("How heavy is the P211?", PUMP),
        ("What is the roof of the MX71?", "Part: Roof; MX70: felt; MX70-L: tin"),
    ],
)
def test_a_row_of_another_code_is_not_told(question: str, text: str):
    assert read(question, row(text)).claims == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does D-21 mean?", DOSING),
        ("What does d21 mean on the MX70?", DOSING),
        ("How heavy is the P-210?", PUMP),
        ("How long is the S3 shed?", SHED),
        ("How heavy is the P210 of 2024?", PUMP),
    ],
)
def test_a_row_of_the_code_or_of_a_thing_without_one_is_told(question: str, text: str):
    assert read(question, row(text)).claims


def test_the_row_of_the_code_is_told_where_it_was_found_beside_another():
    assert read("What does D-22 mean?", row(DOSING), row(VALVE, "b"), chosen=1).short_answer == "Valve stuck"
    assert read("What does D-22 mean?", row(DOSING), row(VALVE, "b"), chosen=2).short_answer == "Valve stuck"


def test_a_sentence_on_a_code_of_the_same_series_is_not_told():
    other = passage_hit("A wrong key is answered with QX-401. A lost key is answered with QX-402.")
    assert read("What does QX-403 mean?", other).claims == ()
    assert read("What does QX-402 mean?", other).claims
    assert read("What does RB-7 mean?", other).claims


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("What does error E12 mean on the K40-E?", ("E12", "K40-E")),
        ("pw-4012 and e12", ("pw-4012", "e12")),
        ("a K40-based unit of mid-2024, 5kg, 802.11b, the 2nd", ("K40",)),
        ("the FX9's lid", ("FX9",)),
    ],
)
def test_codes_are_letters_and_digits_together(text: str, codes: tuple[str, ...]):
    assert codes_of(text) == codes


@pytest.mark.parametrize(
    ("text", "code", "is_named"),
    [
        ("KX 1003 A", "KX-1003-A", True),
        ("the K40-based unit", "K40", True),
        ("PW-1/PW-2", "PW-2", True),
        ("the K40-E", "K40", False),
        ("E120", "E12", False),
        ("AE12", "E12", False),
    ],
)
def test_a_code_is_named_however_it_is_joined_and_never_by_a_longer_one(text: str, code: str, is_named: bool):
    assert names_code(text, code) is is_named


CLOCK = "Product: Tide Clock; Unit price: 62.00; Reorder level: 15; Finish: brass"
BAROMETER = "Product: Fjord 12 Barometer; Unit price: 229.00; Reorder level: 15; Warranty: 2 years"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the price of the Fjord 15 Barometer?", BAROMETER),
        ("What is the warranty of the Fjord 40?", BAROMETER),
        ("What does the Tide Clock Silver cost?", CLOCK),
        ("How much is the silver tide clock?", CLOCK),
    ],
)
def test_a_row_of_another_name_is_not_believed(question: str, text: str):
    reading = read(question, row(text))
    assert not reading.claims or reading.answerable < ANSWERABLE_THRESHOLD


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the price of the Fjord 12 Barometer?", BAROMETER),
        ("What does the Fjrod 12 Barometer cost?", BAROMETER),
        ("What is the price of Fjord barometers?", BAROMETER),
        ("What does the brass Tide Clock cost?", CLOCK),
        ("What is the unit price of the Tide Clock?", CLOCK),
    ],
)
def test_a_row_is_believed_by_its_name_a_form_of_it_or_a_cell(question: str, text: str):
    assert read(question, row(text)).answerable >= ANSWERABLE_THRESHOLD


def test_the_line_of_a_file_of_lines_gives_way_to_the_one_that_is_asked_for():
    lines = [
        replace(row(f"id: TCK-{number}; status: {status}", f"t{number}"), source=f"tickets.jsonl#{number}")
        for number, status in ((2059, "open"), (2056, "waiting"))
    ]
    lines = [replace(hit, passage=replace(hit.passage, document_id=f"line{at}")) for at, hit in enumerate(lines)]
    assert read("What is the status of TCK-2056?", *lines).short_answer == "waiting"


@pytest.mark.parametrize(
    ("question", "text", "is_told"),
    [
        ("When is version 3 switched off?", "Version 2 will be switched off on 30 September.", False),
        ("When is version 2 switched off?", "Version 2 will be switched off on 30 September.", True),
        ("When is version 3 switched off?", "Version 2 goes in May, version 3 in June.", True),
        ("When did Apollo 12 land?", "In 1969 Apollo 11 landed on the moon.", False),
        ("Which rooms does floor 3 have?", "Floors 2 to 4 have meeting rooms.", True),
        ("What costs 12 EUR?", "The ticket costs 15 EUR.", True),
        ("What happened in June 1941?", "On June 12, 1941, the gate was closed.", True),
    ],
)
def test_a_sentence_on_another_number_of_a_thing_is_not_told(question: str, text: str, is_told: bool):
    hit = passage_hit(text, "a", title="News")
    claim = Claim("", text, (Said(hit, 0, len(text)).citation(),))
    assert bool(shape(question, Reading((claim,), "", (hit,), 0.6)).claims) == is_told


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Does the app run on Android 13?", "The app runs on Android 10 and later."),
        ("Is Windows 11 supported?", "Only Windows 10 or newer is supported."),
        ("Do Grade 6 staff get a car?", "All staff from Grade 4 up get a car."),
        ("Is Level 3 open to children?", "Both Level 1 to Level 5 are open to children."),
    ],
)
def test_a_range_speaks_of_more_numbers_than_it_names(question: str, text: str):
    assert read(question, prose(text)).claims


def test_another_number_of_a_sentence_is_no_range_of_the_name():
    text = "The new Fjord 12 has 30 more settings, from 5 to 9 bars."
    assert read("How many settings has the Fjord 15?", prose(text)).claims == ()


def prose(text: str) -> Hit:
    return passage_hit(text, "a", title="The lighthouse")


def believed(question: str, text: str) -> float:
    """How much is believed of a sentence that a reader was rather sure of."""
    hit = prose(text)
    claims = (Claim("", text, (Said(hit, 0, len(text)).citation(),)),)
    return shape(question, Reading(claims, "", (hit,), 0.82)).answerable


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who is the present keeper?", "Its architect was Margaret Dunbar."),
        ("How much leave do part-time employees have?", "Full-time employees have 28 days of paid leave."),
        ("What is the minimum age?", "The maximum age is 65."),
        ("Who is the treasurer?", "The chair of the club is Ann Rook, and it meets on Mondays."),
        ("Who was the first mayor of Aldbury?", "The founder of Aldbury was Joe Hale."),
        ("Who is the keeper now?", "The keeper was Tom Reed until 2019."),
        ("Who's the keeper?", "Tom Reed served as its keeper until 2019."),
    ],
)
def test_who_has_another_role_is_believed_less(question: str, text: str):
    assert believed(question, text) < ANSWERABLE_THRESHOLD


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who was the architect?", "Its architect was Margaret Dunbar."),
        ("What is the largest city?", "The largest city is Ur; the smallest city is Ra."),
        ("Who is the keeper of the lighthouse?", "The present keeper is Tom Reed."),
        ("Who is the keeper?", "The man who trims the lamps as its keeper is Tom Reed."),
        ("Who built it?", "Its architect was Margaret Dunbar."),
        ("Who was the keeper?", "The keeper was Tom Reed until 2019."),
        ("Who is the keeper?", "Tom Reed was its keeper until 2019; it is now Ada Hale."),
        ("What was the first ship?", "The architect was Margaret Dunbar."),
    ],
)
def test_who_has_the_role_is_believed_as_before(question: str, text: str):
    assert believed(question, text) == 0.82
