"""One search inside MongoDB: what its words weigh for this reader, both sides' candidates, and their fusion."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import NamedTuple, cast

import numpy as np
from pymongo.read_concern import ReadConcern

from memory.errors import InvalidInput
from memory.index import atlas_pipelines as pipelines
from memory.index.atlas_definitions import Names
from memory.index.atlas_pipelines import Pipeline, Selected, Word
from memory.index.atlas_rows import FILTERS, facet_token, token
from memory.index.found import Found
from memory.index.ranking import Ranking, fuse
from memory.index.selection import accepted
from memory.mongodb import Mongo, Row
from memory.ports import SearchQuery
from memory.records import Filters, Metadata, Range, Scope
from memory.sentences import STOPWORDS, stem, words

DEPTH = 100
"""How far down each side's ranking is looked at, at least."""
MOST_WORDS = 64
"""Words of a query that are searched; what comes behind is left out."""
MOST_VALUES = 10_000
"""Different numbers that a range may hold."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where is searched. fuses: whether the server merges the two sides ($rankFusion)."""

    mongo: Mongo
    collection: str
    names: Names
    fuses: bool = False

    async def run(self, pipeline: Pipeline) -> list[Row]:
        """Return what a pipeline gives."""
        async with self.mongo.within():
            # The stages of search take no other read concern than this one.
            rows = self.mongo[self.collection].with_options(read_concern=ReadConcern("local"))
            return [row async for row in await rows.aggregate(pipeline)]

    async def count(self, pipeline: Pipeline) -> int:
        """Return what a $searchMeta counts."""
        found = await self.run(pipeline)
        return int(found[0]["count"]["total"]) if found else 0


class Ranked(NamedTuple):
    """All candidates, best first, and the inverse document frequency of each query word's stem."""

    candidates: Sequence[Found]
    weights: Mapping[str, float]


async def search(place: Place, scope: Scope, query: SearchQuery) -> Ranked:
    """Return what the scope may find.

    Raises:
        InvalidInput: a filter is of no known kind, or a range holds more than MOST_VALUES different numbers.
    """
    selected = await _selected(place, scope, query.filters)
    forms = _forms(query.text)
    weights = await _weights(place, pipelines.readable(scope), forms)
    if selected is None:
        return Ranked((), weights)
    depth = max(DEPTH, 2 * query.top_k)
    asked = [Word(forms[name], weights[name]) for name in weights]
    sides = _sides(place.names, query, selected, asked, depth)
    if place.fuses and sides.dense and sides.lexical:
        found = await place.run(pipelines.fused(sides.dense, sides.lexical, query.weights, 2 * depth))
        return Ranked([_fused(row) for row in found], weights)
    dense, lexical = await asyncio.gather(_side(place, sides.dense), _side(place, sides.lexical))
    return Ranked(_merged(query, dense, lexical, sum(weights.values())), weights)


async def _selected(place: Place, scope: Scope, filters: Filters) -> Selected | None:
    """Return what the scope may find and the filters leave; None if that is nothing."""
    fields: dict[str, Sequence[str]] = dict(pipelines.readable(scope).fields)
    facets: list[Sequence[str]] = []
    for key, value in filters.items():
        values = accepted(key, value)
        if key in FILTERS:
            fields[key] = [token(text) for text in values]
        elif isinstance(value, Range):
            facets.append(await _within(place, scope, key, value))
        else:
            facets.append([facet_token(key, text) for text in values])
    if not all(fields.values()) or not all(facets):
        return None
    return Selected(fields, facets)


async def _within(place: Place, scope: Scope, key: str, bounds: Range) -> Sequence[str]:
    """Return the numbers of a key that a range holds, as filters ask for them: the stages know ranges of paths only."""
    found = await place.run(pipelines.within(scope.tenant_id, key, bounds.gte, bounds.lte))
    if len(found) > MOST_VALUES:
        raise InvalidInput(f"the range of {key!r} holds more than {MOST_VALUES} different numbers: make it narrower")
    return sorted(row["_id"] for row in found)


