"""A question for an amount of money is answered by a row that says one, not by its weight."""

from __future__ import annotations

import pytest

from graphs.answers.said import Said
from graphs.answers.shaping import shape
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import Reading
from memory.records import Claim
from tests.graphs.test_codes import row


def read(question: str, text: str, pointed: str = "") -> Reading:
    hit = row(text)
    return shape(question, Reading((Claim("", text, (Said(hit, 0, len(text)).citation(),)),), pointed, (hit,), 0.85))


@pytest.mark.parametrize(
    ("question", "text", "pointed"),
    [
        ("What does the MX70 cost?", "Property: Weight; MX70: 4 kg; MX70-L: 5 kg", "4 kg"),
        ("How much does the Rill pump cost?", "name: Rill pump; weight_kg: 4; length_cm: 30", "4"),
        ("What is the price of the Rill pump?", "name: Rill pump; power: 40 W; colour: red", "40 W"),
        ("How much is the Rill pump?", "name: Rill pump; power: 40 W; colour: red", "40 W"),
    ],
)
def test_a_row_without_money_tells_no_price(question: str, text: str, pointed: str):
    reading = read(question, text, pointed)
    assert reading.answerable < ANSWERABLE_THRESHOLD
    assert reading.short_answer == ""


@pytest.mark.parametrize(
    ("question", "text", "pointed"),
    [
        ("What does the Rill pump cost?", "name: Rill pump; price: 12.00; colour: red", ""),
        ("What does the Rill pump cost?", "name: Rill pump; from shops: 12 EUR; colour: red", "12 EUR"),
        ("What does an adult cost?", "Visitor: Adult; Admission: 12; Age: 18", "12"),
        ("How much is a child ticket at the weekend?", "Ticket: Child (up to 14); Weekday: 2; Weekend: 3", "3"),
        ("What does the MX70 cost?", "Property: Price; MX70: 499 EUR; MX70-L: 599 EUR", ""),
        ("How much is the noise of the Rill pump?", "name: Rill pump; noise (dB): 30; colour: red", ""),
    ],
)
def test_a_row_with_money_or_with_what_is_measured_is_believed(question: str, text: str, pointed: str):
    reading = read(question, text, pointed)
    assert reading.answerable >= ANSWERABLE_THRESHOLD
    assert reading.short_answer


def test_a_plain_number_may_be_a_price_and_is_doubted_only():
    reading = read("What does the Rill pump cost?", "name: Rill pump; shop: 12.00; colour: red", "12.00")
    assert ANSWERABLE_THRESHOLD < reading.answerable < 0.85
