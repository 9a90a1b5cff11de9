"""Small documents with passages and vectors, for the suites of the document store and the index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memory.ids import digest
from memory.records import Access, Document, Passage

DIMENSION = 8
EMBEDDER = "words/8"


def document(source, text, **fields):
    """A document whose version follows from its text."""
    whole = Document(digest("id", source), digest("version", text), source, source.title(), text, "text/plain", "en")
    return replace(whole, **fields)


def passages_of(kept, size=4):
    """Passages of `size` words each, with their offsets into the text."""
    words, passages, at = kept.text.split(" "), [], 0
    for ordinal, first in enumerate(range(0, len(words), size)):
        text = " ".join(words[first : first + size])
        passages.append(
            Passage(
                passage_id=digest(kept.document_id, kept.version_id, str(ordinal)),
                document_id=kept.document_id,
                version_id=kept.version_id,
                ordinal=ordinal,
                start=at,
                end=at + len(text),
                text=text,
                heading=("Top", "Part"),
                context=kept.title,
                language=kept.language,
            )
        )
        at += len(text) + 1
    return passages


def vector_of(text):
    """A unit vector that only the text decides."""
    seed = int(digest(text), 16) % 2**32
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def vectors_of(passages):
    return np.array([vector_of(passage.text) for passage in passages], np.float32).reshape(-1, DIMENSION)


async def keep(store, scope, kept, passages=None, embedder=EMBEDDER):
    """Put a document with its passages."""
    passages = passages_of(kept) if passages is None else passages
    return await store.put(scope, kept, passages, vectors_of(passages), embedder)


PRIVATE = Access(owner="alice")
STAFF = Access(groups=("staff",))
