"""A question whose answer stands in a sentence that is told for another one is not said to be unanswered."""

from __future__ import annotations

import pytest

from graphs.borrowing import borrowed, value_for
from graphs.language.deadlines import asks_for_deadline, deadline_in
from graphs.state import Part
from memory.records import Claim
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

REPORT = "Stolen badges must be reported to the porter within 24 hours."


@pytest.mark.parametrize(
    ("question", "sentence", "value"),
    [
        ("By when must a stolen badge be reported?", REPORT, "within 24 hours"),
        (
            "By when must expenses be filed?",
            "Expenses must be filed by the 25th of each month.",
            "by the 25th of each month",
        ),
        (
            "How soon must it be sent?",
            "It must be sent no later than three months before.",
            "no later than three months",
        ),
        ("When do forms have to be in?", "Forms have to be in by Friday.", "by Friday"),
        ("When was the mill built?", "The mill was built in 1712.", "1712"),
        ("How long is the visit?", "The visit takes two hours.", "two hours"),
        ("By when must a stolen badge be reported?", "Stolen badges must be reported to the porter.", ""),
        ("Who is the porter?", REPORT, ""),
        ("Until when may visitors stay?", "The porter has 24 keys.", ""),
    ],
)
def test_the_value_of_a_kind_is_what_a_sentence_says_to_a_question(question: str, sentence: str, value: str):
    assert value in value_for(question, sentence) if value else not value_for(question, sentence)


@pytest.mark.parametrize("question", ["By when is it due?", "How soon must I call?", "When must I file it?"])
def test_a_deadline_is_asked_for_in_several_ways(question: str):
    assert asks_for_deadline(question)


@pytest.mark.parametrize("sentence", ["It lasts 24 hours.", "It was made by 25 people.", "She came in the morning."])
def test_a_span_or_a_number_is_no_deadline(sentence: str):
    assert deadline_in(sentence) == ""


@pytest.mark.parametrize(
    ("question", "other", "sentence"),
    [
        ("When was the person who leads the choir born?", "Who leads the choir?", "Ruth Abel has led it since 1990."),
        ("By when must expenses be filed?", "Who signed off the budget?", "Jon Falk signed it off within 24 hours."),
        ("How much is the badge?", "By when must a badge be reported?", REPORT),
    ],
)
def test_a_sentence_without_the_words_or_the_kind_is_not_borrowed(question: str, other: str, sentence: str):
    assert borrowed(Part(question), [(Part(other), [Claim("", sentence)])]) is None


async def test_one_sentence_that_says_who_and_by_when_leaves_nothing_open():
    tools = FakeTools([passage_hit(REPORT, "badge")])
    ran = await ask(graph_of(tools), "Who must be told when a badge was stolen, and by when?")
    assert "did not find" not in ran.answer.text


async def test_a_deadline_in_the_sentence_for_another_question_is_its_answer():
    budget = "Jon Falk signed off the budget, and expenses must be filed by the 25th of each month."
    tools = FakeTools([passage_hit(budget, "budget")])
    ran = await ask(graph_of(tools), "Who signed off the budget and by when must expenses be filed?")
    assert ran.answer.text == budget


async def test_a_deadline_of_something_else_leaves_the_question_open():
    tools = FakeTools([passage_hit("Jon Falk signed off the budget within 24 hours.", "budget")])
    ran = await ask(graph_of(tools), "Who signed off the budget and by when must expenses be filed?")
    assert "I did not find in the sources by when expenses must be filed." in ran.answer.text
