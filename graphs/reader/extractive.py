"""The reader that needs no chat model: sentences are scored by a few features and small committed weights.

From `standard` on the small reader of `memory.spans` reads the best passages too, and its spans are more features.
Without it, sentences are compared with the question instead, as `quick` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from graphs.context import LIMITS
from graphs.reader.evidence import (
    READ_PASSAGES,
    Evidence,
    read_answer_features,
    read_sentence_features,
    reranked,
    text_of,
)
from graphs.reader.features import (
    UNKNOWN_COSINE,
    Candidate,
    Scored,
    answer_features,
    candidates,
    promise,
    sentence_features,
)
from graphs.reader.ordering import in_order, life_first
from graphs.reader.pointing import pointed_answer, ruled_answer
from graphs.reader.question import Question, understand
from graphs.reader.spans import kind_spans
from graphs.reader.weights import AllWeights, ReadWeights, Weights, load_weights
from graphs.reading import Reading, ReadRequest
from graphs.state import Degraded
from memory.errors import ModelUnavailable
from memory.records import Citation, Claim, Effort, Hit
from memory.span_ports import SpanReader
from tools.errors import ToolCallError

MAX_CLAIMS = 3
SAME_PASSAGE = 1.5
"""What a further sentence of a passage already cited must score more than one of another passage."""
CONFIDENT_GAP = 2.5
"""A sentence that scores this much less than the best is left out: it would only dilute the answer."""
READ_GAPS, READ_SAME_PASSAGE = (1.25, 2.0), 0.5
"""The same where the small reader has read, for questions that ask for a value or a name, and for others.

It tells the sentences of one passage apart: on 600 questions 1.58 sentences an answer instead of 1.68, .858 of them of
the right passage instead of .835, with the answer in a quote as often; long answers no worse, on half of a set's
questions.
"""
COMPARED: dict[Effort, int] = {"quick": 4, "standard": 16, "deep": 48}
"""Sentences whose similarity to the question is computed, at some 5 ms each."""


COMPARED_BESIDE: dict[Effort, int] = {"quick": 4, "standard": 4, "deep": 16}
"""The same where the small reader reads: it says more, so that fewer are left to compare."""
PART = "reader"


class ExtractiveReader:
    """Reads passages for an answer by choosing sentences of theirs."""

    def __init__(self, spans: SpanReader | None = None, weights: AllWeights | None = None) -> None:
        """Use the small reader, if there is one, and these weights, or the committed ones."""
        self._spans = spans
        self._weights = weights or load_weights()

    def reranks(self, effort: Effort) -> bool:
        """Whether the small reader orders the hits at an effort."""
        return self._spans is not None and READ_PASSAGES[effort] > 0

    async def read(self, request: ReadRequest) -> Reading:
        """Read the hits for a question; see `graphs.reading.Reader`."""
        question = understand(request.question, request.term_weights)
        if self._spans is None or not self.reranks(request.effort):
            return await self._compared(question, request)
        evidence, (found, promising, cosines) = await asyncio.gather(
            _evidence(self._spans, request), _candidates(question, request)
        )
        if not found:
            return Reading(ranked=request.hits)
        if isinstance(evidence, Degraded):
            return replace(await self._compared(question, request), degraded=(evidence,))
        both = rank(self._weights.plain, question, promising, cosines)
        chosen = await asyncio.to_thread(choose_read, self._weights.read, question, found, evidence)
        known = Known(both, chosen, evidence)
        return await asyncio.to_thread(conclude, self._weights.read, question, request.hits, known)

    async def _compared(self, question: Question, request: ReadRequest) -> Reading:
        """Read without the small reader."""
        promising = await asyncio.to_thread(find_promising, question, request.hits, request.effort)
        if not promising:
            return Reading(ranked=request.hits)
        cosines = await compare(request, promising)
        return await asyncio.to_thread(self._conclude, question, request.hits, promising, cosines)

    def _conclude(
        self, question: Question, hits: tuple[Hit, ...], found: Sequence[Candidate], cosines: Sequence[float]
    ) -> Reading:
        """Choose among candidates whose cosines are known."""
        ranked = life_first(question, rank(self._weights.plain, question, found, cosines))
        chosen = choose(ranked)
        return Reading(
            claims=tuple(_claim(number, scored.candidate) for number, scored in enumerate(chosen, 1)),
            short_answer=ruled_answer(question, chosen[0].candidate.text),
            ranked=_reordered(hits, ranked),
            answerable=self._weights.plain.answerable(answer_features(question, ranked)),
        )


async def _candidates(
    question: Question, request: ReadRequest
) -> tuple[Sequence[Candidate], Sequence[Candidate], Sequence[float]]:
    """Every sentence that could be an answer; those worth comparing, and their cosines to the question."""
    found = await asyncio.to_thread(candidates, question, request.hits[: LIMITS[request.effort].read_passages])
    promising = most_promising(found, COMPARED_BESIDE[request.effort])
    return found, promising, await compare(request, promising)


async def _evidence(spans: SpanReader, request: ReadRequest) -> Evidence | Degraded:
    """What the small reader makes of the best hits, or why it makes nothing."""
    hits = request.hits[: READ_PASSAGES[request.effort]]
    try:
        read = await spans.spans(request.question, [text_of(hit) for hit in hits])
    except ModelUnavailable as error:
        return Degraded(PART, str(error))
    return Evidence({hit.passage.passage_id: found for hit, found in zip(hits, read, strict=True)})


class Known(NamedTuple):
    """What is known when the answer is made.

    compared: sentences as `quick` would rank them. chosen: those to cite, best first.
    """

    compared: Sequence[Scored]
    chosen: Sequence[Scored]
    evidence: Evidence


def conclude(weights: ReadWeights, question: Question, hits: tuple[Hit, ...], known: Known) -> Reading:
    """Make the reading out of what was chosen and read."""
    best = known.chosen[0]
    features = read_answer_features(question, known.compared, best, known.evidence)
    return Reading(
        claims=tuple(_claim(number, scored.candidate) for number, scored in enumerate(known.chosen, 1)),
        short_answer=pointed_answer(question, best.candidate, known.evidence, weights),
        ranked=reranked(hits, known.evidence),
        answerable=weights.answerable(features),
    )


def rank_read(weights: ReadWeights, question: Question, found: Sequence[Candidate], evidence: Evidence) -> list[Scored]:
    """Score candidates by what was read, best first; ties keep the order given."""
    best_lexical = max((candidate.hit.lexical_score or 0.0 for candidate in found), default=0.0)
    rows = (read_sentence_features(question, candidate, evidence, best_lexical) for candidate in found)
    scored = [Scored(weights.score(row), UNKNOWN_COSINE, candidate) for row, candidate in zip(rows, found, strict=True)]
    return sorted(scored, key=lambda row: -row.score)


def choose_read(
    weights: ReadWeights, question: Question, found: Sequence[Candidate], evidence: Evidence
) -> list[Scored]:
    """The sentences to cite of those that were read, best first."""
    ranked = in_order(question, rank_read(weights, question, found, evidence))
    return choose(ranked, READ_GAPS[kind_spans(question, "") is None], READ_SAME_PASSAGE)


def find_promising(question: Question, hits: Sequence[Hit], effort: Effort) -> list[Candidate]:
    """Return the sentences that are worth comparing with the question, most promising first."""
    return most_promising(candidates(question, hits[: LIMITS[effort].read_passages]), COMPARED[effort])


def most_promising(found: Sequence[Candidate], count: int) -> list[Candidate]:
    """Return the sentences that promise most before their similarity is known, best first."""
    return sorted(found, key=promise, reverse=True)[:count]


async def compare(request: ReadRequest, promising: Sequence[Candidate]) -> tuple[float, ...]:
    """Return each sentence's cosine to the question; without the server, a middling one for all."""
    texts = tuple(candidate.shown for candidate in promising)
    try:
        return await request.tools.similarities(request.scope, request.question, texts)
    except ToolCallError:
        return (UNKNOWN_COSINE,) * len(texts)


