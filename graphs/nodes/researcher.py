"""Finds passages: makes a follow-up stand alone, asks the servers at once, merges what they return."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from langgraph.runtime import Runtime

from graphs import emit
from graphs.answers.clarifying import options_for
from graphs.answers.clauses import clause_options
from graphs.clause_search import clauses_for, led_by
from graphs.context import LIMITS, Context
from graphs.deps import Deps
from graphs.gathering import Errand, Gathered, gather, gone_parts, merge
from graphs.joint import found_parts
from graphs.language.parting import parts_of
from graphs.language.picking import asks_back
from graphs.language.queries import further_queries
from graphs.repeats import repeats_last
from graphs.respelling import Searched, search_respelled
from graphs.standing import stand_alone
from graphs.state import State, Update
from graphs.tables import table_asked_through
from memory.records import Hit
from tools.calls import SearchRequest


async def researcher(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Look for evidence: for the question first, in later rounds for what is missing."""
    write, context = runtime.stream_writer, runtime.context
    round = state.round + 1
    emit.stage_changed(write, "researching", round)
    asked = await stand_alone(state, deps.models.chain("synthesizer", context.synthesizer), deps.models.limits)
    query, found, respelled = await _search(state, asked.query, context, deps)
    queries, gathered, clauses, hits = found
    questions = parts_of(query)
    parts = found_parts(state, questions, gathered, context)
    table = () if gathered.curated else await table_asked_through(deps.tools, context, query, hits)
    known = {hit.passage.passage_id for hit in state.hits}
    update: Update = {
        "query": query,
        "respelled": respelled or state.respelled,
        "searched": (*state.searched, *queries),
        "hits": hits,
        "table": table,
        "parts": tuple(replace(part, hits=led_by(clauses.get(part.question, ()), part.hits)) for part in parts),
        "entries": state.entries or gathered.entries,
        "curated": gathered.curated.passage.passage_id if gathered.curated else state.curated,
        "term_weights": {**gathered.term_weights, **state.term_weights},
        "round": round,
        "options": _options(state, query, hits) if round == 1 and not gathered.curated and not table else (),
        "fresh": sum(hit.passage.passage_id not in known for hit in hits),
        "used_tokens": state.used_tokens + asked.used_tokens,
        "degraded": (*state.degraded, *gone_parts(gathered.degraded, state.degraded)),
    }
    _announce(state, context, update, gathered, write)
    return update


class _Found(NamedTuple):
    """What one round brought. clauses: question -> the clauses that it names. hits: with those of former rounds."""

    queries: tuple[str, ...]
    gathered: Gathered
    clauses: Mapping[str, tuple[Hit, ...]]
    hits: tuple[Hit, ...]


async def _search(state: State, query: str, context: Context, deps: Deps) -> Searched[_Found]:
    """Search for a question, in the first round also as it was likely meant; later for what is missing."""
    if state.round:
        return Searched(query, await _found(state, query, context, deps))
    return await search_respelled(query, lambda text: _found(state, text, context, deps))


async def _found(state: State, query: str, context: Context, deps: Deps) -> _Found:
    """Ask the tools, for the question and its parts at once, and merge what they return with what is known."""
    naming = () if state.round else (query, *parts_of(query))
    queries = _further(state, query) if state.round else naming
    gathered, clauses = await asyncio.gather(
        gather(deps.tools, _errand(state, query, queries, context)), clauses_for(deps.tools, naming, context)
    )
    # What stands far down was never read; without a bound, checkpoints would grow with each round.
    hits = led_by(clauses.get(query, ()), _merged(state, query, gathered))[: 2 * LIMITS[context.effort].search_top_k]
    return _Found(queries, gathered, clauses, hits)


def _further(state: State, query: str) -> tuple[str, ...]:
    """What to search for in a later round."""
    return further_queries(query, state.verdict.missing, state.hits, state.searched)


def _errand(state: State, query: str, queries: tuple[str, ...], context: Context) -> Errand:
    top_k = LIMITS[context.effort].search_top_k
    requests = tuple(SearchRequest(text, filters=context.filters, top_k=top_k) for text in queries)
    if state.round == 0:
        return Errand(context.scope, requests, look_up=query)
    return Errand(context.scope, requests, around=state.hits)


def _options(state: State, query: str, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """What to ask back: which thing is meant, or in which of several documents a clause stands."""
    if options := options_for(state.question, state.history, hits):
        return options
    is_new = not asks_back(state.history) and not any(turn.role == "user" for turn in state.history)
    return clause_options(query, hits) if is_new else ()


def _merged(state: State, query: str, gathered: Gathered) -> tuple[Hit, ...]:
    """All hits so far, best first, repeats last; a curated answer to this very question leads."""
    curated = (gathered.curated,) if gathered.curated else state.hits[:1] if state.curated else ()
    ids = {hit.passage.passage_id for hit in curated}
    known = [hit for hit in state.hits if hit.passage.passage_id not in ids]
    rest = merge(known, [found.hits for found in gathered.found], gathered.beside)
    return (*curated, *repeats_last(query, (hit for hit in rest if hit.passage.passage_id not in ids)))


def _announce(state: State, context: Context, update: Update, gathered: Gathered, write: emit.Writer) -> None:
    """Tell the stream what was looked for, what was found and what was gone, always in the same order."""
    query = update.get("query", "")
    for text, found in zip(update.get("searched", ())[len(state.searched) :], gathered.found, strict=True):
        original = state.question if text == query else text
        emit.query_searched(write, text, original, len(found.hits))
    for part in gone_parts(gathered.degraded, state.degraded):
        emit.degraded(write, part.part, part.reason)
    emit.sources_found(write, update.get("hits", ())[: LIMITS[context.effort].read_passages])
