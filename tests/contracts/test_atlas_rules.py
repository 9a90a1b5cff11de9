"""What the contract server refuses, as MongoDB documents it: a pipeline that passes here is no accident."""

from __future__ import annotations

import pytest
from bson.binary import Binary, BinaryVectorDtype

from memory.index import atlas_pipelines as pipelines
from memory.index.atlas_definitions import Names, vector_definition, word_definition
from memory.records import SearchWeights
from tests.support.atlas.matching import Refused
from tests.support.atlas.stages import Collection, run
from tests.support.documents import DIMENSION, vector_of
from tests.support.people import ALICE

NAMES = Names("vectors", "words")
GOOD = {"index": "vectors", "path": "vector", "queryVector": [1.0] * DIMENSION, "numCandidates": 150, "limit": 50}
TEXT = {"query": "a", "path": "words.english"}
DENSE, WORDS = [{"$vectorSearch": GOOD}], [{"$search": {"index": "words", "text": TEXT}}]


def answered(pipeline, version=(8, 2)):
    definitions = {"vectors": vector_definition(DIMENSION), "words": word_definition()}
    return run(pipeline, Collection([], lambda name, kind: definitions.get(name), version))


def fused(pipelines_by_name, **options):
    return [{"$rankFusion": {"input": {"pipelines": pipelines_by_name}, **options}}]


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": 0},
        {"limit": 151},
        {"limit": 5.0},
        {"numCandidates": 10_001},
        {"numCandidates": None},
        {"exact": True},
        {"queryVector": [1.0] * (DIMENSION - 1)},
        {"queryVector": [0.0] * DIMENSION},
        {"queryVector": Binary.from_vector([1.0], BinaryVectorDtype.FLOAT32)},
        {"path": "text"},
        {"path": None},
        {"k": 5},
        {"filter": {"tenant": {"$regex": "a"}}},
        {"filter": {"title": "not declared"}},
        {"filter": {"$expr": {}}},
        {"filter": {"$and": []}},
        {"filter": {"tenant": {"$in": "a"}}},
        {"filter": {"tenant": None}},
    ],
    ids=str,
)
def test_a_vector_search_that_is_not_as_documented_is_refused(changed):
    with pytest.raises(Refused):
        answered([{"$vectorSearch": {**GOOD, **changed}}])


@pytest.mark.parametrize(
    "stage",
    [
        {"text": {"query": "a", "path": "text"}},
        {"text": {"query": [], "path": "words.english"}},
        {"text": {**TEXT, "score": {"constant": {"value": 0}}}},
        {"text": {**TEXT, "slop": 1}},
        {"text": TEXT, "in": {"path": "tenant", "value": "a"}},
        {"in": {"path": "title", "value": "a"}},
        {"in": {"path": "tenant", "value": []}},
        {"compound": {"filter": []}},
        {"compound": {"either": [{"text": TEXT}]}},
        {"vectorish": {}},
        {"text": TEXT, "sort": {"title": 1}},
        {"text": TEXT, "sort": {"tenant": 2}},
    ],
    ids=str,
)
def test_a_search_that_is_not_as_documented_is_refused(stage):
    with pytest.raises(Refused):
        answered([{"$search": {"index": "words", **stage}}])


@pytest.mark.parametrize(
    "pipeline",
    [
        [{"$match": {}}, *DENSE],
        [*DENSE, *WORDS],
        fused({}),
        fused({"a.b": DENSE}),
        fused({"$a": DENSE}),
        fused({"a": [*DENSE, {"$project": {"text": 1}}]}),
        fused({"a": [{"$match": {}}]}),
        fused({"a": DENSE}, combination={"weights": {"b": 1}}),
        fused({"a": DENSE}, combination={"weights": {"a": -1}}),
        [*DENSE, {"$project": {"score": {"$meta": "searchScore"}}}, {"$lookup": {}}],
    ],
    ids=str,
)
def test_a_pipeline_that_is_not_as_documented_is_refused(pipeline):
    with pytest.raises(Refused):
        answered(pipeline)


def test_an_old_server_knows_no_rank_fusion():
    assert answered(fused({"a": DENSE})) == []
    with pytest.raises(Refused):
        answered(fused({"a": DENSE}), version=(7, 0))


@pytest.mark.parametrize("limit", [1, 20, 100, 400])
@pytest.mark.parametrize("facets", [(), (["a", "b"],), (["a"], ["b"])], ids=str)
def test_every_pipeline_of_ours_is_as_documented(limit, facets):
    selected = pipelines.readable(ALICE)._replace(facets=facets)
    dense = pipelines.dense(NAMES, selected, vector_of("a"), limit)
    lexical = pipelines.lexical(NAMES, selected, [pipelines.Word(("parrot", "parrots"), 0.1)], limit)
    merged = pipelines.fused(dense, lexical, SearchWeights(1, 0), limit)
    counts = [pipelines.count(NAMES, selected), pipelines.count(NAMES, selected, ["parrot"])]
    seen = [pipelines.count_words_index(NAMES, 7), pipelines.count_vectors_index(NAMES, 7, DIMENSION)]
    assert [answered(pipeline) for pipeline in (dense, lexical, merged)] == [[], [], []]
    assert [answered(pipeline)[0]["count"] for pipeline in (*counts, seen[0])] == [{"total": 0}] * 3
    assert answered(seen[1]) == []
