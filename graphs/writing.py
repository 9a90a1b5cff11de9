"""Has a chat model write the draft: streams its claims, checks what they cite, falls back when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from graphs import emit
from graphs.language.drafting import ClaimParser, Delta, cite_passages, content_stems
from graphs.language.fencing import fence, fence_passages, new_nonce, texts_of
from graphs.models import Message, ModelFailed, NamedModel, TimeLimits, speak
from graphs.prompts import prompt
from graphs.state import Degraded
from memory.records import Claim, Hit

PART = "synthesizer"
MAX_CLAIMS = 5
MAX_CHARACTERS = 6_000
OVERHEAD_TOKENS = 700
"""What prompt, question and answer take beside the passages."""
_PROMPT = prompt("synthesizer")
_ANSWERED = 0.9
_BESIDE_THE_POINT = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What to write about. hits: best first; as many are read as fit into budget_tokens, at least one."""

    question: str
    hits: tuple[Hit, ...]
    round: int
    budget_tokens: int
    limits: TimeLimits


@dataclass(slots=True)
class Draft:
    """What the models wrote. is_written: a model had its say, be it that the passages do not answer.

    claims: in order, those that were cut off without citations, so that the judge strikes what was shown of them.
    """

    claims: list[Claim] = field(default_factory=list[Claim])
    degraded: list[Degraded] = field(default_factory=list[Degraded])
    used_tokens: int = 0
    answerable: float = 0.0
    is_written: bool = False


async def write_draft(chain: Sequence[NamedModel], job: Job, write: emit.Writer) -> Draft:
    """Let the models try in turn until one has written something that cites.

    Never raises for a model: what failed is in `degraded`, and `is_written` stays False if all of them did.
    """
    draft = Draft()
    hits = _affordable(job)
    messages = _messages(job.question, hits)
    for named in chain:
        await _attempt(named, messages, hits, job, _Desk(draft, write))
        if draft.is_written:
            break
    return draft


@dataclass(slots=True)
class _Desk:
    """Where an attempt puts what it makes."""

    draft: Draft
    write: emit.Writer


async def _attempt(named: NamedModel, messages: Sequence[Message], hits: Sequence[Hit], job: Job, desk: _Desk) -> None:
    """Let one model write, and keep the claims it completed."""
    parser = ClaimParser()
    first = len(desk.draft.claims)
    said, tokens = 0, 0
    try:
        async with aclosing(speak(named, messages, job.limits)) as pieces:
            async for piece in pieces:
                _stream(parser.feed(piece.text), first, job.round, desk.write)
                said, tokens = said + len(piece.text), max(tokens, piece.tokens)
                if said > MAX_CHARACTERS or len(parser.claims) >= MAX_CLAIMS:
                    break
            else:
                _stream(parser.finish(), first, job.round, desk.write)
    except ModelFailed as error:
        desk.draft.degraded.append(Degraded(PART, str(error)))
    _keep(parser, hits, job, desk)
    desk.draft.used_tokens += tokens or sum((len(text) + 3) // 4 for _, text in messages) + said // 4


def _keep(parser: ClaimParser, hits: Sequence[Hit], job: Job, desk: _Desk) -> None:
    """Add an attempt's claims to the draft; a claim that was cut off keeps its id and cites nothing."""
    draft = desk.draft
    made = [(raw.text, cite_passages(raw, hits)) for raw in parser.claims]
    if parser.unfinished:
        made.append((parser.unfinished, ()))
    first = len(draft.claims)
    draft.claims += [
        Claim(claim_id(job.round, first + place), text, citations) for place, (text, citations) in enumerate(made)
    ]
    draft.is_written = parser.declined or any(citations for _, citations in made)
    draft.answerable = _answerable(job.question, draft.claims) if draft.is_written else 0.0


def _answerable(question: str, claims: Sequence[Claim]) -> float:
    """How likely it is that claims answer a question, as far as words tell: those that share none do not.

    A model that was talked into something else by a passage writes about something else.
    """
    asked = content_stems(question)
    said = [content_stems(text) for claim in claims for text in _words_of(claim)]
    if not any(claim.citations for claim in claims):
        return 0.0
    return _ANSWERED if not asked or any(asked & stems for stems in said) else _BESIDE_THE_POINT


def _words_of(claim: Claim) -> tuple[str, ...]:
    """What a claim and its quotes say, and the titles they stand under; nothing of a claim that cites nothing."""
    if not claim.citations:
        return ()
    return (claim.text, *(f"{citation.title} {citation.quote}" for citation in claim.citations))


def claim_id(round: int, place: int) -> str:
    """The id of the claim at a place (from 0) in a round's draft; a re-run gives the same."""
    return f"r{round}c{place + 1}"


def _stream(deltas: Sequence[Delta], first: int, round: int, write: emit.Writer) -> None:
    for delta in deltas:
        emit.answer_delta(write, claim_id(round, first + delta.place), delta.text)


def _affordable(job: Job) -> tuple[Hit, ...]:
    """The best hits whose texts fit the budget."""
    left = job.budget_tokens - OVERHEAD_TOKENS
    taken: list[Hit] = []
    for hit, text in zip(job.hits, texts_of(job.hits), strict=True):
        left -= (len(text) + 3) // 4
        if taken and left < 0:
            break
        taken.append(hit)
    return tuple(taken)


def _messages(question: str, hits: Sequence[Hit]) -> tuple[Message, ...]:
    nonce = new_nonce([question, *texts_of(hits)])
    body = f"{fence_passages(hits, nonce)}\n\n{fence('question', 0, question, nonce)}"
    return (("system", _PROMPT.format(nonce=nonce, most=MAX_CLAIMS)), ("human", body))
