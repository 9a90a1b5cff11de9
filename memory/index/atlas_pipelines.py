"""The pipelines of a search inside MongoDB: pure functions of what is asked. Nothing here talks to a server.

Tenant, readers and filters stand inside the search stage, which is always the first one: what they exclude is never
a candidate. A word counts what it weighs among the passages that the scope may read (`score.constant`), not what
the index's own statistics say, which are those of all tenants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from memory.index.atlas_definitions import VECTOR, WORDS, Names
from memory.index.atlas_rows import binary, names_of
from memory.index.ranking import DENSE_SHARE
from memory.mongodb import Row
from memory.ports import Vectors
from memory.records import Scope, SearchWeights

Pipeline = list[Row]

MAX_CANDIDATES = 10_000
CANDIDATES = 20
"""How many neighbours are looked at for one that is wanted; MongoDB's documentation recommends 20 at least."""
LEAST_CANDIDATES = 200
SHOWN = {"_id": 0, "passage_id": 1, "source": 1, "title": 1, "metadata": 1}


class Selected(NamedTuple):
    """Which rows may be found: field -> accepted values, of which a row has one at least. All must hold."""

    fields: Mapping[str, Sequence[str]]
    facets: Sequence[Sequence[str]] = ()
    """For each filter by metadata, the accepted tokens."""

    def clauses(self) -> list[tuple[str, list[str]]]:
        """Return every condition as a path with the accepted values."""
        return [(path, list(values)) for path, values in self.fields.items()] + [
            ("facets", list(tokens)) for tokens in self.facets
        ]


class Word(NamedTuple):
    """A word of a query in the forms in which it was asked, and what a passage with it scores."""

    forms: tuple[str, ...]
    weight: float = 1.0


def readable(scope: Scope) -> Selected:
    """Return what a scope may find at all."""
    return Selected({"tenant": [scope.tenant_id], "readers": names_of(scope)})


def dense(names: Names, selected: Selected, vector: Vectors, limit: int) -> Pipeline:
    """Return the rows nearest to a vector; score is (1 + cosine) / 2."""
    return [_nearest(names, selected, vector, limit), {"$project": {**SHOWN, "score": {"$meta": "vectorSearchScore"}}}]


def lexical(names: Names, selected: Selected, words: Sequence[Word], limit: int) -> Pipeline:
    """Return the rows with any of the words, the heaviest words first; score is the sum of their weights."""
    return [
        {"$search": _words(names, selected, words)},
        {"$limit": limit},
        {"$project": {**SHOWN, "score": {"$meta": "searchScore"}}},
    ]


def fused(dense_side: Pipeline, lexical_side: Pipeline, weights: SearchWeights, limit: int) -> Pipeline:
    """Return both sides as the server merges them by their ranks; details tell where each row stood."""
    return [
        {
            "$rankFusion": {
                "input": {"pipelines": {"dense": dense_side[:-1], "words": lexical_side[:-1]}},
                "combination": {
                    "weights": {"dense": DENSE_SHARE * weights.dense, "words": (1 - DENSE_SHARE) * weights.lexical}
                },
                "scoreDetails": True,
            }
        },
        {"$limit": limit},
        {"$project": {**SHOWN, "score": {"$meta": "score"}, "details": {"$meta": "scoreDetails"}}},
    ]


def count(names: Names, selected: Selected, words: Sequence[str] = ()) -> Pipeline:
    """Count the rows that are selected, and have any of the words if there are some."""
    compound: Row = {"filter": _filters(selected)}
    if words:
        compound["must"] = [_text(list(words))]
    return [{"$searchMeta": {"index": names.words, "compound": compound, "count": {"type": "total"}}}]


def count_words_index(names: Names, after: int) -> Pipeline:
    """Count the rows of changes after `after` in the index of words."""
    newer: Row = {"range": {"path": "sequence", "gt": after}}
    return [{"$searchMeta": {"index": names.words, "compound": {"filter": [newer]}, "count": {"type": "total"}}}]


def count_vectors_index(names: Names, after: int, dimension: int) -> Pipeline:
    """Count the rows of changes after `after` in the index of vectors, up to MAX_CANDIDATES."""
    stage: Row = {
        "index": names.vectors,
        "path": VECTOR,
        "queryVector": [1.0] + [0.0] * (dimension - 1),
        "exact": True,
        "limit": MAX_CANDIDATES,
        "filter": {"sequence": {"$gt": after}},
    }
    return [{"$vectorSearch": stage}, {"$count": "found"}]


def within(tenant_id: str, key: str, least: float | None, most: float | None) -> Pipeline:
    """Find the tokens of the numbers of a metadata key between two bounds, both inclusive."""
    bounds: Row = {"$gte": -float("inf") if least is None else least, "$lte": float("inf") if most is None else most}
    matched = {"numbers.key": key, "numbers.number": bounds}
    return [
        {"$match": {"tenant": tenant_id, "numbers": {"$elemMatch": {"key": key, "number": bounds}}}},
        {"$unwind": "$numbers"},
        {"$match": matched},
        {"$group": {"_id": "$numbers.facet"}},
    ]


def _nearest(names: Names, selected: Selected, vector: Vectors, limit: int) -> Row:
    conditions: list[Row] = [{path: {"$in": values}} for path, values in selected.clauses()]
    return {
        "$vectorSearch": {
            "index": names.vectors,
            "path": VECTOR,
            "queryVector": binary(vector),
            "numCandidates": min(MAX_CANDIDATES, max(LEAST_CANDIDATES, CANDIDATES * limit)),
            "limit": limit,
            "filter": {"$and": conditions},
        }
    }


def _words(names: Names, selected: Selected, words: Sequence[Word]) -> Row:
    should = [{"text": {**_text(word.forms)["text"], "score": {"constant": {"value": word.weight}}}} for word in words]
    return {
        "index": names.words,
        "compound": {"filter": _filters(selected), "should": should, "minimumShouldMatch": 1},
        # Many rows have the same score: without this their order would be anybody's.
        "sort": {"score": {"$meta": "searchScore"}, "passage_id": 1},
    }


def _text(forms: Sequence[str]) -> Row:
    return {"text": {"query": list(forms), "path": {"wildcard": f"{WORDS}.*"}}}


def _filters(selected: Selected) -> list[Row]:
    return [{"in": {"path": path, "value": values}} for path, values in selected.clauses()]
