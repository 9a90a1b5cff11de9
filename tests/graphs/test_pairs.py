"""Properties one under another: the one that is asked for is told, of what stands above it and of nothing else."""

from __future__ import annotations

import pytest

from graphs.answers.said import sentences_of
from graphs.answers.shaping import shape
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.graphs.tabled import hits_of, kept

TEXT = """
# Orion 500 dishwasher

Machines made with care, for kitchens of all kinds and for people who cook a lot.

## Data

| | |
|---|---|
| Capacity | 14 place settings |
| Noise | 42 dB |
| Water use per cycle | 9.5 litres |
| Height | 82 cm |
| Width | 60 cm |
"""
SURE = 0.6


def shaped(question: str, chosen: str = "Width", pointed: str = "60 cm") -> Reading:
    """What becomes of a reading that chose one of the lines."""
    hits: tuple[Hit, ...] = hits_of(kept(TEXT, "orion.md"))
    line = next(said for said in sentences_of(hits) if said.text.startswith(chosen))
    claim = Claim("c1", line.text, (line.citation(),))
    return shape(question, Reading((claim,), pointed, hits, SURE))


@pytest.mark.parametrize(
    ("question", "told", "short"),
    [
        ("How high is the Orion 500?", "Height: 82 cm", "82 cm"),
        ("How wide is the Orion 500?", "Width: 60 cm", "60 cm"),
        ("How loud is the Orion 500?", "Noise: 42 dB", "42 dB"),
        ("What is the capacity of the dishwasher?", "Capacity: 14 place settings", "14 place settings"),
        ("What is the water use per cycle?", "Water use per cycle: 9.5 litres", "9.5 litres"),
    ],
)
def test_the_property_that_is_asked_for_is_told_and_surely(question: str, told: str, short: str) -> None:
    reading = shaped(question)
    assert ([claim.text for claim in reading.claims], reading.short_answer) == ([told], short)
    assert reading.answerable > SURE


def test_words_of_a_line_are_no_answer_to_yes_or_no() -> None:
    assert shaped("Is the Orion 500 made in Norway?", "Height", "82 cm").short_answer == ""


@pytest.mark.parametrize("question", ["How heavy is the Orion 500?", "How deep is it?", "How wide is the Vega 300?"])
def test_a_property_that_is_not_there_or_of_another_thing_is_believed_less(question: str) -> None:
    assert shaped(question).answerable < ANSWERABLE_THRESHOLD


CONTACTS = """
# Contacts

- HR: Priya Nair, ext. 204
- IT help desk: ext. 300
- Payroll: Tom Ellery
"""


def test_a_person_who_is_asked_for_is_found_in_what_stands_behind_a_name() -> None:
    hits = hits_of(kept(CONTACTS, "contacts.md"))
    line = next(said for said in sentences_of(hits) if said.text.startswith("IT"))
    read = Reading((Claim("c1", line.text, (line.citation(),)),), "ext. 300", hits, SURE)
    assert shape("What is Priya Nair's extension?", read).claims[0].text == "HR: Priya Nair, ext. 204"


COURSES = """
# Training

- Beginners: Tuesday 18:00, coach Lena Fuchs
- Juniors: Wednesday 16:30, coach Jan Peters
"""


@pytest.mark.parametrize(
    ("question", "pointed", "short"),
    [
        ("Who coaches the juniors?", "Lena Fuchs", "Jan Peters"),
        ("When do juniors train?", "Wednesday 16:30", "Wednesday 16:30"),
        ("What about juniors?", "", "Wednesday 16:30, coach Jan Peters"),
    ],
)
def test_of_a_line_that_says_several_things_the_one_that_is_asked_for_is_short(
    question: str, pointed: str, short: str
) -> None:
    hits = hits_of(kept(COURSES, "courses.md"))
    line = next(said for said in sentences_of(hits) if said.text.startswith("Beginners"))
    read = Reading((Claim("c1", line.text, (line.citation(),)),), pointed, hits, SURE)
    assert (told := shape(question, read)).claims[0].text.startswith("Juniors")
    assert told.short_answer == short


def test_what_is_pointed_at_stays_where_another_word_is_used_for_it() -> None:
    reading = shaped("How many place settings does the Orion 500 hold?", "Capacity", "14")
    assert reading.claims[0].text == "Capacity: 14 place settings"


@pytest.mark.parametrize(
    "lines",
    [
        "Ann: We start at nine.\n\nBo: The budget is 5,000 EUR.\n\nAnn: I will send the report.",
        "Ann: We start at nine.\n\nBo: The budget is 5,000 EUR.",
    ],
)
def test_who_says_something_is_no_property(lines: str) -> None:
    hits = hits_of(kept(f"# Minutes\n\n{lines}", "minutes.md"))
    line = next(said for said in sentences_of(hits) if "budget" in said.text)
    read = Reading((Claim("c1", line.text, (line.citation(),)),), "5,000 EUR", hits, SURE)
    assert shape("What is the budget?", read) == read


def test_one_line_with_a_colon_is_no_property() -> None:
    hits = hits_of(kept("# Shop\n\nPlease note: the shop is closed on Sunday.", "shop.md"))
    (line,) = sentences_of(hits)
    read = Reading((Claim("c1", line.text, (line.citation(),)),), "Sunday", hits, SURE)
    assert shape("On which day is the shop closed?", read) == read


LAUNDRY = """
# Laundry

## Prices

- Wash, small machine (7 kg): 4.50 EUR
- Wash, large machine (16 kg): 8.00 EUR

Softener costs 0.50 EUR extra.
"""


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What does a wash in the large machine cost?", "Wash, large machine (16 kg): 8.00 EUR"),
        ("What does the softener cost?", "Softener costs 0.50 EUR extra."),
        ("What does a wash cost?", "Softener costs 0.50 EUR extra."),
        ("What does a wash in the red machine cost?", "Softener costs 0.50 EUR extra."),
    ],
)
def test_a_price_is_told_by_the_line_that_names_the_thing_and_not_by_a_sentence_beside_it(question: str, told: str):
    hits = hits_of(kept(LAUNDRY, "laundry.md"))
    line = next(said for said in sentences_of(hits) if said.text.startswith("Softener"))
    reading = shape(question, Reading((Claim("c1", line.text, (line.citation(),)),), "0.50 EUR", hits, SURE))
    assert reading.claims[0].text == told


COURSE = """
# STAT 210

- Instructor: Dr. Hanna Weiss, office B 3.14
- Teaching assistant: Omar Haddad
"""


@pytest.mark.parametrize(
    ("question", "is_surer"),
    [
        ("Who is the assistant?", True),
        ("Who teaches STAT 210?", False),
        ("What is the phone number of Dr. Weiss?", False),
    ],
)
def test_a_property_is_sure_only_where_its_noun_is_asked_for(question: str, is_surer: bool):
    hits = hits_of(kept(COURSE, "course.md"))
    line = next(said for said in sentences_of(hits) if said.text.startswith("Teaching" if "Who" in question else "Ins"))
    reading = shape(question, Reading((Claim("c1", line.text, (line.citation(),)),), "", hits, SURE))
    assert (reading.answerable > SURE) == is_surer