def rank(weights: Weights, question: Question, found: Sequence[Candidate], cosines: Sequence[float]) -> list[Scored]:
    """Score candidates, best first; ties keep the order given."""
    best_lexical = max((candidate.hit.lexical_score or 0.0 for candidate in found), default=0.0)
    scored = [
        Scored(weights.score(sentence_features(question, candidate, cosine, best_lexical)), cosine, candidate)
        for candidate, cosine in zip(found, cosines, strict=True)
    ]
    return sorted(scored, key=lambda row: -row.score)


def choose(ranked: Sequence[Scored], gap: float = CONFIDENT_GAP, same_passage: float = SAME_PASSAGE) -> list[Scored]:
    """Return the one to three sentences to cite: good ones, from several passages unless one stands out."""
    chosen: list[Scored] = []
    rest: list[Scored] = list(ranked)
    while rest and len(chosen) < MAX_CLAIMS:
        cited = [scored.candidate.hit.passage.passage_id for scored in chosen]
        best = max(rest, key=lambda row: row.score - same_passage * cited.count(row.candidate.hit.passage.passage_id))
        if chosen and best.score < chosen[0].score - gap:
            break
        rest = [row for row in rest if row.candidate.text != best.candidate.text]
        chosen.append(best)
    return chosen


def _reordered(hits: tuple[Hit, ...], ranked: Sequence[Scored]) -> tuple[Hit, ...]:
    """The hits by their best sentence, those without one after them as they came."""
    first = {scored.candidate.hit.passage.passage_id: scored.candidate.hit for scored in ranked}
    return (*first.values(), *(hit for hit in hits if hit.passage.passage_id not in first))


def _claim(number: int, candidate: Candidate) -> Claim:
    """A claim that is one sentence of a passage."""
    hit, passage = candidate.hit, candidate.hit.passage
    citation = Citation(
        passage_id=passage.passage_id,
        document_id=passage.document_id,
        version_id=passage.version_id,
        source=hit.source,
        title=hit.title,
        start=passage.start + candidate.start,
        end=passage.start + candidate.end,
        quote=candidate.text,
        page=passage.page,
        row=passage.row,
        is_ocr=passage.is_ocr,
    )
    return Claim(id=f"c{number}", text=candidate.text, citations=(citation,))
