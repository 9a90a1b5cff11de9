"""The stages that only a MongoDB with search has, checked as strictly as documented and answered exactly.

`$vectorSearch` scores (1 + cosine) / 2, `$rankFusion` reciprocal ranks with 60.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.support.atlas.matching import Refused, check_filter, matches
from tests.support.atlas.operators import Corpus, check_sort, operator_of, score
from tests.support.atlas.wire import numbers_of

SEARCHES = {"$vectorSearch", "$search", "$searchMeta", "$rankFusion"}
SELECTING = {"$match", "$search", "$vectorSearch", "$geoNear", "$sort", "$skip", "$limit"}
VECTOR_FIELDS = {"index", "path", "queryVector", "numCandidates", "limit", "filter", "exact"}
MOST_CANDIDATES = 10_000
RANK_CONSTANT = 60


@dataclass
class Found:
    """A document in a pipeline with what $meta says of it."""

    document: dict[str, Any]
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Collection:
    """What the indexes of a collection see. index: name -> definition, type; raises Refused while it is building."""

    documents: list[dict[str, Any]]
    index: Callable[[str, str], dict[str, Any] | None]
    version: tuple[int, int]


def check_first(pipeline: list[dict[str, Any]]) -> None:
    """Refuse a search stage that is not the first one."""
    for stage in pipeline[1:]:
        if (name := next(iter(stage))) in SEARCHES:
            raise Refused(f"{name} is only valid as the first stage in a pipeline", 40602)


def run(pipeline: list[dict[str, Any]], held: Collection) -> list[dict[str, Any]]:
    """Return what a pipeline with a search gives."""
    check_first(pipeline)
    ((name, stage),) = pipeline[0].items()
    if name == "$searchMeta":
        return [search_meta(stage, held)]
    found = rank_fusion(stage, held) if name == "$rankFusion" else ranked(name, stage, held)
    for later in pipeline[1:]:
        ((name, stage),) = later.items()
        if name not in LATER:
            raise Refused(f"the contract server does not know {name} after a search")
        found = LATER[name](found, stage)
    return [one.document for one in found]


def ranked(name: str, stage: dict[str, Any], held: Collection) -> list[Found]:
    return vector_search(stage, held) if name == "$vectorSearch" else search(stage, held)


def vector_search(stage: dict[str, Any], held: Collection) -> list[Found]:
    if unknown := set(stage) - VECTOR_FIELDS:
        raise Refused(f"unknown fields of $vectorSearch: {sorted(unknown)}")
    _check_sizes(stage)
    definition = held.index(_required(stage, "index", str), "vectorSearch")
    if definition is None:
        return []
    fields = {one["path"]: one for one in definition["fields"]}
    vectors = fields.get(_required(stage, "path", str), {})
    if vectors.get("type") != "vector":
        raise Refused(f"Path {stage['path']!r} needs to be indexed as vector")
    asked = _asked(stage, vectors["numDimensions"])
    check_filter(stage.get("filter", {}), {path for path, one in fields.items() if one["type"] == "filter"})
    rows = [
        (one, numbers_of(one.get(stage["path"]))) for one in held.documents if matches(one, stage.get("filter", {}))
    ]
    near = [Found(dict(one), _scored(_likeness(asked, vector), "vectorSearchScore")) for one, vector in rows if vector]
    return sorted(near, key=lambda one: -one.meta["score"])[: stage["limit"]]


def _check_sizes(stage: dict[str, Any]) -> None:
    limit, candidates = _required(stage, "limit", int), stage.get("numCandidates")
    if limit < 1:
        raise Refused("limit must be positive")
    if stage.get("exact"):
        if candidates is not None:
            raise Refused("numCandidates must be omitted for an exact search")
    elif not isinstance(candidates, int) or not limit <= candidates <= MOST_CANDIDATES:
        raise Refused(f"numCandidates must be an integer from limit ({limit}) to {MOST_CANDIDATES}, not {candidates!r}")


def _asked(stage: dict[str, Any], dimensions: int) -> Any:
    numbers = numbers_of(stage.get("queryVector"))
    if numbers is None or len(numbers) != dimensions:
        raise Refused(f"queryVector must have {dimensions} numbers, as the index has")
    if not any(numbers):
        raise Refused("cosine similarity cannot be calculated against a zero vector")
    return np.array(numbers)


def _likeness(asked: Any, vector: list[float]) -> float:
    other = np.array(vector)
    return float((1 + asked @ other / np.linalg.norm(asked) / np.linalg.norm(other)) / 2)


def search(stage: dict[str, Any], held: Collection) -> list[Found]:
    corpus = _corpus(stage, held)
    operator = operator_of(stage)
    if corpus is None:
        return []
    sort = stage.get("sort", {})
    check_sort(sort, corpus)
    score({}, operator, corpus)  # what is wrong in it is wrong without a document too
    scores = [(one, score(one, operator, corpus)) for one in corpus.documents]
    found = [Found(dict(one), _scored(given, "searchScore")) for one, given in scores if given is not None]
    found.sort(key=lambda one: -one.meta["score"])
    for path, order in reversed(sort.items()):
        if isinstance(order, dict):
            found.sort(key=lambda one: one.meta["score"] * order.get("order", -1))
        else:
            found.sort(key=lambda one: one.document.get(path), reverse=order == -1)
    return found


def search_meta(stage: dict[str, Any], held: Collection) -> dict[str, Any]:
    kind = stage.get("count", {}).get("type", "lowerBound")
    if kind not in ("total", "lowerBound"):
        raise Refused(f"count has no type {kind!r}")
    return {"count": {kind: len(search(stage, held))}}


def _corpus(stage: dict[str, Any], held: Collection) -> Corpus | None:
    definition = held.index(stage.get("index", "default"), "search")
    return None if definition is None else Corpus(held.documents, definition)


def rank_fusion(stage: dict[str, Any], held: Collection) -> list[Found]:
    pipelines, weights = _inputs(stage, held.version)
    fused: dict[Any, Found] = {}
    for name, pipeline in pipelines.items():
        for rank, one in enumerate(_input(pipeline, held), 1):
            entry = fused.setdefault(one.document["_id"], Found(one.document, {"ranks": {}}))
            entry.meta["ranks"][name] = (rank, one.meta["score"])
    for entry in fused.values():
        ranks = entry.meta["ranks"]
        entry.meta["score"] = sum(weights[name] / (RANK_CONSTANT + rank) for name, (rank, _) in ranks.items())
        sides = [_side(name, weights[name], ranks.get(name)) for name in pipelines]
        entry.meta["scoreDetails"] = {"value": entry.meta["score"], "description": "fused by rank", "details": sides}
    return sorted(fused.values(), key=lambda one: -one.meta["score"])


def _inputs(stage: dict[str, Any], version: tuple[int, int]) -> tuple[dict[str, Any], dict[str, float]]:
    if version < (8, 0):
        raise Refused("Unrecognized pipeline stage name: '$rankFusion'", 40324)
    if unknown := set(stage) - {"input", "combination", "scoreDetails"}:
        raise Refused(f"unknown fields of $rankFusion: {sorted(unknown)}")
    pipelines = stage["input"]["pipelines"]
    if not pipelines or any(not name or name[0] == "$" or "." in name or "\0" in name for name in pipelines):
        raise Refused("a pipeline needs a name without dots that does not begin with $")
    given = stage.get("combination", {}).get("weights", {})
    if set(given) - set(pipelines) or any(not isinstance(one, int | float) or one < 0 for one in given.values()):
        raise Refused("weights are non-negative numbers of the pipelines named")
    return pipelines, {name: given.get(name, 1) for name in pipelines}


def _input(pipeline: list[dict[str, Any]], held: Collection) -> list[Found]:
    check_first(pipeline)
    names = [next(iter(stage)) for stage in pipeline]
    if not names or set(names) - SELECTING or names[0] not in ("$search", "$vectorSearch"):
        raise Refused(f"an input pipeline selects and ranks and changes nothing; this one has {names}")
    found = ranked(names[0], pipeline[0][names[0]], held)
    for stage in pipeline[1:]:
        found = LATER[next(iter(stage))](found, next(iter(stage.values())))
    return found


def _side(name: str, weight: float, place: tuple[int, float] | None) -> dict[str, Any]:
    if place is None:
        return {"inputPipelineName": name, "rank": "NA", "weight": weight, "details": []}
    return {"inputPipelineName": name, "rank": place[0], "weight": weight, "value": place[1], "details": []}


def _scored(value: float, name: str) -> dict[str, Any]:
    return {"score": value, name: value}


def _required(stage: dict[str, Any], name: str, kind: type) -> Any:
    if not isinstance(stage.get(name), kind) or isinstance(stage[name], bool):
        raise Refused(f"{name} is required, of type {kind.__name__}")
    return stage[name]


def _limit(found: list[Found], count: int) -> list[Found]:
    if count < 1:
        raise Refused("the limit must be positive")
    return found[:count]


def _set(found: list[Found], fields: dict[str, Any]) -> list[Found]:
    return [
        Found({**one.document, **{name: _value(one, how) for name, how in fields.items()}}, one.meta) for one in found
    ]


def _project(found: list[Found], fields: dict[str, Any]) -> list[Found]:
    if all(how == 0 for how in fields.values()):
        return [
            Found({name: value for name, value in one.document.items() if name not in fields}, one.meta)
            for one in found
        ]
    names = {name for name, how in fields.items() if how == 1} | ({"_id"} if fields.get("_id", 1) else set())
    made = {name: how for name, how in fields.items() if isinstance(how, dict)}
    kept = [Found({name: one.document[name] for name in names if name in one.document}, one.meta) for one in found]
    return _set(kept, made)


def _value(one: Found, how: Any) -> Any:
    if not isinstance(how, dict) or set(how) != {"$meta"} or how["$meta"] not in one.meta:
        raise Refused(f"query requires {how!r} metadata, but it is not available", 40218)
    return one.meta[how["$meta"]]


def _count(found: list[Found], name: str) -> list[Found]:
    return [Found({name: len(found)})] if found else []


LATER: dict[str, Callable[[list[Found], Any], list[Found]]] = {
    "$limit": _limit,
    "$set": _set,
    "$addFields": _set,
    "$project": _project,
    "$count": _count,
}
