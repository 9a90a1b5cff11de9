"""The extractive path through the whole graph, on scripted tools."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from api.events import EVENT
from graphs.reading import Reading, ReadRequest
from memory.records import AnswerEntry, Hit, Turn
from tests.graphs.driving import SCOPE, ask, context, graph_of
from tests.support.fake_tools import FakeTools, passage_hit
from tools.calls import SearchRequest

TOWER = passage_hit(
    "The Eiffel Tower was completed in 1889. It stands in Paris on the Champ de Mars.", "tower", start=10
)
KETTLE = passage_hit("The Aurora kettle holds 1.7 litres. Its warranty lasts three years.", "kettle")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def turn(role: Any, text: str, number: int, short_answer: str = "") -> Turn:
    return Turn(f"{number:03}", "thread", role, text, "complete", AT, "r0", short_answer=short_answer)


async def test_an_answer_cites_exactly_the_words_it_says():
    ran = await ask(graph_of(FakeTools([TOWER, KETTLE])), "When was the Eiffel Tower completed?")
    assert not ran.answer.abstained
    assert "1889" in ran.answer.text
    for citation in ran.answer.citations:
        hit = next(hit for hit in (TOWER, KETTLE) if hit.passage.passage_id == citation.passage_id)
        offset = hit.passage.start
        assert hit.passage.text[citation.start - offset : citation.end - offset] == citation.quote
        assert len(citation.quote) <= 400
    assert len(ran.answer.claims) <= 3


async def test_events_come_in_the_documented_order_and_shape():
    ran = await ask(graph_of(FakeTools([TOWER])), "When was the Eiffel Tower completed?")
    types = ran.types()
    assert types[:3] == ["stage.changed", "query.searched", "sources.found"]
    assert types[-1] == "answer.completed"
    assert types.index("answer.delta") < types.index("claim.supported")
    for number, part in enumerate(ran.parts, 1):
        EVENT.validate_python({"seq": number, **part})


async def test_a_run_again_streams_the_very_same_parts():
    graph = graph_of(FakeTools([TOWER, KETTLE]))
    first = await ask(graph, "How much does the Aurora kettle hold and who built it?")
    second = await ask(graph, "How much does the Aurora kettle hold and who built it?")
    assert first.parts == second.parts
    assert first.state["used_tokens"] == second.state["used_tokens"] > 0


async def test_claims_are_named_by_round_and_place():
    ran = await ask(graph_of(FakeTools([TOWER])), "When was the Eiffel Tower completed?")
    assert [claim.id for claim in ran.answer.claims] == [f"r1c{n + 1}" for n in range(len(ran.answer.claims))]


async def test_what_the_sources_do_not_say_is_said_so_with_what_was_looked_for():
    ran = await ask(graph_of(FakeTools([TOWER])), "Who invented the ballpoint pen?")
    assert ran.answer.abstained
    assert ran.answer.citations == ()
    assert "do not say" in ran.answer.text
    assert "ballpoint pen" in ran.answer.text
    assert all(claim.verdict != "supported" for claim in ran.answer.claims)


async def test_nothing_streamed_of_an_abstention_is_left_standing():
    ran = await ask(graph_of(FakeTools([TOWER])), "Who invented the tower clock?")
    streamed = {part["claim_id"] for part in ran.of("answer.delta")}
    struck = {part["claim_id"] for part in ran.of("claim.retracted")}
    assert ran.answer.abstained
    assert streamed == struck


@pytest.mark.parametrize("question", ["hi", "Hello there!", "thanks a lot", "What can you do?", "", "   ", "?!…", "\0"])
async def test_small_talk_is_answered_without_a_search(question: str):
    tools = FakeTools([TOWER])
    ran = await ask(graph_of(tools), question)
    assert ran.answer.abstained
    assert ran.answer.text
    assert tools.calls == []
    assert ran.types() == ["answer.completed"]


@pytest.mark.parametrize("question", ["x" * 4000, "🦊" * 500, "‮tower‬", "'; DROP TABLE x; --", "a"])
async def test_awkward_questions_end_in_an_answer(question: str):
    ran = await ask(graph_of(FakeTools([TOWER])), question)
    assert ran.answer.text


class SecondHop:
    """Finds Ada's page only once it is looked for by name, as the first page allows."""

    first = passage_hit("The Analytical Engine notes were written by Ada Lovelace.", "engine")
    second = passage_hit("Ada Lovelace was born in London in 1815.", "ada")

    def __call__(self, query: str) -> list[Hit]:
        return [self.second] if "Ada" in query else [self.first]


async def test_a_second_round_changes_the_answer():
    question = "Where was the author of the Analytical Engine notes born?"
    quick = await ask(graph_of(FakeTools(choose=SecondHop())), question, context("quick"))
    standard = await ask(graph_of(FakeTools(choose=SecondHop()), reader=LondonReader()), question)
    assert quick.state["round"] == 1
    assert standard.state["round"] == 2
    assert "London" not in quick.answer.text
    assert "London" in standard.answer.text
    assert not standard.answer.abstained


class LondonReader:
    """Answers only where a place of birth is told."""

    async def read(self, request: ReadRequest) -> Reading:
        from graphs.language.curated import curated_claims

        for hit in request.hits:
            if "born in" in hit.passage.text:
                return Reading(curated_claims(hit), "London", request.hits, answerable=0.95)
        return Reading(curated_claims(request.hits[0]), "", request.hits, answerable=0.05)


