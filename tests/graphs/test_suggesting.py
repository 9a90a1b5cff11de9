"""What is suggested is answered by a passage at hand, and was not asked or answered already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from graphs.answers.suggesting import suggestions_from
from graphs.language.curated import cite
from memory.records import AnswerEntry, Hit
from tests.graphs.driving import ask, context, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

PRICE = passage_hit("The kettle costs 49 EUR.", "price", title="Aurora kettle")
FAQ = passage_hit("Descale it with vinegar once a month.", "faq", title="How do I descale the kettle?")
ASKED = ("How much does the kettle cost?",)


def section(name: str, text: str, heading: str) -> Hit:
    hit = passage_hit(text, name, title="Aurora kettle")
    return replace(hit, passage=replace(hit.passage, heading=(heading,), document_id="d-price"))


def entry(question: str, answer: str = "Yes, it does.") -> AnswerEntry:
    return AnswerEntry("e", "faq", question, answer, 1, "someone", datetime(2026, 1, 1, tzinfo=UTC))


def texts(hits: list[Hit], *entries: AnswerEntry) -> list[str]:
    found = suggestions_from(ASKED, hits, entries, [cite(PRICE, 0, 24)])
    return [one.text for one in found]


def test_questions_of_the_sources_come_before_sections():
    warranty = section("warranty", "The warranty is two years.", "Warranty")
    expected = ["Does the kettle whistle?", FAQ.title, "What does “Aurora kettle” say about warranty?"]
    assert texts([PRICE, warranty, FAQ], entry("Does the kettle whistle?")) == expected


def test_what_was_asked_or_just_answered_is_not_suggested():
    again = passage_hit("49 EUR.", "again", title="How much does a kettle cost?")
    own = replace(PRICE, title="What is the price of this one?")
    assert texts([own, again]) == []


def test_a_question_without_an_answer_is_not_suggested():
    assert texts([passage_hit("Why is the sky blue?", "a"), passage_hit("## When is lunch?", "b")]) == []


def test_a_heading_that_says_nothing_or_of_another_document_is_not_suggested():
    other = replace(section("other", "The fan is blue.", "Colour"), title="Cirrus fan")
    other = replace(other, passage=replace(other.passage, document_id="d-fan"))
    assert texts([section("intro", "It is a kettle.", "Introduction"), other]) == []


def test_a_question_of_another_document_about_something_else_is_not_suggested():
    assert texts([PRICE, passage_hit("They can, for 69 EUR.", "boots", title="Can hiking boots be resoled?")]) == []


async def test_an_answer_brings_at_most_three():
    asked = [
        passage_hit(f"It takes {n} days.", f"q{n}", title=f"When is kettle part {n}{n} shipped?") for n in range(5)
    ]
    ran = await ask(graph_of(FakeTools([PRICE, FAQ, *asked])), ASKED[0])
    assert 1 <= len(ran.answer.suggestions) <= 3
    assert tuple(ran.of("answer.completed")[0]["suggestions"]) == ran.answer.suggestions


async def test_quick_reads_nothing_more_than_it_read_for_the_answer():
    warranty = section("warranty", "The kettle has a warranty of two years.", "Warranty")
    tools = FakeTools([PRICE, warranty])
    ran = await ask(graph_of(tools), ASKED[0], context("quick"))
    assert ran.answer.suggestions == ()
    assert [call for call, *_ in tools.calls].count("search") == 1


async def test_an_abstention_suggests_nothing():
    ran = await ask(graph_of(FakeTools([FAQ])), "Who owns the company that sells umbrellas?")
    assert ran.answer.abstained
    assert ran.answer.suggestions == ()
