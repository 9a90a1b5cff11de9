"""From `standard` on a small reader points at answers; `quick` never asks it, and without it all goes on as before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from graphs.reader.evidence import READ_PASSAGES, Evidence
from graphs.reader.extractive import COMPARED_BESIDE, ExtractiveReader, choose
from graphs.reader.features import Scored, candidates
from graphs.reader.pointing import pointed_answer
from graphs.reader.question import understand
from graphs.reader.weights import load_weights, save_weights
from memory.errors import ModelUnavailable
from memory.records import Effort
from memory.span_ports import Span, Spans, Text
from tests.graphs.driving import ask, context, graph_of
from tests.reader.support import WordTools, make_hit, request
from tests.support.fake_tools import FakeTools, passage_hit

EARLY = make_hit("early", "The tower is old. It was begun by Ada Quill in the north. Nobody liked it.")
LATE = make_hit("late", "The tower was paid for by the town. The tower was finished by Bo Renn, after all.")
QUESTION = "By whom was the tower finished?"
WEIGHTS = load_weights()
FIRST = candidates(understand(QUESTION, {}), [EARLY])[0]


@dataclass
class Pointing:
    """Points at one answer wherever it stands, and thinks everything else not worth a look."""

    answer: str = "Bo Renn"
    score: float = 9.0
    fails: bool = False
    asked: list[tuple[str, Sequence[Text]]] = field(default_factory=list)

    name = "pointing"

    async def spans(self, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        self.asked.append((question, texts))
        if self.fails:
            raise ModelUnavailable("the reader's file is damaged")
        return [self._spans(text.text) for text in texts]

    def _spans(self, text: str) -> Spans:
        at = text.find(self.answer)
        found = [Span(at, at + len(self.answer), self.score)] if at >= 0 else []
        return Spans((*found, Span(0, 3, -9.0)), 0.01 if found else 0.99)


async def test_quick_never_asks_the_small_reader() -> None:
    pointing = Pointing()
    asked = request(QUESTION, EARLY, LATE, effort="quick")
    assert await ExtractiveReader(pointing).read(asked) == await ExtractiveReader().read(asked)
    assert pointing.asked == []


@pytest.mark.parametrize("effort", ["standard", "deep"])
async def test_what_it_points_at_is_cited_and_is_the_short_answer(effort: Effort) -> None:
    reading = await ExtractiveReader(Pointing()).read(request(QUESTION, EARLY, LATE, effort=effort))
    assert reading.claims[0].text == "The tower was finished by Bo Renn, after all."
    assert reading.short_answer == "Bo Renn"
    assert reading.ranked[0].passage == LATE.passage
    assert reading.degraded == ()


async def test_a_span_in_two_sentences_counts_for_the_one_that_holds_most_of_it() -> None:
    hit = make_hit("a", "It was Ada. Quill built all of it herself.")
    reader = ExtractiveReader(Pointing("Ada. Quill built all of it"))
    reading = await reader.read(request("Who built it?", hit))
    assert reading.short_answer in reading.claims[0].text
    assert reading.claims[0].text.startswith("Quill")


def test_of_the_ways_to_cut_an_answer_out_the_one_that_looks_like_what_is_asked_is_taken() -> None:
    hit = passage_hit("It opened on 3 May 1932, and many guests from the whole valley came to see it that day.")
    text = hit.passage.text
    question = understand("When did it open?", {})
    (best,) = candidates(question, [hit])
    ends = [text.index(word) for word in (" that day", ", and")]
    ways = tuple(Span(text.index("3 May"), end, score) for end, score in zip(ends, (6.0, 5.8), strict=True))
    evidence = Evidence({hit.passage.passage_id: Spans(ways[:1], 0.1, ways)})
    assert pointed_answer(question, best, evidence, WEIGHTS.read) == "3 May 1932"


def test_further_sentences_of_a_passage_that_was_read_must_come_close_to_the_best() -> None:
    ranked = [Scored(score, 0.0, replace(FIRST, text=str(score))) for score in (4.0, 3.9, 1.9)]
    assert [row.score for row in choose(ranked, 1.25, 0.5)] == [4.0, 3.9]
    assert len(choose(ranked, 3.0, 0.0)) == 3


async def test_where_it_is_not_sure_the_rules_give_the_short_answer() -> None:
    weights = replace(WEIGHTS, read=replace(WEIGHTS.read, confident=10.0))
    reading = await ExtractiveReader(Pointing("finished by Bo"), weights).read(request(QUESTION, LATE))
    assert reading.short_answer == "Bo Renn"


async def test_it_reads_the_best_passages_only_each_under_its_title() -> None:
    pointing, tools = Pointing(), WordTools()
    hits = [make_hit(f"p{number}", f"Tower {number} was finished late.", title="Towers") for number in range(20)]
    reading = await ExtractiveReader(pointing).read(request(QUESTION, *hits, tools=tools))
    ((question, texts),) = pointing.asked
    assert question == QUESTION
    assert texts == [Text("Towers", hit.passage.text) for hit in hits[: READ_PASSAGES["standard"]]]
    assert len(tools.compared) <= COMPARED_BESIDE["standard"]
    assert {hit.passage.passage_id for hit in reading.ranked} == {hit.passage.passage_id for hit in hits}


async def test_a_question_is_thought_likelier_answered_where_it_points() -> None:
    sure = await ExtractiveReader(Pointing()).read(request(QUESTION, EARLY, LATE))
    unsure = await ExtractiveReader(Pointing("nowhere")).read(request(QUESTION, EARLY, LATE))
    assert sure.answerable > unsure.answerable


async def test_nothing_found_is_nothing_read() -> None:
    assert (await ExtractiveReader(Pointing()).read(request(QUESTION))).claims == ()


async def test_without_it_sentences_are_compared_as_before_and_the_reading_says_so() -> None:
    asked = request(QUESTION, EARLY, LATE)
    reading = await ExtractiveReader(Pointing(fails=True)).read(asked)
    assert [part.part for part in reading.degraded] == ["reader"]
    assert replace(reading, degraded=()) == await ExtractiveReader().read(asked)


async def test_a_run_without_it_answers_tells_the_stream_and_leaves_the_answer_as_it_is() -> None:
    hit = passage_hit("The tower was finished by Bo Renn.")
    graph = graph_of(FakeTools(hits=(hit,)), reader=ExtractiveReader(Pointing(fails=True)))
    ran = await ask(graph, QUESTION, context("standard"))
    assert {part["part"] for part in ran.of("degraded")} == {"reader"}
    assert len(ran.of("degraded")) == 1
    assert "reader" not in ran.answer.text


def test_a_passage_that_was_not_read_is_thought_as_bad_as_the_worst_that_was() -> None:
    evidence = Evidence({"early": Spans((Span(0, 3, 2.0),), 0.1), "late": Spans((Span(0, 3, -3.0),), 0.9)})
    assert evidence.margin(EARLY) == 2.0
    assert evidence.margin(make_hit("other", "Unread.")) == evidence.margin(LATE) == -3.0


def test_weights_are_kept_as_they_were(tmp_path) -> None:
    save_weights(WEIGHTS, tmp_path / "weights.json")
    assert load_weights(tmp_path / "weights.json") == WEIGHTS
