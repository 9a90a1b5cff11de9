"""Writes the draft: claims that name their passages, from a reader or from a chat model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from graphs import emit
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.language.curated import curated_claims
from graphs.reading import Reading, ReadRequest
from graphs.state import State, Update
from memory.records import Claim, Hit


async def synthesizer(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Draft an answer to the question out of the passages that were found."""
    write, context = runtime.stream_writer, runtime.context
    hits = state.hits[: LIMITS[context.effort].read_passages]
    emit.stage_changed(write, "reading", state.round)
    reading = await _read(state, context, deps, hits)
    claims = number(reading.claims, state.round)
    for claim in claims:
        emit.answer_delta(write, claim.id, claim.text)
    spent = sum(estimate(text) for text in _texts(state.query, hits, claims))
    return {
        "draft": claims,
        "short_answer": reading.short_answer,
        "answerable": reading.answerable,
        "hits": (*reading.ranked, *state.hits[len(hits) :]) if reading.ranked else state.hits,
        "used_tokens": min(state.used_tokens + spent, LIMITS[context.effort].tokens),
    }


async def _read(state: State, context: Context, deps: Deps, hits: tuple[Hit, ...]) -> Reading:
    """Give the curated answer if there is one, else let the reader choose sentences."""
    if state.curated and hits and hits[0].passage.passage_id == state.curated:
        return Reading(claims=curated_claims(hits[0]), answerable=1.0)
    if not hits:
        return Reading()
    return await deps.reader.read(
        ReadRequest(context.scope, state.query, hits, deps.tools, state.term_weights, context.effort)
    )


def number(claims: Sequence[Claim], round: int, after: int = 0) -> tuple[Claim, ...]:
    """Give claims the ids that a re-run gives them again: r1c1, r1c2, … by round and place."""
    return tuple(replace(claim, id=f"r{round}c{place}") for place, claim in enumerate(claims, after + 1))


def estimate(text: str) -> int:
    """Roughly how many tokens a text has; the same on every machine."""
    return (len(text) + 3) // 4


def _texts(question: str, hits: Iterable[Hit], claims: Iterable[Claim]) -> Iterable[str]:
    yield question
    yield from (hit.passage.text for hit in hits)
    yield from (claim.text for claim in claims)
