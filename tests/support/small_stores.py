"""Small in-memory stores behind the MCP servers: just enough of each port's contract for the layers above."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from memory.errors import Conflict, NotFound
from memory.ports import PassageRows, SearchQuery, SearchResult, Vectors
from memory.records import (
    AnswerEntry,
    Change,
    Document,
    DocumentSummary,
    Hit,
    IndexStatus,
    Kept,
    Page,
    Passage,
    Plan,
    Quota,
    Reservation,
    Scope,
)

DIMENSION = 64


class SmallEmbedder:
    """Hashes words into a unit vector: equal words are near, nothing else is."""

    name = "small@1/64"
    dimension = DIMENSION
    max_tokens = 256

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([_vector(text) for text in texts]) if texts else np.zeros((0, DIMENSION), np.float32)

    async def embed_query(self, text: str) -> Vectors:
        return _vector(text)


def _vector(text: str) -> Vectors:
    vector = np.zeros(DIMENSION, np.float32)
    for word in text.lower().replace("?", " ").replace(".", " ").split():
        vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIMENSION] += 1
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


@dataclass
class SmallDocuments:
    """Documents by (tenant, id)."""

    rows_by_id: dict[tuple[str, str], PassageRows] = field(default_factory=dict)

    async def put(
        self, scope: Scope, document: Document, passages: Sequence[Passage], vectors: Vectors, embedder: str
    ) -> Kept:
        self.rows_by_id[scope.tenant_id, document.document_id] = PassageRows(document, passages, vectors)
        return Kept("kept", document.document_id, document.version_id, len(self.rows_by_id))

    async def get(self, scope: Scope, document_id: str) -> Document:
        return self._rows(scope, document_id).document

    async def by_source(self, scope: Scope, source: str) -> Document:
        for (tenant, _), rows in self.rows_by_id.items():
            if tenant == scope.tenant_id and rows.document.source == source:
                return rows.document
        raise NotFound(f"no document from {source!r}")

    async def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[DocumentSummary]:
        return Page(())

    async def delete(self, scope: Scope, document_id: str) -> None:
        self._rows(scope, document_id)
        del self.rows_by_id[scope.tenant_id, document_id]

    async def passages(self, scope: Scope, passage_ids: Sequence[str]) -> Sequence[Passage]:
        return [one for one in self._all(scope) if one.passage_id in passage_ids]

    async def around(self, scope: Scope, passage_id: str, before: int, after: int) -> Sequence[Passage]:
        for (tenant, _), rows in self.rows_by_id.items():
            for at, passage in enumerate(rows.passages):
                if tenant == scope.tenant_id and passage.passage_id == passage_id:
                    return rows.passages[max(0, at - before) : at + after + 1]
        raise NotFound(f"no passage {passage_id!r}")

    async def changes(self, scope: Scope, after: int, limit: int) -> Sequence[Change]:
        return []

    async def rows(self, scope: Scope, document_id: str, version_id: str) -> PassageRows | None:
        return None

    async def last_sequence(self, scope: Scope) -> int:
        return len(self.rows_by_id)

    async def owns(self, scope: Scope) -> bool:
        return False

    def _rows(self, scope: Scope, document_id: str) -> PassageRows:
        if (scope.tenant_id, document_id) not in self.rows_by_id:
            raise NotFound(f"no document {document_id!r}")
        return self.rows_by_id[scope.tenant_id, document_id]

    def _all(self, scope: Scope) -> list[Passage]:
        return [
            one for (tenant, _), rows in self.rows_by_id.items() if tenant == scope.tenant_id for one in rows.passages
        ]


@dataclass
class SmallIndex:
    """Scans the documents; remembers the queries it was asked."""

    documents: SmallDocuments
    asked: list[tuple[Scope, SearchQuery]] = field(default_factory=list)
    failure: Exception | None = None

    async def search(self, scope: Scope, query: SearchQuery) -> SearchResult:
        self.asked.append((scope, query))
        if self.failure is not None:
            raise self.failure
        vector = query.vector if query.vector is not None else _vector(query.text)
        scored = [
            (float(row @ vector), rows.document, passage)
            for (tenant, _), rows in self.documents.rows_by_id.items()
            for passage, row in zip(rows.passages, rows.vectors, strict=True)
            if tenant == scope.tenant_id and query.filters.get("kind", passage.kind) == passage.kind
        ]
        best = sorted(scored, key=lambda one: -one[0])[: query.top_k]
        hits = tuple(
            Hit(passage, document.source, document.title, score, rank, rank, None, score, None, document.metadata)
            for rank, (score, document, passage) in enumerate(best, 1)
        )
        return SearchResult(hits, dict.fromkeys(query.text.lower().split(), 1.5))

    async def catch_up(self) -> IndexStatus:
        return await self.status()

    async def status(self) -> IndexStatus:
        return IndexStatus(0, 0, 0, SmallEmbedder.name)

    async def rebuild(self) -> IndexStatus:
        return await self.status()


@dataclass
class SmallAnswers:
    """Entries by (tenant, id)."""

    kept: dict[tuple[str, str], AnswerEntry] = field(default_factory=dict)

    async def put(self, scope: Scope, entry: AnswerEntry, expected_revision: int) -> AnswerEntry:
        key = scope.tenant_id, entry.entry_id
        revision = self.kept[key].revision if key in self.kept else 0
        if revision != expected_revision:
            raise Conflict(f"entry {entry.entry_id!r} is at revision {revision}")
        self.kept[key] = replace(entry, revision=expected_revision + 1)
        return self.kept[key]

    async def get(self, scope: Scope, entry_id: str) -> AnswerEntry:
        if (scope.tenant_id, entry_id) not in self.kept:
            raise NotFound(f"no entry {entry_id!r}; list_entries shows the ones there are")
        return self.kept[scope.tenant_id, entry_id]

    async def page(self, scope: Scope, category: str | None, after: str | None, limit: int) -> Page[AnswerEntry]:
        mine = sorted((one for one in self._of(scope) if category in (None, one.category)), key=lambda e: e.entry_id)
        rest = [one for one in mine if after is None or one.entry_id > after]
        return Page(tuple(rest[:limit]), rest[limit - 1].entry_id if len(rest) > limit else None)

    async def categories(self, scope: Scope) -> Mapping[str, int]:
        return Counter(one.category for one in self._of(scope))

    async def record_hit(self, scope: Scope, entry_id: str, event_id: str) -> None:
        return None

    async def hits(self, scope: Scope, entry_id: str) -> int:
        return 0

    async def delete(self, scope: Scope, entry_id: str) -> None:
        await self.get(scope, entry_id)
        del self.kept[scope.tenant_id, entry_id]

    def _of(self, scope: Scope) -> list[AnswerEntry]:
        return [one for (tenant, _), one in self.kept.items() if tenant == scope.tenant_id]


class SmallLedger:
    """An unlimited plan of which 120 tokens are used."""

    async def reserve(self, scope: Scope, key: str, tokens: int) -> Reservation:
        return Reservation(key, tokens, "reserved")

    async def settle(self, scope: Scope, key: str, tokens: int) -> Reservation:
        return Reservation(key, tokens, "settled", tokens)

    async def release(self, scope: Scope, key: str) -> Reservation:
        return Reservation(key, 0, "released")

    async def usage(self, scope: Scope) -> Quota:
        return Quota(Plan("local", None), 120, 0, None, datetime(2030, 1, 1, tzinfo=UTC))


@dataclass
class SmallStores:
    """What `mcp_servers.build_servers` needs."""

    documents: SmallDocuments
    index: SmallIndex
    answers: SmallAnswers
    ledger: SmallLedger
    embedder: SmallEmbedder


def small_stores() -> SmallStores:
    """Return empty stores."""
    documents = SmallDocuments()
    return SmallStores(documents, SmallIndex(documents), SmallAnswers(), SmallLedger(), SmallEmbedder())


async def put_text(stores: SmallStores, scope: Scope, source: str, *paragraphs: str) -> list[Passage]:
    """Keep a document with one passage per paragraph."""
    text, passages = "\n\n".join(paragraphs), list[Passage]()
    for at, paragraph in enumerate(paragraphs):
        start = text.index(paragraph)
        passages.append(
            Passage(f"{source}/{at}", source, "v1", at, start, start + len(paragraph), paragraph, language="en")
        )
    document = Document(source, "v1", source, source.title(), text, "text/plain", metadata={"year": 2026})
    await stores.documents.put(scope, document, passages, await stores.embedder.embed_passages(paragraphs), "small")
    return passages
