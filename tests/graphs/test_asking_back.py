"""A question that names nothing is asked back once, with things that the sources know; any other is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graphs.answers.clarifying import options_for
from graphs.language.condense import condense
from graphs.language.picking import LEAD, ask_text, asks_back, offered, pick
from graphs.reader.extractive import ExtractiveReader
from memory.records import Hit, Turn
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

OPTIONS = ("Aurora kettle", "Borealis toaster", "Aurora lamp")


def manual(title: str, text: str, heading: str) -> Hit:
    hit = passage_hit(text, title.split()[0].casefold(), title=title)
    return replace(hit, passage=replace(hit.passage, heading=(heading,)))


WARRANTIES = [
    manual("Aurora kettle", "The warranty is two years.", "Warranty"),
    manual("Borealis toaster", "The warranty is three years.", "Warranty"),
    manual("Cirrus fan", "The warranty is five years.", "Warranty"),
]
PRICES = [
    manual("Aurora kettle", "The kettle costs 49 EUR.", "Price"),
    manual("Borealis toaster", "The toaster costs 65 EUR.", "Price"),
]


def turns(*texts: str) -> tuple[Turn, ...]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    roles = ("user", "assistant")
    return tuple(
        Turn(f"{place:03}", "t", roles[place % 2], text, "complete", at, "r", abstained=bool(place % 2))
        for place, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("question", "hits", "options"),
    [
        ("How much does it cost?", PRICES, ("Aurora kettle", "Borealis toaster")),
        ("How long is the warranty?", WARRANTIES, ("Aurora kettle", "Borealis toaster", "Cirrus fan")),
        ("What is the warranty?", WARRANTIES, ("Aurora kettle", "Borealis toaster", "Cirrus fan")),
    ],
)
def test_a_question_that_fits_several_things_gets_them_as_options(
    question: str, hits: list[Hit], options: tuple[str, ...]
):
    assert options_for(question, (), hits) == options


@pytest.mark.parametrize(
    ("question", "hits"),
    [
        ("How long is the warranty of the Cirrus fan?", WARRANTIES),
        ("How long is the warranty of the fan?", WARRANTIES),
        ("How long is the warranty?", WARRANTIES[:1]),
        ("How long is the warranty?", [WARRANTIES[0], replace(WARRANTIES[1], passage=WARRANTIES[0].passage)]),
        ("How long does it take to descale a kettle?", WARRANTIES),
        ("How much does it cost to repair a zip?", PRICES),
        ("Who pays for it?", PRICES),
        ("Why does it cost so much?", PRICES),
        ("How much does the kettle cost?", PRICES),
        ("How much does it cost?", [passage_hit("An exchange costs 5 EUR.", "a", title="Returns policy")] * 2),
        ("Hello", PRICES),
    ],
)
def test_a_question_that_can_be_answered_is_not_asked_back(question: str, hits: list[Hit]):
    assert options_for(question, (), hits) == ()


@pytest.mark.parametrize(
    "said",
    [("Is the kettle red?", "Yes."), ("How much does it cost?", ask_text(("Aurora kettle", "Borealis toaster")))],
)
def test_nothing_is_asked_back_in_a_conversation_nor_twice(said: tuple[str, ...]):
    assert options_for("How much does it cost?", turns(*said), PRICES) == ()


def test_what_was_asked_back_can_be_read_out_of_its_text():
    assert offered(ask_text(OPTIONS)) == OPTIONS
    assert offered("The warranty is two years.\n1. No.\n2. Option.") == ()
    assert asks_back(turns("How much?", ask_text(OPTIONS))) == OPTIONS
    assert asks_back(turns("How much?", ask_text(OPTIONS), "2", "65 EUR.")) == ()


@pytest.mark.parametrize(
    ("reply", "picked"),
    [
        ("2", 1),
        ("2.", 1),
        ("the second", 1),
        ("The 3rd one", 2),
        ("option 1", 0),
        ("last one", 2),
        ("Borealis", 1),
        ("the kettle please", 0),
        ("I meant the aurora lamp", 2),
        ("aurora", None),
        ("7", None),
        ("thanks", None),
        ("What is the delivery time?", None),
    ],
)
def test_a_reply_picks_by_number_place_or_words(reply: str, picked: int | None):
    assert pick(reply, OPTIONS) == ("" if picked is None else OPTIONS[picked])


@pytest.mark.parametrize(
    ("before", "reply", "alone"),
    [
        ("How much does it cost?", "the second", "How much does Borealis toaster cost?"),
        ("What is its warranty?", "1", "What is Aurora kettle's warranty?"),
        ("How long is the warranty?", "Borealis", "How long is the warranty (Borealis toaster)?"),
        ("How much does it cost?", "the Fjord jacket", "How much does Fjord jacket cost?"),
        ("How much does it cost?", "Who founded the company?", "Who founded the company?"),
    ],
)
def test_the_reply_completes_the_question(before: str, reply: str, alone: str):
    assert condense(reply, turns(before, ask_text(OPTIONS))) == alone


def test_what_follows_the_reply_is_about_what_was_picked():
    said = turns("How much does it cost?", ask_text(OPTIONS), "2", "65 EUR.")
    assert "Borealis" in condense("How long is its warranty?", said)


async def test_the_run_ends_with_the_question_and_its_options():
    ran = await ask(graph_of(FakeTools(PRICES)), "How much does it cost?")
    (asked,) = ran.of("clarification.requested")
    assert (asked["question"], asked["options"]) == (LEAD, ["Aurora kettle", "Borealis toaster"])
    assert ran.answer.abstained
    assert offered(ran.answer.text) == ("Aurora kettle", "Borealis toaster")
    assert ran.types()[-1] == "answer.completed"
    assert not ran.of("answer.delta")


async def test_the_next_turn_answers_for_the_option():
    history = turns("How much does it cost?", ask_text(("Aurora kettle", "Borealis toaster")))
    graph = graph_of(FakeTools(PRICES), reader=ExtractiveReader())
    ran = await ask(graph, "Borealis toaster", history=history)
    assert not ran.of("clarification.requested")
    assert ran.of("query.searched")[0]["query"] == "How much does Borealis toaster cost?"
    assert "65 EUR" in ran.answer.text
