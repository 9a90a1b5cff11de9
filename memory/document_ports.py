"""The port of documents: text, passages and vectors, their versions and the sequence of changes. See `memory.ports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from memory.records import Change, Document, DocumentSummary, Kept, Page, Passage, Scope

Vectors = NDArray[np.float32]
"""(n, dim) or (dim,) float32, unit length."""


@dataclass(frozen=True, slots=True)
class Version:
    """One kept version of a document. number: counts the versions that its source has brought, from 1.

    updated_at: when the source brought it. is_current: the one that is searched and shown.
    """

    number: int
    version_id: str
    title: str
    characters: int
    passages: int
    updated_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class PassageRows:
    """What an index needs of one document version: passages, vectors (n, dim), and the document's fields."""

    document: Document
    passages: Sequence[Passage]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Maker:
    """An embedder as a store knows it. spec: how to open it (a value of MULTIDB_EMBEDDER), "" if nobody said."""

    name: str
    dimension: int
    spec: str = ""


@dataclass(frozen=True, slots=True)
class VectorSets:
    """Whose vectors a store holds. current: None while nothing is kept; next: those being made beside, if any.

    passages: how many there are, those of versions set aside too. lacking: how many have no vector of `next` yet.
    Both are 0 without a next one.
    """

    current: Maker | None
    next: Maker | None
    passages: int
    lacking: int


@dataclass(frozen=True, slots=True)
class Lacking:
    """A passage that has no vector of the next embedder yet."""

    tenant_id: str
    passage: Passage


class DocumentStore(Protocol):
    """Documents, passages and vectors: the truth, with a gap-free sequence of its changes.

    document_id is (tenant, source); version_id the content. Replacing is atomic for readers. A document whose
    access excludes the scope does not exist for it: not in listings, not by id, not by passage.
    """

    async def put(
        self, scope: Scope, document: Document, passages: Sequence[Passage], vectors: Vectors, embedder: str
    ) -> Kept:
        """Keep a document with its passages, setting the source's former version aside.

        The version that the source brought last is `unchanged`, even if it was rolled back: a rollback stands until
        the source brings another version. The same content under another source with the same access becomes an
        `alias`: stored once, listed by both sources, gone when the last source is deleted.

        Raises:
            EmbedderMismatch: the store's vectors are another embedder's.
            DimensionMismatch: vectors do not fit passages or the store's dimension.
        """
        ...

    async def get(self, scope: Scope, document_id: str) -> Document:
        """Return a document by document_id; NotFound if absent or not readable."""
        ...

    async def by_source(self, scope: Scope, source: str) -> Document:
        """Return the document that a source (or an alias) stands for; NotFound if none."""
        ...

    async def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[DocumentSummary]:
        """List readable documents by source, of sources that start with a prefix ("" for all)."""
        ...

    async def delete(self, scope: Scope, document_id: str) -> None:
        """Forget a document (by its id or an alias's): text, passages, vectors, all versions. NotFound: none."""
        ...

    async def versions(self, scope: Scope, document_id: str) -> Sequence[Version]:
        """Return the kept versions: the current one, then those set aside, the latest set aside first.

        As many are kept as the store is told when it is opened; the longest set aside goes first. Raises NotFound.
        """
        ...

    async def version(self, scope: Scope, document_id: str, version_id: str) -> Document:
        """Return a kept version, current or set aside, readable by whoever may read the document now. Or NotFound."""
        ...

    async def rollback(self, scope: Scope, document_id: str, version_id: str) -> Kept:
        """Make a kept version the current one, at once for readers, as a change in the sequence.

        Doing it again is `unchanged`. Collection and access stay those of the document. Raises NotFound.
        """
        ...

    async def passages(self, scope: Scope, passage_ids: Sequence[str]) -> Sequence[Passage]:
        """Return the readable ones of these passages, in the order asked for; others are left out."""
        ...

    async def around(self, scope: Scope, passage_id: str, before: int, after: int) -> Sequence[Passage]:
        """Return a passage with its neighbours in reading order; NotFound if it is gone."""
        ...

    async def changes(self, scope: Scope, after: int, limit: int) -> Sequence[Change]:
        """Changes of all tenants with a sequence above `after`, in order, without a gap (system scope only)."""
        ...

    async def rows(
        self, scope: Scope, document_id: str, version_id: str, embedder: str | None = None
    ) -> PassageRows | None:
        """What an index needs of a version, None if it is no longer the document's (system scope only).

        embedder: whose vectors, the current one's if None; without all of them the version is None too.
        """
        ...

    async def last_sequence(self, scope: Scope) -> int:
        """The sequence of the newest change, 0 if there is none."""
        ...

    async def owns(self, scope: Scope) -> bool:
        """Whether a current document belongs to this user, so that others of the same groups see less."""
        ...

    async def vector_sets(self, scope: Scope) -> VectorSets:
        """Whose vectors are held, and how far the next ones are."""
        ...

    async def begin_vectors(self, scope: Scope, maker: Maker) -> None:
        """Begin to keep vectors of another embedder beside the current ones, or go on with it (system scope only).

        Those of a third one that were begun are dropped. With the current embedder: all but its own are dropped.
        """
        ...

    async def lacking(self, scope: Scope, limit: int) -> Sequence[Lacking]:
        """Some passages without a vector of the next embedder; none if there are none (system scope only)."""
        ...

    async def add_vectors(self, scope: Scope, embedder: str, passages: Sequence[Lacking], vectors: Vectors) -> None:
        """Keep vectors of the next embedder; again does nothing, passages that are gone are passed over (system).

        Raises:
            EmbedderMismatch: the next embedder is another one.
            DimensionMismatch: vectors do not fit the passages or the next embedder.
        """
        ...

    async def switch_vectors(self, scope: Scope, embedder: str) -> bool:
        """Make the next embedder the current one, at once for readers and writers (system scope only).

        False if passages lack its vectors: nothing has changed. Again is True and changes nothing.

        Raises:
            EmbedderMismatch: it is neither the next embedder nor the current one.
        """
        ...
