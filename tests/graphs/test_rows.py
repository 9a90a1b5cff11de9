"""Rows of tables are told as help: whose value, the value with its unit, yes or no; never another row's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.framed import is_framed
from graphs.answers.said import Said, sentences_of
from graphs.answers.shaping import shape
from graphs.answers.tables.rows import fields_of
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.graphs.tabled import hits_of, kept
from tests.support.fake_tools import passage_hit

LAMP = "sku: LM-12; name: Halo Pro lamp; price_eur: 89.00; weight_g: 1550; stock: 0; launchYear: 2024; waterproof: no"
PLAIN_LAMP = (
    "sku: LM-10; name: Halo lamp; price_eur: 49.90; weight_g: 1200; stock: 34; launchYear: 2021; waterproof: no"
)
SPRING = "Part: Spring; Price: 7.50 EUR; Delivery (days): 10"
FAN = "name: Brisa fan; powerW: 45; inStock: True; amount: 59.9; currency: CHF"
TICKET = "id: TCK-2056; product: K60; status: open; priority: urgent; assignee: Lena Vogt"
PLOT = "Plot: Small; Size: 80 m2; Shed allowed: no; Water: no; Drying cabinet included: yes"
RED = "Lamp: Red, blinking; Meaning: Boiler overheated; What to do: Switch off for 30 minutes"


def row(text: str, name: str = "a") -> Hit:
    hit = passage_hit(text, name, title="Catalogue")
    return replace(hit, passage=replace(hit.passage, kind="record", document_id="table"))


def read(question: str, text: str, pointed: str = "", *others: str) -> Reading:
    """What becomes of a reading that chose one row whole."""
    hits = tuple(row(one, str(place)) for place, one in enumerate((text, *others)))
    claim = Claim("c1", text, (Said(hits[0], 0, len(text)).citation(),))
    return shape(question, Reading((claim,), pointed, hits, 0.5))


@pytest.mark.parametrize(
    ("question", "text", "pointed", "told", "short"),
    [
        ("How much does the Halo Pro lamp cost?", LAMP, "89.00", "Halo Pro lamp – price: 89.00 EUR", "89.00 EUR"),
        ("How heavy is the Halo Pro lamp?", LAMP, "weight_g: 1550", "Halo Pro lamp – weight: 1550 g", "1550 g"),
        ("When was the Halo Pro lamp launched?", LAMP, "", "Halo Pro lamp – launch year: 2024", "2024"),
        ("What is the SKU of the Halo Pro lamp?", LAMP, "", "Halo Pro lamp – sku: LM-12", "LM-12"),
        ("How long is the delivery of the spring?", SPRING, "3", "Spring – delivery: 10 days", "10 days"),
        ("Which part costs 7.50 EUR?", SPRING, "Spring", "Spring – price: 7.50 EUR", "Spring"),
        ("What is the power of the Brisa fan?", FAN, "", "Brisa fan – power: 45 W", "45 W"),
        (
            "What does a blinking red lamp mean?",
            RED,
            "",
            "Red, blinking – meaning: Boiler overheated",
            "Boiler overheated",
        ),
        (
            "And if the red lamp blinks?",
            RED,
            "Switch off",
            "Red, blinking – what to do: Switch off for 30 minutes",
            None,
        ),
    ],
)
def test_the_cell_that_is_asked_for_is_told_with_its_unit(
    question: str, text: str, pointed: str, told: str, short: str | None
):
    reading = read(question, text, pointed)
    assert reading.claims[0].text == told
    assert reading.claims[0].citations[0].quote == text
    assert short is None or reading.short_answer == short


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        ("Is the Halo Pro lamp waterproof?", LAMP, "No"),
        ("Is the Halo Pro lamp in stock?", LAMP, "No"),
        ("Is the Halo lamp in stock?", PLAIN_LAMP, "Yes"),
        ("Is the Brisa fan in stock?", FAN, "Yes"),
        ("Does the small plot have water?", PLOT, "No"),
        ("Is there water on the small plot?", PLOT, "No"),
        ("May the small plot have a shed?", PLOT, "No"),
        ("Are sheds permitted on the small plot?", PLOT, "No"),
        ("Does a small plot come with a drying cabinet?", PLOT, "Yes"),
        ("Is TCK-2056 closed?", TICKET, "No"),
        ("Is TCK-2056 open?", TICKET, "Yes"),
        ("Is TCK-2056 urgent?", TICKET, "Yes"),
    ],
)
def test_a_cell_that_says_so_is_yes_or_no(question: str, text: str, told: str):
    reading = read(question, text)
    assert (reading.claims[0].text, reading.short_answer) == (f"{told}.", told)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Is TCK-2056 closed?", TICKET.replace("status: open", "status: in progress")),
        ("Is TCK-2056 closed?", f"{TICKET}; closed: 2026-03-02"),
        ("Is TCK-2057 closed?", TICKET),
        ("Does the small plot have a red shed?", PLOT),
        ("Does the small plot have a pond?", PLOT),
        ("Is the pump of TCK-2056 closed?", TICKET),
        ("Was TCK-2056 opened?", f"{TICKET.replace('open', 'closed')}; opened: 2026-03-02"),
        ("Is TCK-2056 urgent?", TICKET.replace("urgent", "not urgent")),
    ],
)
def test_a_value_that_is_not_what_is_asked_nor_its_opposite_is_neither_yes_nor_no(question: str, text: str):
    assert read(question, text).claims[0].text not in ("Yes.", "No.")


@pytest.mark.parametrize(
    "question", ["Is the Gull lamp waterproof?", "Is the waterproof bag of the Halo Pro lamp red?"]
)
def test_a_row_of_something_else_is_neither_yes_nor_no(question: str):
    assert read(question, LAMP).claims[0].text not in ("Yes.", "No.")


NORWAY = "Country: Norway; Capital: Oslo; Population: 5400000"
LUND = "Name: Bo Lund; Manager: Anna Berg; Phone: 12345"
HERON = "Product: Heron; Supplier: Orbit; Price: 40 EUR"
OWNED = "Company: Borealis; Owner: Acme"


@pytest.mark.parametrize(
    ("question", "text", "told", "is_sure"),
    [
        ("What is the population of Norway?", NORWAY, "Norway – population: 5400000", True),
        ("What is the population of Oslo?", NORWAY, "Norway (capital: Oslo) – population: 5400000", False),
        ("Which country has the capital Oslo?", NORWAY, "Norway – capital: Oslo", False),
        ("What is Bo Lund's phone number?", LUND, "Bo Lund – phone: 12345", True),
        ("What is Anna Berg's phone number?", LUND, "Bo Lund (manager: Anna Berg) – phone: 12345", False),
        (
            "What is Anna Berg's phone number?",
            LUND.replace("Bo", "Anna").replace("Manager", "Manager name"),
            "Anna Lund (manager name: Anna Berg) – phone: 12345",
            False,
        ),
        ("What is the price of the Heron?", HERON, "Heron – price: 40 EUR", True),
        ("What is the price of the Orbit?", HERON, "Heron (supplier: Orbit) – price: 40 EUR", False),
        ("When is the hall due?", "No: 3; Room: Hall; Due: 2024-05-01", "Hall – due: 2024-05-01", True),
        ("What is the status of K60?", TICKET, "K60 – status: open", True),
    ],
)
def test_only_the_name_of_a_row_is_whose_its_values_are(question: str, text: str, told: str, is_sure: bool):
    reading = read(question, text)
    assert reading.claims[0].text == told
    assert (reading.answerable > 0.5) == is_sure


@pytest.mark.parametrize(
    ("text", "asked", "turned"),
    [
        (LUND, "Is Anna Berg the manager of Bo Lund?", "Is Bo Lund the manager of Anna Berg?"),
        (LUND, "Is Bo Lund's manager Anna Berg?", "Is Anna Berg's manager Bo Lund?"),
        (LUND, "Is the manager of Bo Lund Anna Berg?", "Is the manager of Anna Berg Bo Lund?"),
        (LUND, "Does Anna Berg manage Bo Lund?", "Does Bo Lund manage Anna Berg?"),
        (LUND, "Is Bo Lund managed by Anna Berg?", "Is Anna Berg managed by Bo Lund?"),
        (LUND, "Does Bo Lund have Anna Berg as manager?", "Does Anna Berg have Bo Lund as manager?"),
        (OWNED, "Is Acme the owner of Borealis?", "Is Borealis the owner of Acme?"),
        (NORWAY, "Is Oslo the capital of Norway?", "Is Norway the capital of Oslo?"),
        ("Flight: SK1; Origin: Oslo; Destination: Bergen", "Is SK1 from Oslo?", "Is SK1 from Bergen?"),
        ("Flight: SK1; From: Oslo; To: Bergen", "Is SK1 from Oslo?", "Is SK1 from Bergen?"),
        ("City: Oslo; Country: Norway", "Is Oslo in Norway?", "Is Norway in Oslo?"),
        (f"{LUND}; Office: Oslo", "Is Bo Lund in Oslo?", "Is Anna Berg in Oslo?"),
    ],
)
def test_what_two_names_are_to_each_other_is_not_turned_round(text: str, asked: str, turned: str):
    assert read(asked, text).short_answer == "Yes"
    assert read(turned, text).short_answer == ""


def test_a_relation_that_no_column_names_is_not_read_out_of_a_value():
    assert read("Does Borealis own Acme?", OWNED).short_answer == ""


def test_a_row_whose_name_says_more_gives_way_to_the_one_that_was_asked_for():
    assert read("How heavy is the Halo lamp?", LAMP, "1550", PLAIN_LAMP).short_answer == "1200 g"


def test_other_rows_of_the_table_are_left_out():
    hits = (row(LAMP, "1"), row(SPRING, "2"))
    claims = tuple(Claim("", hit.passage.text, (Said(hit, 0, len(hit.passage.text)).citation(),)) for hit in hits)
    assert len(shape("What does the Halo Pro lamp cost?", Reading(claims, "", hits, 0.5)).claims) == 1


def test_the_judge_lets_only_a_cell_of_the_cited_row_stand():
    question = "How much does the Halo Pro lamp cost?"
    claim = read(question, LAMP).claims[0]
    assert is_framed(question, claim, (row(LAMP, "0"),))
    other = replace(claim, text=claim.text.replace("89.00", "79.00"))
    assert not is_framed(question, other, (row(LAMP, "0"),))


def test_a_cell_goes_on_behind_its_own_semicolon():
    leak = "Code: L7; Remedy: Check plug X7; replace the sensor; Since: 2019"
    assert read("What is the remedy of L7?", leak).short_answer == "Check plug X7; replace the sensor"
    hit = row("name: Fork; price_eur: 2.50; on sale; colour: red")
    assert [one.value for one in fields_of(Said(hit, 0, len(hit.passage.text)))] == ["Fork", "2.50", "red"]


def test_the_name_of_a_column_is_no_short_answer():
    asked = "Who designed the Halo Pro lamp?"
    assert read(asked, LAMP, "sku").short_answer == ""
    assert read(asked, LAMP, "89.00 EUR").short_answer == "89.00 EUR"


def test_prose_has_no_cells():
    hit = passage_hit("Note: the lamp is sold out; price: ask us")
    assert fields_of(Said(hit, 0, len(hit.passage.text))) == ()


FARES = """# Fares

