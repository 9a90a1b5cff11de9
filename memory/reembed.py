"""Embeds everything again with another embedder: beside the live vectors and index, which serve until all is there.

What was embedded is kept batch by batch, so that an interruption costs one batch and the building of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from memory.document_ports import DocumentStore, Lacking, Maker, PassageRows
from memory.embeddings.reading import embedded_text
from memory.embeddings.switching import SwitchingEmbedder
from memory.errors import InvalidInput
from memory.ports import Embedder, PassageIndex
from memory.records import SYSTEM, Scope

BATCH = 128
OnProgress = Callable[[int, int], None]
"""Called with (passages done, passages in all)."""


class Target(Protocol):
    """Where it happens; `Stores` is one."""

    @property
    def embedder(self) -> Embedder:
        """The embedder that all share."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """What is embedded."""
        ...

    @property
    def index(self) -> PassageIndex:
        """What is searched."""
        ...


@dataclass(frozen=True, slots=True)
class Reembedded:
    """What a run did. passages: embedded by this run; 0 where everything was the embedder's already."""

    embedder: str
    passages: int


async def reembed(target: Target, spec: str, on_progress: OnProgress) -> Reembedded:
    """Embed everything with the embedder that `spec` names, and switch to it; cancelled, it goes on the next time.

    Raises:
        InvalidInput: the spec names no kind of embedder.
        ModelUnavailable: the embedder cannot be opened.
        StoreError: a store failed; what was embedded stays.
    """
    shared = target.embedder
    if not isinstance(shared, SwitchingEmbedder):
        raise InvalidInput("these stores hold an embedder that cannot be replaced")
    embedder = await shared.open(spec)
    maker = Maker(embedder.name, embedder.dimension, spec)
    await target.documents.begin_vectors(SYSTEM, maker)
    if shared.name == embedder.name:
        return Reembedded(embedder.name, 0)
    work = _Work(target.documents, embedder, on_progress)
    await work.fill()

    async def commit() -> bool:
        if not await target.documents.switch_vectors(SYSTEM, embedder.name):
            return False
        shared.use(embedder)
        return True

    beside = cast(DocumentStore, _NextVectors(target.documents, work))
    await target.index.switch(embedder, beside, commit)
    await target.documents.begin_vectors(SYSTEM, maker)  # the former vectors are cleared
    return Reembedded(embedder.name, work.done)


class _Work:
    """Passages without a vector of the next embedder, and the embedding of them."""

    def __init__(self, documents: DocumentStore, embedder: Embedder, on_progress: OnProgress) -> None:
        self.embedder = embedder
        self.done = 0
        self._documents = documents
        self._on_progress = on_progress

    async def fill(self) -> None:
        """Embed until nothing is lacking."""
        sets = await self._documents.vector_sets(SYSTEM)
        before = sets.passages - sets.lacking - self.done
        while lacking := await self._documents.lacking(SYSTEM, BATCH):
            await self._embed(lacking)
            self._on_progress(before + self.done, max(sets.passages, before + self.done))

    async def _embed(self, lacking: Sequence[Lacking]) -> None:
        texts = [embedded_text(self.embedder, one.passage) for one in lacking]
        vectors = await self.embedder.embed_passages(texts)
        await self._documents.add_vectors(SYSTEM, self.embedder.name, lacking, vectors)
        self.done += len(lacking)


class _NextVectors:
    """The document store as the next index sees it: with the next embedder's vectors, made where they are missing."""

    def __init__(self, documents: DocumentStore, work: _Work) -> None:
        self._documents = documents
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def rows(
        self, scope: Scope, document_id: str, version_id: str, embedder: str | None = None
    ) -> PassageRows | None:
        """What an index needs of a version, None if it is no longer the document's."""
        while True:
            rows = await self._documents.rows(scope, document_id, version_id, self._work.embedder.name)
            if rows is not None or await self._documents.rows(scope, document_id, version_id) is None:
                return rows
            await self._work.fill()
