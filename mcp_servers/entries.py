"""Keeps curated entries findable by meaning: each is also a document with one passage of kind `answer`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mcp_servers.backends import Backends
from memory.errors import NotFound
from memory.ids import digest
from memory.ports import SearchQuery
from memory.records import AnswerEntry, Document, Hit, Passage, Scope

COLLECTION = "knowledge_base"
PREFIX = "kb:"
MEDIA_TYPE = "text/plain"


async def publish_entry(stores: Backends, scope: Scope, entry: AnswerEntry) -> None:
    """Put an entry's document and make it searchable. Doing it again changes nothing."""
    document, passage = entry_document(scope, entry)
    embedder = stores.embedder.name
    vectors = await stores.embedder.embed_passages([f"{passage.context}\n{passage.text}"])
    await stores.documents.put(scope, document, [passage], vectors, embedder)
    await stores.index.catch_up()


async def forget_entry(stores: Backends, scope: Scope, entry_id: str) -> None:
    """Delete an entry's document; NotFound if there is none."""
    document = await stores.documents.by_source(scope, f"{PREFIX}{entry_id}")
    await stores.documents.delete(scope, document.document_id)
    await stores.index.catch_up()


async def match_entries(
    stores: Backends, scope: Scope, question: str, top_k: int
) -> Sequence[tuple[AnswerEntry, float]]:
    """Return entries near a question with their cosine similarity, best first."""
    if not (await stores.answers.page(scope, None, None, 1)).items:
        return ()  # most tenants curate nothing: one row read, instead of an embedding and a search
    vector = await stores.embedder.embed_query(question)
    filters = {"kind": "answer", "collection": COLLECTION}
    found = await stores.index.search(scope, SearchQuery(question, vector, filters, mode="dense", top_k=top_k))
    entries = await asyncio.gather(*(_entry_of(stores, scope, hit) for hit in found.hits))
    return [
        (entry, hit.dense_score or 0.0) for entry, hit in zip(entries, found.hits, strict=True) if entry is not None
    ]


def entry_document(scope: Scope, entry: AnswerEntry) -> tuple[Document, Passage]:
    """Return the document of an entry and its one passage: the answer, with the question as its context."""
    source = f"{PREFIX}{entry.entry_id}"
    document_id = digest(scope.tenant_id, source)
    version_id = digest(entry.question, entry.answer, entry.category)
    document = Document(
        document_id=document_id,
        version_id=version_id,
        source=source,
        title=entry.question,
        text=entry.answer,
        media_type=MEDIA_TYPE,
        collection=COLLECTION,
        metadata={"category": entry.category, "entry_id": entry.entry_id},
    )
    passage = Passage(
        passage_id=digest(document_id, version_id, "0"),
        document_id=document_id,
        version_id=version_id,
        ordinal=0,
        start=0,
        end=len(entry.answer),
        text=entry.answer,
        kind="answer",
        context=entry.question,
    )
    return document, passage


async def _entry_of(stores: Backends, scope: Scope, hit: Hit) -> AnswerEntry | None:
    try:
        return await stores.answers.get(scope, hit.source.removeprefix(PREFIX))
    except NotFound:
        return None  # deleted since the index last looked
