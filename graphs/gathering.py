"""Asks the tools, all at once, and merges what they return. A server that is gone is reported, not raised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from graphs.answers.listing import asks_how, goes_on, is_cut
from graphs.language.curated import answers_exactly
from graphs.state import Degraded
from memory.records import AnswerEntry, Hit, Passage, Scope
from tools.calls import Found, Match, SearchRequest, Tools
from tools.errors import ToolCallError

T = TypeVar("T")

FRESH_SHARE = 0.8
"""What the best find of a further query counts beside the best that is known: such queries guess at what is missing."""
NEIGHBOURED = 3
FOLLOWED = 4
"""Best hits of a question how to do something whose steps are followed into the passages beside them."""
STEPS_AROUND = 3
BEHIND = 0.999
"""What such a passage counts beside the one that led to it: it comes right behind."""
CURATED_TOP_K = 3
NEAR = 0.5
"""Cosine similarity from which a curated entry is worth reading."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What a tool said, or why it said nothing."""

    value: T
    degraded: Degraded | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one round brought.

    found: one per query, in the order asked. beside: neighbours of what was known, the rest of steps that a passage
    holds a part of, and curated entries where the search brought nothing. curated: a curated answer to this very
    question, as a passage.
    """

    found: tuple[Found, ...] = ()
    beside: tuple[Hit, ...] = ()
    entries: tuple[AnswerEntry, ...] = ()
    curated: Hit | None = None
    degraded: tuple[Degraded, ...] = ()
    term_weights: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Errand:
    """What to ask the tools for in one round. look_up: the question for the knowledge base, "" to leave it out."""

    scope: Scope
    requests: tuple[SearchRequest, ...]
    look_up: str = ""
    around: tuple[Hit, ...] = ()


async def gather(tools: Tools, errand: Errand) -> Gathered:
    """Run an errand; every call at the same time."""
    searches = [_ask(tools.search(errand.scope, request), _NOTHING) for request in errand.requests]
    looks = [_ask(tools.look_up(errand.scope, errand.look_up, CURATED_TOP_K), _NO_MATCH)] if errand.look_up else []
    around = [_neighbours(tools, errand.scope, hit) for hit in errand.around[:NEIGHBOURED]]
    found, matched, near = await asyncio.gather(
        asyncio.gather(*searches), asyncio.gather(*looks), asyncio.gather(*around)
    )
    steps = await _rest_of_steps(tools, errand, [reply.value for reply in found])
    matches = matched[0].value if matched else ()
    offered = () if any(reply.value.hits for reply in found) else _offered(matches)
    gone = [reply.degraded for replies in (found, matched, near, steps) for reply in replies if reply.degraded]
    return Gathered(
        found=tuple(reply.value for reply in found),
        beside=(*offered, *(hit for reply in (*near, *steps) for hit in reply.value)),
        entries=tuple(match.entry for match in matches),
        curated=await _curated(tools, errand, matches),
        degraded=gone_parts(gone, ()),
        term_weights={stem: weight for reply in reversed(found) for stem, weight in reply.value.term_weights.items()},
    )


def merge(known: Sequence[Hit], rankings: Sequence[Sequence[Hit]], beside: Sequence[Hit] = ()) -> tuple[Hit, ...]:
    """Merge rankings of hits into one without repeats, best first; a passage keeps its first appearance.

    A hit counts its score as a share of the best of its ranking, and the best of these shares is its score from now
    on. What was known, or else the first ranking, counts in full; further ones count FRESH_SHARE, so that what leads
    goes on leading, and the best finds of each query come soon after. docs/decisions/rounds.md has the measurements.

    Args:
        known: what an earlier round left, best first.
        rankings: what the queries of this round found, the question itself first where nothing is known.
        beside: hits whose scores are such shares already.
    """
    leading, *further = [ranking for ranking in (known, *rankings) if ranking] or [()]
    shares = [*_shares(leading, 1.0), *((hit, hit.score) for hit in beside)]
    shares += [pair for ranking in further for pair in _shares(ranking, FRESH_SHARE)]
    scores: dict[str, float] = {}
    first: dict[str, Hit] = {}
    for hit, share in shares:
        passage_id = hit.passage.passage_id
        first.setdefault(passage_id, hit)
        scores[passage_id] = max(scores.get(passage_id, share), share)
    merged = [replace(hit, score=scores[passage_id]) for passage_id, hit in first.items()]
    return tuple(sorted(merged, key=lambda hit: -hit.score))


def _shares(ranking: Sequence[Hit], weight: float) -> list[tuple[Hit, float]]:
    most = max((hit.score for hit in ranking), default=0.0)
    return [(hit, weight * hit.score / (most if most > 0 else 1.0)) for hit in ranking]


def gone_parts(fresh: Iterable[Degraded], known: Iterable[Degraded]) -> tuple[Degraded, ...]:
    """Parts that are newly gone, each once, as first reported."""
    reported = {part.part for part in known}
    first: dict[str, Degraded] = {}
    for part in fresh:
        if part.part not in reported:
            first.setdefault(part.part, part)
    return tuple(first.values())


_NOTHING = Found((), {})
_NO_MATCH: tuple[Match, ...] = ()


async def _ask(call: Awaitable[T], otherwise: T) -> Reply[T]:
    """Await a call; a server that is gone or refuses becomes a reply that says so."""
    try:
        return Reply(await call)
    except ToolCallError as error:
        return Reply(otherwise, Degraded(error.server, str(error)))


async def _neighbours(tools: Tools, scope: Scope, hit: Hit) -> Reply[tuple[Hit, ...]]:
    """The passages beside a hit, as hits of the same document."""
    reply = await _ask(tools.read_around(scope, hit.passage.passage_id, 1, 1), ())
    beside = [passage for passage in reply.value if passage.passage_id != hit.passage.passage_id]
    return Reply(tuple(replace(hit, passage=passage, score=hit.score / 2) for passage in beside), reply.degraded)


async def _rest_of_steps(tools: Tools, errand: Errand, found: Sequence[Found]) -> list[Reply[tuple[Hit, ...]]]:
    """The passages where the steps go on that a best hit holds a part of, scored as a share of the best hit's score."""
    followed: dict[str, Hit] = {}
    for request, ranking in zip(errand.requests, found, strict=True):
        if asks_how(request.query):
            leading = [replace(hit, score=share) for hit, share in _shares(ranking.hits, 1.0)[:FOLLOWED]]
            followed |= {hit.passage.passage_id: hit for hit in leading if is_cut(hit)}
    calls = [_steps_beside(tools, errand.scope, hit) for hit in followed.values()]
    return list(await asyncio.gather(*calls))


