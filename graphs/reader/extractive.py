"""The reader that needs no model: sentences are scored by a few features and small committed weights."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from graphs.context import LIMITS
from graphs.reader.features import (
    UNKNOWN_COSINE,
    Candidate,
    Scored,
    answer_features,
    candidates,
    promise,
    sentence_features,
)
from graphs.reader.question import Question, understand
from graphs.reader.spans import shortest_answer
from graphs.reader.weights import Weights, load_weights
from graphs.reading import Reading, ReadRequest
from memory.records import Citation, Claim, Effort, Hit
from tools.errors import ToolCallError

MAX_CLAIMS = 3
SAME_PASSAGE = 1.5
"""What a further sentence of a passage already cited must score more than one of another passage."""
CONFIDENT_GAP = 2.5
"""A sentence that scores this much less than the best is left out: it would only dilute the answer."""
COMPARED: dict[Effort, int] = {"quick": 4, "standard": 16, "deep": 48}
"""Sentences whose similarity to the question is computed, at some 5 ms each."""


class ExtractiveReader:
    """Reads passages for an answer by choosing sentences of theirs."""

    def __init__(self, weights: Weights | None = None) -> None:
        """Use these weights, or the committed ones."""
        self._weights = weights or load_weights()

    async def read(self, request: ReadRequest) -> Reading:
        """Read the hits for a question; see `graphs.reading.Reader`."""
        question = understand(request.question, request.term_weights)
        promising = await asyncio.to_thread(find_promising, question, request.hits, request.effort)
        if not promising:
            return Reading(ranked=request.hits)
        cosines = await compare(request, promising)
        return await asyncio.to_thread(self._conclude, question, request.hits, promising, cosines)

    def _conclude(
        self, question: Question, hits: tuple[Hit, ...], found: Sequence[Candidate], cosines: Sequence[float]
    ) -> Reading:
        """Choose among candidates whose cosines are known."""
        ranked = rank(self._weights, question, found, cosines)
        chosen = choose(ranked)
        return Reading(
            claims=tuple(_claim(number, scored.candidate) for number, scored in enumerate(chosen, 1)),
            short_answer=shortest_answer(question, chosen[0].candidate.text),
            ranked=_reordered(hits, ranked),
            answerable=self._weights.answerable(answer_features(question, ranked)),
        )


def find_promising(question: Question, hits: Sequence[Hit], effort: Effort) -> list[Candidate]:
    """Return the sentences that are worth comparing with the question, most promising first."""
    found = candidates(question, hits[: LIMITS[effort].read_passages])
    return sorted(found, key=promise, reverse=True)[: COMPARED[effort]]


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


def choose(ranked: Sequence[Scored]) -> list[Scored]:
    """Return the one to three sentences to cite: good ones, from several passages unless one stands out."""
    chosen: list[Scored] = []
    rest: list[Scored] = list(ranked)
    while rest and len(chosen) < MAX_CLAIMS:
        cited = [scored.candidate.hit.passage.passage_id for scored in chosen]
        best = max(rest, key=lambda row: row.score - SAME_PASSAGE * cited.count(row.candidate.hit.passage.passage_id))
        if chosen and best.score < chosen[0].score - CONFIDENT_GAP:
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