async def test_a_second_round_reads_beside_what_the_first_one_found():
    near = passage_hit("Its inventor was born in Smiljan.", "near")
    tools = FakeTools([TOWER], beside={TOWER.passage.passage_id: [TOWER, near]})
    ran = await ask(graph_of(tools, reader=LondonReader()), "Where was the inventor of the Eiffel Tower born?")
    assert "Smiljan" in ran.answer.text
    assert ran.answer.citations[0].source == TOWER.source


async def test_rounds_end_when_nothing_new_comes():
    ran = await ask(graph_of(FakeTools([TOWER])), "Who invented the tower clock?", context("deep"))
    assert ran.state["round"] == 2


async def test_quick_looks_once():
    ran = await ask(graph_of(FakeTools([TOWER])), "Who invented the tower clock?", context("quick"))
    assert ran.state["round"] == 1


async def test_a_follow_up_is_searched_as_it_would_be_asked_alone_and_says_so():
    tools = FakeTools([TOWER, KETTLE])
    history = (turn("user", "Where is the Eiffel Tower?", 1), turn("assistant", "In Paris.", 2, "Paris"))
    ran = await ask(graph_of(tools), "When was it completed?", history=history)
    searched = ran.of("query.searched")[0]
    assert "Eiffel Tower" in searched["query"]
    assert searched["condensed"]
    assert "1889" in ran.answer.text


async def test_a_question_that_stands_alone_is_searched_as_it_is():
    history = (turn("user", "Where is the Eiffel Tower?", 1), turn("assistant", "In Paris.", 2, "Paris"))
    ran = await ask(graph_of(FakeTools([KETTLE])), "How long is the warranty of the Aurora kettle?", history=history)
    assert not ran.of("query.searched")[0]["condensed"]


async def test_without_search_the_answer_says_what_could_not_be_reached():
    ran = await ask(graph_of(FakeTools([TOWER], down=frozenset({"vector_search"}))), "When was the tower completed?")
    assert [part["part"] for part in ran.of("degraded")] == ["vector_search"]
    assert [part.part for part in ran.state["degraded"]] == ["vector_search"]
    assert ran.answer.abstained
    assert "vector_search" in ran.answer.text
    assert "do not say" not in ran.answer.text


async def test_without_the_knowledge_base_the_answer_stands_and_says_so():
    tools = FakeTools([TOWER], down=frozenset({"knowledge_base"}))
    ran = await ask(graph_of(tools), "When was the Eiffel Tower completed?")
    assert not ran.answer.abstained
    assert "1889" in ran.answer.text
    assert "knowledge_base" in ran.answer.text
    assert [part["part"] for part in ran.of("degraded")] == ["knowledge_base"]


def entry(question: str, answer: str) -> AnswerEntry:
    return AnswerEntry("e1", "shop", question, answer, 3, "editor", AT)


RETURNS = entry("How can I return an item?", "Send it back within 30 days. We pay the postage.")


async def test_a_curated_answer_to_the_very_question_is_given_and_cited():
    indexed = passage_hit(RETURNS.answer, "e1", source="kb:e1")
    tools = FakeTools([TOWER, indexed], entries={"How do I return something?": RETURNS})
    ran = await ask(graph_of(tools), "How do I return something?")
    assert ran.answer.text == RETURNS.answer
    assert {citation.source for citation in ran.answer.citations} == {"kb:e1"}
    assert {citation.passage_id for citation in ran.answer.citations} == {indexed.passage.passage_id}


async def test_a_curated_answer_is_citable_while_search_is_down():
    tools = FakeTools(entries={"How do I return something?": RETURNS}, down=frozenset({"vector_search"}))
    ran = await ask(graph_of(tools), "How do I return something?")
    assert "Send it back within 30 days." in ran.answer.text
    assert ran.answer.citations[0].document_id == "kb:e1"
    assert "vector_search" in ran.answer.text


async def test_a_near_curated_entry_is_read_where_the_search_brings_nothing():
    tools = FakeTools(
        entries={"Who pays to return an item?": RETURNS}, similarity=0.6, down=frozenset({"vector_search"})
    )
    ran = await ask(graph_of(tools), "Who pays to return an item?")
    assert [hit.source for hit in ran.state["hits"]] == ["kb:e1"]


async def test_a_curated_answer_about_another_model_number_is_not_given():
    curated = entry("What is the warranty of the X200?", "It is two years.")
    tools = FakeTools([KETTLE], entries={"What is the warranty of the X300?": curated}, similarity=0.97)
    ran = await ask(graph_of(tools), "What is the warranty of the X300?")
    assert "two years" not in ran.answer.text


async def test_every_call_carries_the_scope_and_filters_of_the_context():
    tools = FakeTools([TOWER])
    await ask(graph_of(tools), "Who made the tower clock?", context(filters={"collection": "guides"}))
    assert {scope for _, scope, _ in tools.calls} == {SCOPE}
    requests = [what for _, _, what in tools.calls if isinstance(what, SearchRequest)]
    assert requests
    assert all(request.filters == {"collection": "guides"} for request in requests)


async def test_the_completed_answer_is_the_state_s_answer():
    ran = await ask(graph_of(FakeTools([TOWER])), "When was the Eiffel Tower completed?")
    assert orjson.loads(orjson.dumps(ran.parts[-1])) == {
        "type": "answer.completed",
        **orjson.loads(orjson.dumps(ran.answer)),
    }
