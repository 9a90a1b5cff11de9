"""Two sources that disagree are shown as disagreeing; what is about another thing, year or place is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.disagreeing import disagreement
from graphs.answers.said import sentences_of
from graphs.reader.question import understand
from memory.records import Hit
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

RETURN = "How long may goods be returned?"
OLD = "Goods may be returned within 30 days of delivery."
NEW = "You may return goods within 60 days."


def told(question: str, first: Hit, second: Hit) -> str:
    return disagreement(understand(question, {}), *sentences_of([first, second]))


@pytest.mark.parametrize(
    ("question", "first", "second", "values"),
    [
        (RETURN, OLD, NEW, ("30 days", "60 days")),
        ("What does a locker cost?", "A locker costs 5 EUR.", "A locker costs 8 EUR.", ("5 EUR", "8 EUR")),
        ("When was the dam opened?", "The dam was opened in 1931.", "The dam was opened in 1934.", ("1931", "1934")),
        ("Can dogs stay in the hut?", "Dogs can stay in the hut.", "Dogs cannot stay in the hut.", ("yes", "no")),
        (
            "Who leads the workshop?",
            "Mara Lind leads the workshop.",
            "Jon Falk leads the workshop.",
            ("Mara Lind", "Jon Falk"),
        ),
        ("How many beds does the hut have?", "The hut has 40 beds.", "The hut has 52 beds.", ("40", "52")),
    ],
)
def test_values_that_cannot_both_be_right_are_told_with_their_documents(
    question: str, first: str, second: str, values: tuple[str, str]
):
    text = told(question, passage_hit(first, "a", title="Handbook"), passage_hit(second, "b", title="FAQ"))
    assert text == f"The sources disagree: Handbook says {values[0]}; FAQ says {values[1]}."


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        (RETURN, OLD, "Opened goods may be returned within 14 days."),
        (RETURN, OLD, "Members may return goods within 100 days."),
        (RETURN, OLD, "Goods may be returned within 60 days in Norway."),
        (RETURN, OLD, "Goods may be returned within 60 days if they are unused."),
        (RETURN, OLD, "Until 2019 goods could be returned within 60 days."),
        (RETURN, OLD, "Goods may be returned within about 4 weeks."),
        (RETURN, OLD, "Goods may be returned within thirty days."),
        (RETURN, OLD, "Goods may be returned within 30 working days; books within 10 days."),
        (RETURN, OLD, "We check goods that are returned within three days."),
        ("What does a locker cost?", "A locker costs 5 EUR per day.", "A locker costs 20 EUR per week."),
        ("What does a locker cost?", "A locker costs 5 EUR.", "A large locker costs 8 EUR."),
        ("What does a locker cost?", "A locker costs 5 EUR.", "A locker costs 6 USD."),
        ("How many people live in Ulm?", "1,260,000 people live in Ulm.", "1.26 million people live in Ulm."),
        ("When was the dam opened?", "The dam was opened in 1931.", "The dam was opened on 4 May 1931."),
        ("When was the dam opened?", "The dam was opened in 1931.", "The new dam was opened in 1975."),
        ("How high is the tower?", "The tower is 41 metres high.", "The tower is 4,100 cm high."),
        ("Who plays in the film?", "Mara Lind plays in the film.", "Jon Falk plays in the film."),
        ("Can dogs stay in the hut?", "Dogs can stay in the hut.", "Dogs cannot stay in the hut in winter."),
    ],
)
def test_another_scope_time_unit_or_wording_of_one_value_is_no_disagreement(question: str, first: str, second: str):
    assert told(question, passage_hit(first, "a", title="Handbook"), passage_hit(second, "b", title="FAQ")) == ""


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("Aurora kettle", "Borealis kettle"),
        ("Returns in Norway", "Returns in Sweden"),
        ("Kettle guide", "Toaster guide"),
    ],
)
def test_documents_about_different_things_do_not_disagree(mine: str, theirs: str):
    assert told(RETURN, passage_hit(OLD, "a", title=mine), passage_hit(NEW, "b", title=theirs)) == ""


def test_fields_that_differ_make_another_scope():
    first = replace(passage_hit(OLD, "a", title="Policy"), metadata={"country": "NO"})
    second = replace(passage_hit(NEW, "b", title="Policy"), metadata={"country": "SE"})
    assert told(RETURN, first, second) == ""


def test_the_newest_comes_first():
    first = replace(passage_hit(OLD, "a", title="Policy"), metadata={"date": "2023-02-01"})
    second = replace(passage_hit(NEW, "b", title="FAQ"), metadata={"date": "2024-05-01"})
    text = "The sources disagree: FAQ (2024-05-01) says 60 days; Policy (2023-02-01) says 30 days."
    assert told(RETURN, first, second) == told(RETURN, second, first) == text


def test_what_was_then_and_what_was_another_time_is_no_disagreement():
    pair = [
        passage_hit(f"{count} members attended.", name, title=f"Minutes {day}")
        for count, name, day in ((12, "a", "3 May 2024"), (8, "b", "7 June 2024"))
    ]
    assert told("How many members attended?", *pair) == ""


def test_one_document_does_not_disagree_with_itself():
    hit = passage_hit(f"{OLD} {NEW}", "a")
    assert disagreement(understand(RETURN, {}), *sentences_of([hit])) == ""


async def test_an_answer_shows_both_sides_with_both_citations_and_less_confidence():
    tools = FakeTools([passage_hit(OLD, "a", title="Policy"), passage_hit(NEW, "b", title="FAQ")])
    ran = await ask(graph_of(tools), RETURN)
    assert ran.answer.text.startswith("The sources disagree: ")
    assert {citation.document_id for citation in ran.answer.claims[0].citations} == {"d-a", "d-b"}
    assert [claim.verdict for claim in ran.answer.claims] == ["supported"] * 3
    assert ran.answer.confidence < 0.5


async def test_agreeing_sources_are_answered_as_ever():
    tools = FakeTools([passage_hit(OLD, "a"), passage_hit("Goods may be returned within thirty days.", "b")])
    ran = await ask(graph_of(tools), RETURN)
    assert "disagree" not in ran.answer.text
    assert ran.answer.confidence > 0.9