async def _steps_beside(tools: Tools, scope: Scope, hit: Hit) -> Reply[tuple[Hit, ...]]:
    around = tools.read_around(scope, hit.passage.passage_id, STEPS_AROUND, STEPS_AROUND)
    reply = await _ask(around, ())
    beside = [replace(hit, passage=passage, score=BEHIND * hit.score) for passage in reply.value]
    return Reply(goes_on(hit, beside), reply.degraded)


def _offered(matches: Sequence[Match]) -> tuple[Hit, ...]:
    """Entries near the question as hits, for a reader that would have nothing to read otherwise."""
    return tuple(_as_hit(match, f"kb:{match.entry.entry_id}") for match in matches if match.similarity >= NEAR)


async def _curated(tools: Tools, errand: Errand, matches: Sequence[Match]) -> Hit | None:
    """The best match as a hit, if it answers this very question."""
    best = next((match for match in matches if answers_exactly(errand.look_up, match)), None)
    if best is None:
        return None
    source = f"kb:{best.entry.entry_id}"
    kept = await _ask(
        tools.search(errand.scope, SearchRequest(best.entry.question, filters={"source": source}, top_k=1)), _NOTHING
    )
    return next((hit for hit in kept.value.hits if hit.source == source), None) or _as_hit(best, source)


def _as_hit(match: Match, source: str) -> Hit:
    """A curated entry that is in no index yet, as a hit on its own answer text."""
    entry = match.entry
    passage = Passage(
        passage_id=source,
        document_id=source,
        version_id=str(entry.revision),
        ordinal=0,
        start=0,
        end=len(entry.answer),
        text=entry.answer,
        kind="answer",
        context=entry.question,
    )
    return Hit(passage, source=source, title=entry.question, score=match.similarity, fused_rank=1)
