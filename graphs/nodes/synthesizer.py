"""Writes the draft: claims that name their passages, from a reader or from a chat model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from graphs import emit
from graphs.answers.shaping import shape
from graphs.answers.tables.selecting import told_of_table
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.gathering import gone_parts
from graphs.joint import read_joint
from graphs.language.curated import curated_claims
from graphs.language.joining import without_bullet
from graphs.reading import Reading, ReadRequest
from graphs.state import State, Update
from graphs.writing import Draft, Job, claim_id, write_draft
from memory.records import Claim, Hit


async def synthesizer(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Draft an answer to the question out of the passages that were found."""
    write, context = runtime.stream_writer, runtime.context
    hits = state.hits[: LIMITS[context.effort].read_passages]
    draft = await _written(state, context, deps, hits, write)
    if draft.is_written:
        return _update(state, context, draft, Reading(answerable=draft.answerable, claims=tuple(draft.claims)))
    emit.stage_changed(write, "reading", state.round)
    joint = await read_joint(state, context, deps) if state.parts and not state.curated else None
    reading = joint.whole if joint else await _read(state, context, deps, hits)
    claims = number(reading.claims, state.round, after=len(draft.claims))
    for claim in claims:
        emit.answer_delta(write, claim.id, claim.text)
    for part in gone_parts(reading.degraded, state.degraded):
        emit.degraded(write, part.part, part.reason)
    draft.used_tokens += sum(estimate(text) for text in _texts(state.query, hits, claims))
    update = _update(state, context, draft, replace(reading, claims=(*draft.claims, *claims)))
    parts = joint.numbered(claims) if joint else tuple(replace(part, claim_ids=()) for part in state.parts)
    return {**update, "parts": parts}


async def _written(state: State, context: Context, deps: Deps, hits: tuple[Hit, ...], write: emit.Writer) -> Draft:
    """What the run's chat models write, if it uses any and there is something to write about."""
    chain = deps.models.chain("synthesizer", context.synthesizer)
    if not chain or not hits:
        return Draft()
    emit.stage_changed(write, "writing", state.round)
    limits = LIMITS[context.effort]
    rounds_left = max(1, limits.rounds - state.round + 1)
    budget = (limits.tokens - state.used_tokens) // rounds_left
    draft = await write_draft(chain, Job(state.query, hits, state.round, budget, deps.models.limits), write)
    for part in gone_parts(draft.degraded, state.degraded):
        emit.degraded(write, part.part, part.reason)
    return draft


async def _read(state: State, context: Context, deps: Deps, hits: tuple[Hit, ...]) -> Reading:
    """Give the curated answer if there is one, else let the reader choose sentences."""
    if state.curated and hits and hits[0].passage.passage_id == state.curated:
        return Reading(claims=curated_claims(hits[0]), answerable=1.0)
    if not hits:
        return Reading()
    if state.table and (told := await asyncio.to_thread(told_of_table, state.query, state.table)):
        return replace(told, ranked=hits)
    request = ReadRequest(context.scope, state.query, hits, deps.tools, state.term_weights, context.effort)
    return await asyncio.to_thread(shape, state.query, await deps.reader.read(request))


def _update(state: State, context: Context, draft: Draft, reading: Reading) -> Update:
    """The draft as the state keeps it; a reader's own order of the hits it read is kept too."""
    read = {hit.passage.passage_id for hit in reading.ranked}
    return {
        "draft": reading.claims,
        "short_answer": reading.short_answer,
        "answerable": reading.answerable,
        "hits": (*reading.ranked, *(hit for hit in state.hits if hit.passage.passage_id not in read)),
        "used_tokens": min(state.used_tokens + draft.used_tokens, LIMITS[context.effort].tokens),
        "degraded": (*state.degraded, *gone_parts((*draft.degraded, *reading.degraded), state.degraded)),
    }


def number(claims: Sequence[Claim], round: int, after: int = 0) -> tuple[Claim, ...]:
    """Give claims the ids that a re-run gives them again: r1c1, r1c2, … by round and place; leave bullets out."""
    return tuple(replace(without_bullet(claim), id=claim_id(round, place)) for place, claim in enumerate(claims, after))


def estimate(text: str) -> int:
    """Roughly how many tokens a text has; the same on every machine."""
    return (len(text) + 3) // 4


def _texts(question: str, hits: Iterable[Hit], claims: Iterable[Claim]) -> Iterable[str]:
    yield question
    yield from (hit.passage.text for hit in hits)
    yield from (claim.text for claim in claims)
