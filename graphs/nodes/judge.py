"""Weighs each claim against the passages it cites, and the draft as a whole against the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from graphs import emit
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.language.align import weigh
from graphs.language.verdicts import decide
from graphs.state import Outcome, State, Update
from memory.records import Claim


async def judge(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Decide what becomes of the draft."""
    write, context = runtime.stream_writer, runtime.context
    emit.stage_changed(write, "judging", state.round)
    weighed = tuple(_weighed(claim) for claim in state.draft)
    rounds = _rounds(state, context)
    verdict = decide(state.query, weighed, state.answerable, state.round, rounds)
    claims = _settled(weighed, verdict.outcome)
    _announce(claims, write)
    return {"draft": claims, "verdict": verdict}


def _rounds(state: State, context: Context) -> int:
    """Rounds that are worth having: none after one that found nothing new or could not search."""
    gone = any(part.part == "vector_search" for part in state.degraded)
    return state.round if gone or not state.fresh else LIMITS[context.effort].rounds


def _weighed(claim: Claim) -> Claim:
    """A claim with the deterministic judge's verdict."""
    weighing = weigh(claim.text, [citation.quote for citation in claim.citations])
    return replace(claim, verdict=weighing.label, reason=weighing.reason)


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
