"""Weighs each claim against the passages it cites, and the draft as a whole against the question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from langgraph.runtime import Runtime

from graphs import emit
from graphs.answers.framed import is_framed
from graphs.answers.tables.selecting import is_told_of_table
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.gathering import gone_parts
from graphs.language.grounding import Evidence
from graphs.language.instructions import is_instruction, without_instructions
from graphs.language.strangers import is_question, lines_behind
from graphs.language.verdicts import decide
from graphs.opinion import Hearing, Opinion, second_opinion
from graphs.state import Outcome, State, Update
from graphs.weighing import Likeness, is_stranger, weigh_claim
from memory.records import Claim, Hit


async def judge(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Decide what becomes of the draft: the rules always, and a model beside them if the run uses one.

    A model can only strike what the rules let stand. Its silence, or a verdict that cannot be read, changes nothing.
    """
    write, context = runtime.stream_writer, runtime.context
    emit.stage_changed(write, "judging", state.round)
    weighed = await _weighed(state, context, deps)
    hearing = await _hearing(state, context, deps, weighed)
    claims = tuple(_struck(claim, hearing.opinion) for claim in weighed)
    answerable = 0.0 if hearing.opinion and not hearing.opinion.answers else state.answerable
    verdict = decide(state.query, claims, answerable, state.round, _rounds(state, context))
    claims = _settled(claims, verdict.outcome)
    gone = gone_parts([hearing.degraded] if hearing.degraded else (), state.degraded)
    for part in gone:
        emit.degraded(write, part.part, part.reason)
    _announce(claims, write)
    return {
        "draft": claims,
        "verdict": verdict,
        "used_tokens": min(state.used_tokens + hearing.used_tokens, LIMITS[context.effort].tokens),
        "degraded": (*state.degraded, *gone),
    }


async def _hearing(state: State, context: Context, deps: Deps, weighed: Sequence[Claim]) -> Hearing:
    """A model's opinion on the claims that the rules let stand."""
    chain = deps.models.chain("judge", context.judge)
    standing = [claim for claim in weighed if claim.verdict == "supported"]
    return await second_opinion(chain, deps.models, state.query, standing)


def _rounds(state: State, context: Context) -> int:
    """Rounds that are worth having: none after one that found nothing new or could not search."""
    gone = any(part.part == "vector_search" for part in state.degraded)
    return state.round if gone or not state.fresh else LIMITS[context.effort].rounds


async def _weighed(state: State, context: Context, deps: Deps) -> tuple[Claim, ...]:
    """The draft with the deterministic verdicts."""
    likeness = partial(deps.tools.similarities, context.scope)
    weighed = await asyncio.gather(*(_with_verdict(claim, state, likeness) for claim in state.draft))
    if not deps.models.chain("synthesizer", context.synthesizer):
        return tuple(weighed)
    return tuple(await asyncio.gather(*(_unless_planted(claim, state, likeness) for claim in weighed)))


async def _unless_planted(claim: Claim, state: State, likeness: Likeness) -> Claim:
    """Strike a model's claim that rests on nothing but sentences which somebody planted in a passage."""
    if claim.verdict != "supported" or state.curated:
        return claim
    around = _evidence(claim, state)
    titles = " ".join(citation.title for citation in claim.citations)
    asked = f"{state.query} {titles}"
    planted = [await is_stranger(said, around, asked, likeness) for said in _rested_on(claim, around)]
    if not is_question(claim.text) and not all(planted):
        return claim
    return replace(claim, verdict="unsupported", reason="it rests on a sentence that is out of place in its source")


async def _with_verdict(claim: Claim, state: State, likeness: Likeness) -> Claim:
    """A claim with its verdict. What a source tells an assistant to do is evidence for nothing."""
    asked = (state.query, *(part.question for part in state.parts if claim.id in part.claim_ids))
    if await asyncio.to_thread(_is_framed, asked, claim, state.hits):
        return replace(claim, verdict="supported", reason="")
    if state.table and await asyncio.to_thread(is_told_of_table, state.query, claim, state.table):
        return replace(claim, verdict="supported", reason="")
    quotes = [one.quote for one in claim.citations if not is_instruction(lines_behind(claim.text, one.quote))]
    if claim.citations and not quotes:
        return replace(claim, verdict="unsupported", reason="it rests on an instruction inside a source")
    weighed = await weigh_claim(claim.text, quotes, _evidence(claim, state), likeness)
    return replace(claim, verdict=weighed.label, reason=weighed.reason)


def _rested_on(claim: Claim, around: Evidence) -> Sequence[str]:
    """What a claim takes from its passages: itself where they have its words, which a long quote may leave out."""
    said = " ".join(claim.text.split())
    if any(said in " ".join(passage.split()) for passage in around.passages):
        return [said]
    return [lines_behind(claim.text, citation.quote) for citation in claim.citations]


def _is_framed(questions: Sequence[str], claim: Claim, hits: Sequence[Hit]) -> bool:
    return any(is_framed(question, claim, hits) for question in questions)


def _evidence(claim: Claim, state: State) -> Evidence:
    """The passages that a claim cites, whole but for instructions in them, and what was said before."""
    cited = {citation.passage_id for citation in claim.citations}
    hits = [hit for hit in state.hits if hit.passage.passage_id in cited]
    heard = [state.question, state.query, *(turn.text for turn in state.history)]
    titles = [" ".join((hit.title, hit.passage.context, *hit.passage.heading)) for hit in hits]
    return Evidence(tuple(without_instructions(hit.passage.text) for hit in hits), "\n".join([*heard, *titles]))


def _struck(claim: Claim, opinion: Opinion | None) -> Claim:
    """A claim that the rules let stand and the model's opinion strikes."""
    label = opinion.claims.get(claim.id, "supported") if opinion else "supported"
    if label == "supported":
        return claim
    return replace(claim, verdict=label, reason="the judging model does not find this in its sources")


def _settled(claims: Sequence[Claim], outcome: Outcome) -> tuple[Claim, ...]:
    """Claims as they leave the judge: nothing of a draft that does not answer may stand."""
    if outcome == "accept":
        return tuple(claims)
    return tuple(_beside_the_point(claim) if claim.verdict == "supported" else claim for claim in claims)


def _beside_the_point(claim: Claim) -> Claim:
    return replace(claim, verdict="unsupported", reason="its source says this, but it does not answer the question")


def _announce(claims: Sequence[Claim], write: emit.Writer) -> None:
    for claim in claims:
        if claim.verdict == "supported":
            emit.claim_supported(write, claim)
        else:
            emit.claim_retracted(write, claim)
