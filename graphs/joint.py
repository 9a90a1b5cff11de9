"""A message that asks several things: each is searched and read by itself, and told in the order asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from graphs.answers.outcome import CERTAIN
from graphs.answers.shaping import shape, told_of_rows
from graphs.borrowing import with_borrowed
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.gathering import FRESH_SHARE, Gathered, merge
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reader.question import understand
from graphs.reader.spans import fits_kind
from graphs.reading import Reading, ReadRequest
from graphs.state import Part, State
from memory.records import Claim, Hit

FEWEST_READ = 4


@dataclass(frozen=True, slots=True)
class JointReading:
    """What the readings of several questions amount to. places: of each question's claims in the whole, from 0."""

    whole: Reading
    parts: tuple[Part, ...]
    places: tuple[tuple[int, ...], ...]

    def numbered(self, claims: Sequence[Claim]) -> tuple[Part, ...]:
        """The questions with the ids that their claims were given."""
        rows = zip(self.parts, self.places, strict=True)
        return tuple(replace(part, claim_ids=tuple(claims[at].id for at in places)) for part, places in rows)


def found_parts(state: State, questions: Sequence[str], gathered: Gathered, context: Context) -> tuple[Part, ...]:
    """The questions of a message with what each of their searches found, best first; those of an earlier round stay.

    Args:
        state: before the round.
        questions: () for a message that asks one thing.
        gathered: what the search of the whole message and then of each question found.
        context: of the run.
    """
    if state.round:
        return state.parts
    most = max(FEWEST_READ, LIMITS[context.effort].read_passages // max(1, len(questions)))
    found = gathered.found[1 : len(questions) + 1]
    return tuple(Part(text, hits=reply.hits[:most]) for text, reply in zip(questions, found, strict=True))


async def read_joint(state: State, context: Context, deps: Deps) -> JointReading | None:
    """Read for each question of a message; None if no part is answered, so that the whole may be tried."""
    alone = await asyncio.gather(*(_read(part, state, context, deps) for part in state.parts))
    asked, readings = _with_rows(state.parts, alone)
    rows = zip(asked, readings, strict=True)
    parts = [replace(part, answerable=one.answerable, short_answer=one.short_answer) for part, one in rows]
    own = _told(asked, readings)
    parts, told = with_borrowed(parts, own)
    claims = list({_key(claim): claim for claims in told for claim in claims}.values())
    if not claims:
        return None
    keys = [_key(claim) for claim in claims]
    whole = Reading(
        claims=tuple(claims),
        ranked=_in_turns([one.ranked for one in readings]),
        answerable=min(one.answerable for one, its in zip(readings, own, strict=True) if its),
        degraded=tuple(dict.fromkeys(part for one in readings for part in one.degraded)),
    )
    places = tuple(tuple(keys.index(_key(claim)) for claim in its) for its in told)
    return JointReading(whole, tuple(parts), places)


class _Asked(NamedTuple):
    parts: tuple[Part, ...]
    readings: tuple[Reading, ...]


def _with_rows(parts: Sequence[Part], readings: Sequence[Reading]) -> _Asked:
    """Readings of which some give way to a cell of a row that another question's answer rests on.

    Those that are not sure do, and those of questions that do not say whom they are about: `and what is the remedy?`
    """
    asked, answered = list(parts), list(readings)
    for at, (part, own) in enumerate(zip(parts, readings, strict=True)):
        others = [other for place, other in enumerate(readings) if place != at]
        found = (told_of_rows(part.question, _kept(other), other.ranked) for other in others)
        told = next((one for one in found if one), None)
        if told and (own.answerable < CERTAIN or told.question != part.question):
            asked[at], answered[at] = replace(part, question=told.question), told.reading
    return _Asked(tuple(asked), tuple(answered))


def _kept(reading: Reading) -> tuple[Claim, ...]:
    return reading.claims if reading.answerable >= ANSWERABLE_THRESHOLD else ()


def _told(parts: Sequence[Part], readings: Sequence[Reading]) -> list[tuple[Claim, ...]]:
    """The claims that answer each question; a sentence that answers another one has to hold a value of its kind too."""
    told = [_kept(one) for one in readings]
    kept: list[tuple[Claim, ...]] = []
    for at, (part, claims) in enumerate(zip(parts, told, strict=True)):
        others = {_key(claim) for place, its in enumerate(told) if place != at for claim in its}
        known = understand(part.question, {})
        is_borrowed = all(_key(claim) in others and not fits_kind(known, claim.text) for claim in claims)
        kept.append(() if is_borrowed else claims)
    return kept


async def _read(part: Part, state: State, context: Context, deps: Deps) -> Reading:
    hits = _hits_of(part, state)
    if not hits:
        return Reading()
    request = ReadRequest(context.scope, part.question, hits, deps.tools, state.term_weights, context.effort)
    return await asyncio.to_thread(shape, part.question, await deps.reader.read(request))


def _hits_of(part: Part, state: State) -> tuple[Hit, ...]:
    """What a question's own search found; from the second round on with what came since, best first."""
    if state.round < 2:
        return part.hits
    own = {hit.passage.passage_id for hit in part.hits}
    others = [replace(hit, score=FRESH_SHARE * hit.score) for hit in state.hits if hit.passage.passage_id not in own]
    return merge(part.hits, [], others)[: len(part.hits) + FEWEST_READ]


def silent_parts(parts: Sequence[Part], standing: Iterable[Claim]) -> tuple[Part, ...]:
    """The questions of a message that no standing claim answers, while another one is answered."""
    if not any(part.claim_ids for part in parts):
        return ()
    ids = {claim.id for claim in standing}
    return tuple(part for part in parts if not ids & set(part.claim_ids))


def short_answers(parts: Sequence[Part], standing: Sequence[Claim]) -> str:
    """The short answers of the questions that are answered, in order; "" unless each of them has one."""
    ids = {claim.id: claim for claim in standing}
    answered = [(part, [ids[one] for one in part.claim_ids if one in ids]) for part in parts]
    rows = [(part.short_answer, claims) for part, claims in answered if claims]
    if not all(text and any(text in claim.text for claim in claims) for text, claims in rows):
        return ""
    return "; ".join(dict.fromkeys(text for text, _ in rows))


def _in_turns(rankings: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Hits of several rankings, the best of each first; each once."""
    longest = max(map(len, rankings), default=0)
    first: dict[str, Hit] = {}
    for hit in (ranking[at] for at in range(longest) for ranking in rankings if at < len(ranking)):
        first.setdefault(hit.passage.passage_id, hit)
    return tuple(first.values())


def _key(claim: Claim) -> tuple[str, tuple[tuple[str, int], ...]]:
    return (claim.text, tuple((one.passage_id, one.start) for one in claim.citations))
