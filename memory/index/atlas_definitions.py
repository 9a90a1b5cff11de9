"""The two search indexes of a collection of rows, as MongoDB wants them defined. Their names carry their version.

A changed definition gets a new VERSION: `multidb migrate` builds it beside the live one. The syntax is that of
MongoDB's documentation of search indexes (types `vectorSearch` and `search`).
"""

from __future__ import annotations

from typing import NamedTuple

from pymongo.operations import SearchIndexModel

from memory.ids import digest
from memory.index.atlas_rows import ANALYSES, ENGLISH, FILTERS
from memory.mongodb import Row

VERSION = 1
TOKENS = ("tenant", "readers", "facets", *FILTERS)
"""Filtered by equality; `readers` and `facets` are arrays, of which any element may match."""
VECTOR = "vector"
WORDS = "words"


class Names(NamedTuple):
    """The search indexes of a collection."""

    vectors: str
    words: str


def names_of(embedder: str, version: int) -> Names:
    """Return what the indexes of an embedder's vectors are called."""
    return Names(f"vectors_{digest(embedder)[:12]}_v{version}", f"words_v{version}")


def models(names: Names, dimension: int) -> list[SearchIndexModel]:
    """Return the indexes of a collection of rows as they should be now."""
    return [
        SearchIndexModel(vector_definition(dimension), names.vectors, "vectorSearch"),
        SearchIndexModel(word_definition(), names.words, "search"),
    ]


def vector_definition(dimension: int) -> Row:
    """Return the index of vectors; a path that is not declared here cannot be filtered by."""
    vector = {"type": "vector", "path": VECTOR, "numDimensions": dimension, "similarity": "cosine"}
    return {"fields": [vector, *({"type": "filter", "path": path} for path in (*TOKENS, "sequence"))]}


def word_definition() -> Row:
    """Return the index of words; each passage is analysed once, as its language wants it."""
    analyses = sorted({ENGLISH, *ANALYSES.values()})
    fields: Row = {path: {"type": "token"} for path in (*TOKENS, "passage_id")}
    fields["sequence"] = {"type": "number"}
    fields[WORDS] = {
        "type": "document",
        "dynamic": False,
        "fields": {name: {"type": "string", "analyzer": f"lucene.{name}"} for name in analyses},
    }
    return {"mappings": {"dynamic": False, "fields": fields}}
