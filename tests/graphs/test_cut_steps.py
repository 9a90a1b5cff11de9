"""Steps that ingestion cut into several passages, of which the search finds one."""

from __future__ import annotations

from dataclasses import replace

from memory.records import Hit
from tests.graphs.driving import ask, context, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

TEXTS = (
    "The feeder is made of steel.",
    "1. Choose a dry wall.\n2. Drill two holes.\n3. Hang the feeder on its hooks.",
    "4. Plug in the feeder.\n5. Mount the lid of the feeder.\n6. Press start.",
    "It hums.",
)
STEPS = [step for text in TEXTS[1:3] for step in text.splitlines()]


def passages() -> list[Hit]:
    hits: list[Hit] = []
    start = 0
    for place, text in enumerate(TEXTS):
        hit = passage_hit(text, str(place), source="feeder.md", title="Feeder", start=start)
        passage = replace(hit.passage, document_id="d", version_id="v", ordinal=place, heading=("How to mount it",))
        hits.append(replace(hit, passage=passage))
        start += len(text) + 2
    return hits


async def test_the_steps_beside_the_passage_that_was_found_are_fetched_and_told_in_order():
    hits = passages()
    tools = FakeTools([hits[2]], beside={hits[2].passage.passage_id: hits})
    ran = await ask(graph_of(tools), "How do I mount the feeder?")
    assert [claim.text for claim in ran.answer.claims] == STEPS
    assert [claim.citations[0].passage_id for claim in ran.answer.claims] == ["p-1"] * 3 + ["p-2"] * 3
    assert "p-3" not in {hit.passage.passage_id for hit in ran.state["hits"]}


async def test_a_question_of_another_kind_asks_for_no_neighbours():
    hits = passages()
    tools = FakeTools([hits[2]], beside={hits[2].passage.passage_id: hits})
    await ask(graph_of(tools), "Which lid is mounted on the feeder?", context("quick"))
    assert "read_around" not in {call for call, _, _ in tools.calls}