| Passenger | Single | Return |
|---|---|---|
| Adult | 9 EUR | 15 EUR |
| Child (4 to 11 years) | 4 EUR | 7 EUR |
"""


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("How much is a return ticket for a child?", "7 EUR"),
        ("What does a single ticket for an adult cost?", "9 EUR"),
    ],
)
def test_a_row_is_known_without_what_brackets_add_and_a_ticket_under_fares(question: str, short: str):
    hits = hits_of(kept(FARES, "ferry.md"))
    for chosen in sentences_of(hits):
        reading = shape(question, Reading((Claim("c1", chosen.text, (chosen.citation(),)),), "", hits, 0.4))
        assert (reading.short_answer, reading.answerable >= ANSWERABLE_THRESHOLD) == (short, True)


def test_of_a_ticket_of_another_kind_no_cell_is_told():
    hits = hits_of(kept(FARES, "ferry.md"))
    child = sentences_of(hits)[1]
    claim = Claim("c1", child.text, (child.citation(),))
    reading = shape("How much is a monthly ticket for a child?", Reading((claim,), "", hits, 0.4))
    assert (reading.claims[0].text, reading.short_answer, reading.answerable) == (child.text, "", 0.4)


SYLLABUS = """# Syllabus

| Week | Topic | Due |
|---|---|---|
| 1 | Simple regression | – |
| 3 | Diagnostics | Homework 2 |
| 5 | Logistic regression | Homework 3 |
"""


def test_a_row_that_says_what_is_asked_in_a_cell_goes_before_one_whose_number_is_in_it():
    hits = hits_of(kept(SYLLABUS, "syllabus.md"))
    third = sentences_of(hits)[1]
    claim = Claim("c1", third.text, (third.citation(),))
    reading = shape("In which week is homework 3 due?", Reading((claim,), "3", hits, 0.4))
    assert (reading.claims[0].text, reading.short_answer) == ("5 – due: Homework 3", "5")


LIGHTS = """| Light | Colour | Meaning |
|---|---|---|
| Power | green | on |
| Internet | blinking blue | connecting |
| Internet | white | no line |
"""


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What does a blinking blue internet light mean?", "connecting"),
        ("What does a white internet light mean?", "no line"),
    ],
)
def test_of_rows_of_one_name_the_one_is_told_of_which_more_is_said(question: str, first: str):
    hits = hits_of(kept(LIGHTS, "router.md"))
    for chosen in sentences_of(hits)[1:]:
        reading = shape(question, Reading((Claim("c1", chosen.text, (chosen.citation(),)),), "", hits, 0.9))
        assert reading.short_answer == first
