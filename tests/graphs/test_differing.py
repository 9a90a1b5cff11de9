"""What two rows of a table differ in is told cell by cell, each sentence on both rows; nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.framed import is_framed
from graphs.answers.shaping import shape
from graphs.answers.tables.differing import difference_of
from graphs.reading import Reading
from memory.records import Hit
from tests.reader.support import make_hit

ASKED = "What is the difference between the Kestrel 2 and the Kestrel 3?"


def _row(number: int, text: str, document: str = "catalogue") -> Hit:
    hit = make_hit(f"{document}-{number}", text, title="Catalogue")
    return replace(hit, passage=replace(hit.passage, kind="record", document_id=document, row=number))


ROWS = (
    _row(1, "sku: K-2; name: Kestrel 2; price_eur: 349.00; persons: 2; colour: green"),
    _row(2, "sku: K-3; name: Kestrel 3; price_eur: 419.00; persons: 3; colour: green"),
    _row(3, "sku: K-3X; name: Kestrel 3 XL; price_eur: 519.00; persons: 4; colour: red"),
)


def test_each_cell_in_which_they_differ_is_told_and_both_rows_are_cited() -> None:
    reading = shape(ASKED, Reading(ranked=ROWS, answerable=0.1))
    assert [claim.text for claim in reading.claims] == [
        "Price: 349.00 EUR for Kestrel 2, 419.00 EUR for Kestrel 3.",
        "Persons: 2 for Kestrel 2, 3 for Kestrel 3.",
    ]
    assert all([one.row for one in claim.citations] == [1, 2] for claim in reading.claims)
    assert reading.answerable >= 0.8
    assert all(is_framed(ASKED, claim, ROWS) for claim in reading.claims)


def test_the_judge_strikes_what_the_rows_do_not_amount_to() -> None:
    claim = shape(ASKED, Reading(ranked=ROWS)).claims[0]
    assert not is_framed(ASKED, replace(claim, text=claim.text.replace("419", "399")), ROWS)
    assert not is_framed(ASKED, replace(claim, citations=claim.citations[::-1]), ROWS)
    assert not is_framed("What is the difference between Kestrel 2 and Otter?", claim, ROWS)


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between Kestrel 2 and Otter?",
        "What is the difference between the Kestrel and the Kestrel 3?",
        "What is the difference between returns and exchanges?",
    ],
)
def test_where_either_has_no_row_of_its_own_nothing_is_said(question: str) -> None:
    assert shape(question, Reading(ranked=ROWS)).claims == ()


def test_rows_of_two_tables_are_not_set_against_each_other() -> None:
    other = _row(1, "name: Kestrel 3; price_eur: 399.00; persons: 3", "outlet")
    assert shape(ASKED, Reading(ranked=(ROWS[0], other))).claims == ()


@pytest.mark.parametrize(
    ("question", "pair"),
    [
        ("What's the main difference between a Heron and a Kestrel?", ("Heron", "Kestrel")),
        ("How do Kestrel 2 and Polar Dome differ?", ("Kestrel 2", "Polar Dome")),
        ("Compare the Polar Dome with the Heron Ultralight", ("Polar Dome", "Heron Ultralight")),
        ("How does the Heron compare to the Kestrel?", ("Heron", "Kestrel")),
        ("How do I return a tent and a stove?", None),
        ("Compare prices", None),
        ("What is the difference between the tent and the tent?", None),
    ],
)
def test_a_question_for_the_difference_names_two_things(question: str, pair: tuple[str, str] | None) -> None:
    assert difference_of(question) == pair
