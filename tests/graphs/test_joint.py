"""A message that asks several things: a sentence for each that the sources support, a plain word for the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.joint import silent_parts
from graphs.state import Part
from memory.records import Claim
from tests.graphs.driving import ask, context, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

GUIDE = passage_hit("The night guide is Ruth Abel.", "guide")
HOURS = passage_hit("Visitors may stay until midnight.", "hours")
MILL = passage_hit("The old mill was built in 1712 by Jan Kok.", "mill")
L7 = "Code: L7; Meaning: Door open; Remedy: Close the door; press OK"
_TABLE = passage_hit(f"Code: L6; Meaning: Lamp broken; Remedy: New lamp\n{L7}", "oven")
LAMPS = replace(_TABLE, passage=replace(_TABLE.passage, kind="table"))
BOTH = "Who is the night guide, and until when may visitors stay?"


async def test_each_question_gets_its_sentence_in_the_order_asked():
    ran = await ask(graph_of(FakeTools([HOURS, GUIDE, MILL])), BOTH)
    assert ran.answer.text == "The night guide is Ruth Abel. Visitors may stay until midnight."
    assert [one.source for one in ran.answer.citations] == ["guide.md", "hours.md"]


async def test_each_question_is_searched_at_once_in_the_first_round():
    tools = FakeTools([GUIDE, HOURS])
    ran = await ask(graph_of(tools), BOTH)
    queries = [part["query"] for part in ran.of("query.searched")]
    assert queries == [BOTH, "Who is the night guide?", "Until when may visitors stay?"]
    assert ran.state["round"] == 1


async def test_what_is_not_said_is_named_beside_what_is():
    ran = await ask(graph_of(FakeTools([GUIDE, MILL])), BOTH)
    left_open = "I did not find in the sources until when visitors may stay."
    assert ran.answer.text == f"The night guide is Ruth Abel. {left_open}"
    assert not ran.answer.abstained
    assert len(ran.answer.citations) == 1
    assert not ran.of("claim.retracted")


async def test_the_first_question_may_be_the_one_that_is_not_said():
    ran = await ask(graph_of(FakeTools([HOURS, MILL])), BOTH)
    assert ran.answer.text == "Visitors may stay until midnight. I did not find in the sources who the night guide is."


async def test_nothing_said_of_either_is_a_refusal():
    ran = await ask(graph_of(FakeTools([MILL])), BOTH)
    assert ran.answer.abstained
    assert not ran.answer.citations


async def test_one_sentence_that_answers_both_is_told_once():
    ran = await ask(graph_of(FakeTools([MILL, GUIDE])), "When was the old mill built and by whom?")
    assert ran.answer.text == "The old mill was built in 1712 by Jan Kok."


async def test_a_sentence_of_another_question_is_no_answer_without_a_value_of_the_kind():
    leader = passage_hit("Ruth Abel leads the choir.", "choir")
    ran = await ask(graph_of(FakeTools([leader])), "Who leads the choir, and when was she born?")
    told = "I did not find in the sources when the person who leads the choir was born."
    assert ran.answer.text == f"Ruth Abel leads the choir. {told}"


async def test_every_effort_answers_each_question():
    for effort in ("quick", "standard", "deep"):
        ran = await ask(graph_of(FakeTools([GUIDE, HOURS])), BOTH, context(effort))
        assert len(ran.answer.citations) == 2


@pytest.mark.parametrize(
    "question",
    [
        "What does L7 mean and what should I do?",
        "What does L7 mean, and how do I fix it?",
        "What does L7 mean, and what is the remedy?",
    ],
)
async def test_a_cell_of_the_row_that_another_question_is_answered_by_answers_too(question: str):
    ran = await ask(graph_of(FakeTools([MILL, LAMPS])), question)
    assert ran.answer.text == "L7 – meaning: Door open\nL7 – remedy: Close the door; press OK"
    assert ran.answer.short_answer == "Door open; Close the door; press OK"
    assert {one.quote for one in ran.answer.citations} == {L7}


async def test_a_cell_that_the_row_lacks_is_still_named_as_not_found():
    ran = await ask(graph_of(FakeTools([MILL, LAMPS])), "What does L7 mean and who wrote the manual?")
    assert ran.answer.text.startswith("L7 – meaning: Door open")
    assert "I did not find in the sources who wrote the manual." in ran.answer.text


def test_a_struck_claim_leaves_its_question_open():
    parts = (Part("Who?", claim_ids=("a",)), Part("When?", claim_ids=("b",)))
    assert silent_parts(parts, [Claim("a", "It is Ruth.")]) == parts[1:]
    assert silent_parts((Part("Who?"), Part("When?")), []) == ()
