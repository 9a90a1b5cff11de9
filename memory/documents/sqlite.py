"""The DocumentStore in one SQLite file.

A content (a document version with its passages and vectors) is stored once per tenant; sources point to it. The
content is filed under the document_id of the source that brought it; the other sources are its aliases. When that
first source goes or changes, the content moves to the oldest alias, which the change log shows as a put of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from memory.documents import rows
from memory.documents.schema import MIGRATIONS
from memory.errors import Conflict, DimensionMismatch, EmbedderMismatch, InvalidInput, NotFound
from memory.ports import PassageRows, Vectors
from memory.records import Change, Document, DocumentSummary, Kept, Page, Passage, Scope
from memory.sqlite import Database

MAX_PAGE = 1000


class SqliteDocuments:
    """A DocumentStore. Made by `open_documents`."""

    def __init__(self, database: Database) -> None:
        """Take an open file whose tables exist."""
        self._database = database

    async def put(
        self, scope: Scope, document: Document, passages: Sequence[Passage], vectors: Vectors, embedder: str
    ) -> Kept:
        """Keep a document with its passages, replacing the source's former version, in one transaction."""
        _check_shape(document, passages, vectors)
        item = _Item(document, passages, vectors, embedder)
        return await self._database.write(partial(_put, scope=scope, item=item))

    async def get(self, scope: Scope, document_id: str) -> Document:
        """Return a document by its id or an alias's; NotFound if absent or not readable."""
        return await self._database.read(partial(_get, scope=scope, column="document_id", value=document_id))

    async def by_source(self, scope: Scope, source: str) -> Document:
        """Return the document that a source (or an alias) stands for; NotFound if none."""
        return await self._database.read(partial(_get, scope=scope, column="source", value=source))

    async def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[DocumentSummary]:
        """List readable documents by source, of sources that start with a prefix; the cursor is a source."""
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput(f"limit must be 1 to {MAX_PAGE}")
        return await self._database.read(partial(rows.page, scope=scope, prefix=prefix, after=after, limit=limit))

    async def delete(self, scope: Scope, document_id: str) -> None:
        """Forget a source; its content goes with the last source. NotFound if there is none."""
        await self._database.write(partial(_delete, scope=scope, document_id=document_id))

    async def passages(self, scope: Scope, passage_ids: Sequence[str]) -> Sequence[Passage]:
        """Return the readable ones of these passages, in the order asked for; others are left out."""
        return await self._database.read(partial(rows.passages, scope=scope, passage_ids=passage_ids))

    async def around(self, scope: Scope, passage_id: str, before: int, after: int) -> Sequence[Passage]:
        """Return a passage with its neighbours in reading order; NotFound if it is gone."""
        if before < 0 or after < 0:
            raise InvalidInput("before and after count passages; they cannot be negative")
        return await self._database.read(
            partial(rows.around, scope=scope, passage_id=passage_id, before=before, after=after)
        )

    async def changes(self, scope: Scope, after: int, limit: int) -> Sequence[Change]:
        """Changes of all tenants above `after`, in order, without a gap; none unless the scope is the system's."""
        return await self._database.read(partial(rows.changes, scope=scope, after=after, limit=limit))

    async def rows(self, scope: Scope, document_id: str, version_id: str) -> PassageRows | None:
        """What an index needs of a version, None if it is no longer the document's or the scope not the system's.

        A system scope that names a tenant looks in that tenant only.
        """
        return await self._database.read(
            partial(rows.version_rows, scope=scope, document_id=document_id, version_id=version_id)
        )

    async def last_sequence(self, scope: Scope) -> int:
        """The sequence of the newest change, 0 if there is none."""
        return await self._database.read(rows.last_sequence)


async def open_documents(database: Database) -> SqliteDocuments:
    """Bring the tables to the newest version and return the store."""
    await database.migrate("documents", MIGRATIONS)
    return SqliteDocuments(database)


class _Item(NamedTuple):
    document: Document
    passages: Sequence[Passage]
    vectors: Vectors
    embedder: str


def _check_shape(document: Document, passages: Sequence[Passage], vectors: Vectors) -> None:
    if vectors.ndim != 2 or vectors.shape[0] != len(passages):
        raise DimensionMismatch(f"{len(passages)} passages came with vectors of shape {vectors.shape}")
    if not document.document_id or not document.version_id:
        raise InvalidInput("a document needs a document_id and a version_id")
    for passage in passages:
        if (passage.document_id, passage.version_id) != (document.document_id, document.version_id):
            raise InvalidInput(f"passage {passage.passage_id} is of another document or version")


def _put(connection: sqlite3.Connection, scope: Scope, item: _Item) -> Kept:
    document = item.document
    _same_embedder(connection, item)
    here = rows.source_row(connection, scope, "document_id", document.document_id)
    if here is None and rows.is_taken(connection, scope, document):
        raise Conflict(f"{document.source!r} is kept already and not yours to replace")
    if here is not None and rows.is_same(connection, here, document):
        return Kept("unchanged", here["content_id"], document.version_id, rows.last_sequence(connection))
    if here is not None:
        _forget(connection, here)
    if (twin := rows.twin_of(connection, scope, document)) is not None:
        rows.insert_source(connection, scope, document, content_id=twin)
        return Kept("alias", twin, document.version_id, rows.last_sequence(connection))
    rows.insert_content(connection, scope, document)
    rows.insert_passages(connection, scope, item.passages, item.vectors)
    rows.insert_source(connection, scope, document, content_id=document.document_id)
    sequence = rows.insert_change(connection, "put", scope.tenant_id, document.document_id, document.version_id)
    return Kept("kept", document.document_id, document.version_id, sequence)


def _same_embedder(connection: sqlite3.Connection, item: _Item) -> None:
    row = connection.execute("SELECT embedder, dimension FROM document_vectors_by").fetchone()
    dimension = item.vectors.shape[1]
    if row is None:
        connection.execute("INSERT INTO document_vectors_by VALUES (1, ?, ?)", (item.embedder, dimension))
    elif row["embedder"] != item.embedder:
        raise EmbedderMismatch(f"the documents were embedded by {row['embedder']}, not {item.embedder}; ingest anew")
    elif row["dimension"] != dimension:
        raise DimensionMismatch(f"the store's vectors have {row['dimension']} dimensions, these {dimension}")


def _get(connection: sqlite3.Connection, scope: Scope, column: str, value: str) -> Document:
    here = rows.source_row(connection, scope, column, value)
    if here is None:
        raise NotFound(f"no document {value!r}")
    return rows.document(connection, here["tenant_id"], here["content_id"])


def _delete(connection: sqlite3.Connection, scope: Scope, document_id: str) -> None:
    here = rows.source_row(connection, scope, "document_id", document_id)
    if here is None:
        raise NotFound(f"no document {document_id!r}")
    _forget(connection, here)


def _forget(connection: sqlite3.Connection, here: sqlite3.Row) -> None:
    """Take a source away; its content goes too, or moves to the oldest alias if the source had brought it."""
    # So that the freed pages are zeroed: deleted text must not stay readable in the file.
    connection.execute("PRAGMA secure_delete = ON")
    rows.delete_source(connection, here)
    if here["document_id"] != here["content_id"]:
        return
    heir = rows.oldest_alias(connection, here)
    if heir is None:
        rows.delete_content(connection, here)
    else:
        rows.move_content(connection, here, heir)
    rows.insert_change(connection, "delete", here["tenant_id"], here["document_id"], here["version_id"])
    if heir is not None:
        rows.insert_change(connection, "put", here["tenant_id"], heir, here["version_id"])
