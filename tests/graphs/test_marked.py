"""Rows that a column of yes and no marks are named, each by its own name; those that it does not are left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.framed import is_framed
from graphs.answers.shaping import shape
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.reader.support import make_hit

TABLE = "\n".join(
    (
        "Parameter: recipient; Type: object; Required: yes; Description: Address of the recipient",
        "Parameter: service; Type: string; Required: no; Description: Kind of delivery",
        "Parameter: weight_grams; Type: integer; Required: yes; Description: Weight of the parcel",
    )
)


def table(heading: str = "POST /parcels") -> Hit:
    hit = make_hit(heading, TABLE, title="Parcel API")
    return replace(hit, passage=replace(hit.passage, kind="table", heading=("Endpoints", heading)))


def told(question: str, *hits: Hit) -> tuple[Claim, ...]:
    return shape(question, Reading(ranked=hits, answerable=0.1)).claims


@pytest.mark.parametrize(
    "question",
    [
        "What are the required parameters of the POST /parcels endpoint?",
        "Which parameters are required?",
        "List all required parameters of the parcel API",
    ],
)
def test_every_row_that_says_yes_is_named(question: str):
    claims = told(question, table())
    assert [one.text for one in claims] == ["recipient – required: yes", "weight_grams – required: yes"]
    assert all(is_framed(question, one, (table(),)) for one in claims)


def test_only_the_table_that_was_found_first_is_told():
    assert len(told("Which parameters are required?", table(), table("POST /labels"))) == 2


@pytest.mark.parametrize(
    "question",
    [
        "Which parameters are not required?",
        "What are the required parameters of the POST /labels endpoint?",
        "Which required parameters are encrypted?",
        "Is the service required?",
    ],
)
def test_of_what_the_table_does_not_say_nothing_is_listed(question: str):
    assert told(question, table()) == ()