def _forms(text: str) -> dict[str, tuple[str, ...]]:
    """Return the stem of each telling word with the forms in which it was asked."""
    asked = list(dict.fromkeys(words(text)))
    telling = [word for word in asked if word not in STOPWORDS] or asked
    forms: dict[str, tuple[str, ...]] = {}
    for word in telling[:MOST_WORDS]:
        forms[stem(word)] = (*forms.get(stem(word), ()), word)
    return forms


async def _weights(place: Place, readable: Selected, forms: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """Return each word's inverse document frequency among readable passages; none if there are none."""
    if not forms:
        return {}
    counts = [pipelines.count(place.names, readable, asked) for asked in ((), *forms.values())]
    total, *known = await asyncio.gather(*(place.count(pipeline) for pipeline in counts))
    if not total:
        return {}
    return {name: log1p(max(0, total - held + 0.5) / (held + 0.5)) for name, held in zip(forms, known, strict=True)}


class _Sides(NamedTuple):
    """The pipelines of a search; None where a side is not asked."""

    dense: Pipeline | None
    lexical: Pipeline | None


def _sides(names: Names, query: SearchQuery, selected: Selected, asked: Sequence[Word], depth: int) -> _Sides:
    dense = lexical = None
    if query.mode != "lexical" and query.vector is not None:
        dense = pipelines.dense(names, selected, query.vector, depth)
    if query.mode != "dense" and asked:
        lexical = pipelines.lexical(names, selected, asked, depth)
    return _Sides(dense, lexical)


async def _side(place: Place, pipeline: Pipeline | None) -> list[Row]:
    return [] if pipeline is None else await place.run(pipeline)


def _merged(query: SearchQuery, dense: list[Row], lexical: list[Row], most: float) -> list[Found]:
    """Return both sides' rows, best first: the weighted sum of cosine and words, as the local index has it."""
    rows = {row["passage_id"]: row for row in (*dense, *lexical)}
    numbers = {passage_id: number for number, passage_id in enumerate(sorted(rows))}
    places = [_places(dense, _cosine), _places(lexical, float)]
    match query.mode:
        case "dense":
            ranking = _ranking(numbers, places[0], 1.0)
        case "lexical":
            ranking = _ranking(numbers, places[1], 1.0)
        case "hybrid":
            ranking = fuse(_ranking(numbers, places[0], 1.0), _ranking(numbers, places[1], most or 1.0), query.weights)
    names = sorted(rows)
    return [
        _candidate(rows[names[number]], score, places[0].get(names[number]), places[1].get(names[number]))
        for number, score in zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True)
    ]


def _places(side: list[Row], scored: Callable[[float], float]) -> dict[str, tuple[int, float]]:
    return {row["passage_id"]: (rank, scored(row["score"])) for rank, row in enumerate(side, 1)}


def _ranking(numbers: Mapping[str, int], places: Mapping[str, tuple[int, float]], most: float) -> Ranking:
    rows = np.array([numbers[passage_id] for passage_id in places], np.int64)
    return Ranking(rows, np.array([score / most for _, score in places.values()], np.float32))


def _fused(row: Row) -> Found:
    details = {side["inputPipelineName"]: side for side in row["details"]["details"]}
    dense, lexical = _stood(details.get("dense"), _cosine), _stood(details.get("words"), float)
    return _candidate(row, row["score"], dense, lexical)


def _stood(side: Row | None, scored: Callable[[float], float]) -> tuple[int, float] | None:
    """Return rank and score of a side; the server's details say "NA", or rank 0, where a row is not in it."""
    rank = 0 if side is None else side.get("rank")
    if side is None or not isinstance(rank, int | float) or rank < 1:
        return None
    return int(rank), scored(side["value"])


def _candidate(row: Row, score: float, dense: tuple[int, float] | None, lexical: tuple[int, float] | None) -> Found:
    metadata = cast(Metadata, json.loads(row["metadata"]))
    return Found(row["passage_id"], row["source"], row["title"], metadata, score, dense, lexical)


def _cosine(score: float) -> float:
    """Return the cosine that MongoDB's score of a vector stands for."""
    return 2 * score - 1
