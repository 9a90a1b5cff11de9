"""What the index in MongoDB keeps of a passage: what filters ask for, its words under its language, its vector.

A row is all that a search needs to choose and to rank; whether it may be shown, the document store decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from bson.binary import Binary, BinaryVectorDtype

from memory.ids import digest
from memory.index.selection import facet
from memory.mongodb import Row
from memory.ports import PassageRows, Vectors
from memory.records import Access, Passage, Scalar, Scope

EVERYBODY = "*"
LONGEST_TOKEN = 500
"""Characters of a filter's value that are kept as they are; a longer one is kept as its digest."""
ENGLISH = "english"
ANALYSES = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "ja": "cjk", "ko": "cjk", "nb": "norwegian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish", "zh": "cjk",
}  # fmt: skip
"""Languages with an analyzer of their own (`lucene.NAME`), by ISO 639-1; every other one is read as English."""
FILTERS = ("source", "collection", "document_id", "media_type", "kind", "language")
"""Fields of a row that filters of the same name ask for; every other filter asks `facets`."""


def rows_of(tenant_id: str, put: PassageRows, sequence: int) -> list[Row]:
    """Return the rows of a document as change `sequence` left it."""
    document = {
        "tenant": tenant_id,
        "readers": readers_of(put.document.access),
        "document_id": put.document.document_id,
        "version_id": put.document.version_id,
        "source": token(put.document.source),
        "collection": token(put.document.collection),
        "media_type": token(put.document.media_type),
        "title": _clean(put.document.title),
        "metadata": json.dumps(dict(put.document.metadata)),
        "sequence": sequence,
    }
    return [
        {**document, **_passage(tenant_id, put, passage), "vector": binary(vector)}
        for passage, vector in zip(put.passages, put.vectors, strict=True)
    ]


def readers_of(access: Access) -> list[str]:
    """Return who may find a document: users, groups, or everybody in the tenant."""
    owner = [] if access.owner is None else [f"user:{access.owner}"]
    return [*owner, *(f"group:{group}" for group in sorted(access.groups))] or [EVERYBODY]


def names_of(scope: Scope) -> list[str]:
    """Return what a scope is called among readers."""
    return [EVERYBODY, f"user:{scope.user_id}", *(f"group:{group}" for group in scope.groups)]


def facet_token(key: str, text: str) -> str:
    """Return what `facets` holds for a metadata key with a value (as its text)."""
    return token(json.dumps([_clean(key), _clean(text)], ensure_ascii=False))


def token(text: str) -> str:
    """Return a value as filters compare it: as it is, or what stands for a long one."""
    return _clean(text) if len(text) <= LONGEST_TOKEN else digest(text)


def binary(vector: Vectors) -> Binary:
    """Return a (dim,) vector as BSON keeps it: 4 bytes a number."""
    return Binary.from_vector(np.asarray(vector, np.float32).tolist(), BinaryVectorDtype.FLOAT32)


def _passage(tenant_id: str, put: PassageRows, passage: Passage) -> Row:
    language = passage.language or put.document.language
    values = [*put.document.metadata.items(), *passage.fields]
    return {
        "_id": digest(tenant_id, passage.passage_id),
        "passage_id": passage.passage_id,
        "kind": passage.kind,
        "language": language,
        "facets": sorted({facet_token(key, facet(value)[0]) for key, value in values}),
        "numbers": _numbers(values),
        "text": _clean(passage.text),
        "words": {ANALYSES.get(language, ENGLISH): _clean(f"{passage.context}\n{passage.text}")},
    }


def _numbers(values: Iterable[tuple[str, Scalar]]) -> list[Row]:
    """Return the numeric ones with what they are called among facets: a range looks there for what it holds."""
    found = ((key, facet(value)) for key, value in values)
    return [
        {"key": _clean(key), "number": number, "facet": facet_token(key, text)}
        for key, (text, number) in found
        if number is not None
    ]


def _clean(text: str) -> str:
    """Return a text that BSON and an analyzer can hold: without lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
