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

from memory.document_ports import Lacking, Maker, VectorSets, Version
from memory.documents import following, rows, versions
from memory.documents import vectors as vector_sets
from memory.documents.checks import KEPT_VERSIONS, check_limit, check_shape, check_system
from memory.documents.schema import MIGRATIONS
from memory.errors import Conflict, InvalidInput, NotFound
from memory.ports import PassageRows, Vectors
from memory.records import Change, Document, DocumentSummary, Kept, Page, Passage, Scope
from memory.sqlite import Database


class SqliteDocuments:
    """A DocumentStore. Made by `open_documents`."""

    def __init__(self, database: Database, kept_versions: int) -> None:
        """Take an open file whose tables exist, and how many versions of a document to keep."""
        self._database = database
        self._kept_versions = kept_versions

    async def put(
        self, scope: Scope, document: Document, passages: Sequence[Passage], vectors: Vectors, embedder: str
    ) -> Kept:
        """Keep a document with its passages, setting the source's former version aside, in one transaction."""
        check_shape(document, passages, vectors)
        item = _Item(document, passages, vectors, embedder)
        return await self._database.write(partial(_put, scope=scope, item=item, keep=self._kept_versions))

    async def get(self, scope: Scope, document_id: str) -> Document:
        """Return a document by its id or an alias's; NotFound if absent or not readable."""
        return await self._database.read(partial(_get, scope=scope, column="document_id", value=document_id))

    async def by_source(self, scope: Scope, source: str) -> Document:
        """Return the document that a source (or an alias) stands for; NotFound if none."""
        return await self._database.read(partial(_get, scope=scope, column="source", value=source))

    async def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[DocumentSummary]:
        """List readable documents by source, of sources that start with a prefix; the cursor is a source."""
        check_limit(limit)
        return await self._database.read(partial(rows.page, scope=scope, prefix=prefix, after=after, limit=limit))

    async def delete(self, scope: Scope, document_id: str) -> None:
        """Forget a source with its versions; its content goes with the last source. NotFound if there is none."""
        await self._database.write(partial(_delete, scope=scope, document_id=document_id))

    async def versions(self, scope: Scope, document_id: str) -> Sequence[Version]:
        """Return the kept versions: the current one, then the latest set aside first. NotFound."""

        def read(connection: sqlite3.Connection) -> Sequence[Version]:
            return versions.listing(connection, _source(connection, scope, document_id))

        return await self._database.read(read)

    async def version(self, scope: Scope, document_id: str, version_id: str) -> Document:
        """Return a kept version, readable by whoever may read the document now. NotFound."""

        def read(connection: sqlite3.Connection) -> Document:
            return versions.document(connection, _source(connection, scope, document_id), version_id)

        return await self._database.read(read)

    async def rollback(self, scope: Scope, document_id: str, version_id: str) -> Kept:
        """Make a kept version the current one, in one transaction. NotFound."""
        return await self._database.write(
            partial(_rollback, scope=scope, document_id=document_id, version_id=version_id)
        )

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
        return await self._database.read(partial(following.changes, scope=scope, after=after, limit=limit))

    async def rows(
        self, scope: Scope, document_id: str, version_id: str, embedder: str | None = None
    ) -> PassageRows | None:
        """What an index needs of a version, None if it is no longer the document's or the scope not the system's.

        A system scope that names a tenant looks in that tenant only.
        """
        return await self._database.read(
            partial(
                following.version_rows,
                scope=scope,
                document_id=document_id,
                version_id=version_id,
                embedder=embedder,
            )
        )

    async def last_sequence(self, scope: Scope) -> int:
        """The sequence of the newest change, 0 if there is none."""
        return await self._database.read(following.last_sequence)

    async def owns(self, scope: Scope) -> bool:
        """Whether a current document belongs to this user."""
        return await self._database.read(partial(rows.owns, scope=scope))

    async def vector_sets(self, scope: Scope) -> VectorSets:
        """Whose vectors are held, and how far the next ones are."""
        return await self._database.read(vector_sets.sets)

    async def begin_vectors(self, scope: Scope, maker: Maker) -> None:
        """Begin with another embedder's vectors; those of a former one are cleared in small transactions first."""
        check_system(scope)
        while not await self._database.write(partial(vector_sets.begin, maker=maker)):
            pass

    async def lacking(self, scope: Scope, limit: int) -> Sequence[Lacking]:
        """Some passages without a vector of the next embedder."""
        check_system(scope)
        return await self._database.read(partial(vector_sets.lacking, limit=limit))

    async def add_vectors(self, scope: Scope, embedder: str, passages: Sequence[Lacking], vectors: Vectors) -> None:
        """Keep vectors of the next embedder."""
        check_system(scope)
        await self._database.write(partial(vector_sets.add, embedder=embedder, passages=passages, vectors=vectors))

    async def switch_vectors(self, scope: Scope, embedder: str) -> bool:
        """Make the next embedder the current one; False if passages lack its vectors."""
        check_system(scope)
        return await self._database.write(partial(vector_sets.switch, embedder=embedder))


async def open_documents(database: Database, kept_versions: int = KEPT_VERSIONS) -> SqliteDocuments:
    """Bring the tables to the newest version and return the store."""
    await database.migrate("documents", MIGRATIONS)
    return SqliteDocuments(database, kept_versions)


class _Item(NamedTuple):
    document: Document
    passages: Sequence[Passage]
    vectors: Vectors
    embedder: str


def _put(connection: sqlite3.Connection, scope: Scope, item: _Item, keep: int) -> Kept:
    document = item.document
    vector_sets.check(connection, Maker(item.embedder, item.vectors.shape[1]))
    here = rows.source_row(connection, scope, "document_id", document.document_id)
    if here is None and rows.is_taken(connection, scope, document):
        raise Conflict(f"{document.source!r} is kept already and not yours to replace")
    if here is not None and _is_known(connection, here, document):
        return Kept("unchanged", here["content_id"], here["version_id"], following.last_sequence(connection))
    brought = rows.Brought(1, document.version_id)
    if here is not None:
        brought = rows.Brought(_number(connection, here, document), document.version_id)
        is_new = here["version_id"] != document.version_id
        _withdraw(connection, here, is_kept=is_new)
        versions.forget(connection, here, keep - 1, document.version_id)
    return _insert(connection, scope, item, brought)


def _insert(connection: sqlite3.Connection, scope: Scope, item: _Item, brought: rows.Brought) -> Kept:
    document = item.document
    if (twin := rows.twin_of(connection, scope, document)) is not None:
        rows.insert_source(connection, scope, document, twin, brought)
        return Kept("alias", twin, document.version_id, following.last_sequence(connection))
    rows.insert_content(connection, scope, document)
    rows.insert_passages(connection, scope, item.passages, item.vectors)
    rows.insert_source(connection, scope, document, document.document_id, brought)
    return _changed(connection, document, scope.tenant_id)


def _changed(connection: sqlite3.Connection, document: Document, tenant_id: str) -> Kept:
    sequence = following.insert_change(connection, "put", tenant_id, document.document_id, document.version_id)
    return Kept("kept", document.document_id, document.version_id, sequence)


def _is_known(connection: sqlite3.Connection, here: sqlite3.Row, document: Document) -> bool:
    """Whether a source brings what it brought last, or what is current already."""
    if document.version_id == here["brought"] != here["version_id"]:
        held = versions.aside(connection, here, document.version_id)
        return held is not None and rows.is_same(connection, held, document)
    if not rows.is_same(connection, here, document):
        return False
    rows.note_brought(connection, here, document.version_id)
    return True


def _number(connection: sqlite3.Connection, here: sqlite3.Row, document: Document) -> int:
    """Return the number of what a source brings: the next, unless it is the current version with other readers."""
    is_new = here["version_id"] != document.version_id
    return versions.last_number(connection, here) + 1 if is_new else here["number"]


def _rollback(connection: sqlite3.Connection, scope: Scope, document_id: str, version_id: str) -> Kept:
    here = _source(connection, scope, document_id)
    if here["version_id"] == version_id:
        return Kept("unchanged", here["content_id"], version_id, following.last_sequence(connection))
    document = versions.document(connection, here, version_id)
    kept = versions.aside(connection, here, version_id)
    assert kept is not None
    _withdraw(connection, here, is_kept=True)
    brought = rows.Brought(kept["number"], here["brought"])
    if (twin := rows.twin_of(connection, scope, document)) is not None:
        rows.delete_content(connection, here["tenant_id"], kept["content_id"])
        rows.insert_source(connection, scope, document, twin, brought)
        return Kept("alias", twin, version_id, following.last_sequence(connection))
    versions.bring_back(connection, kept, document)
    rows.insert_source(connection, scope, document, document.document_id, brought)
    return _changed(connection, document, here["tenant_id"])


def _get(connection: sqlite3.Connection, scope: Scope, column: str, value: str) -> Document:
    here = rows.source_row(connection, scope, column, value)
    if here is None:
        raise NotFound(f"no document {value!r}")
    return rows.document(connection, here["tenant_id"], here["content_id"])


def _source(connection: sqlite3.Connection, scope: Scope, document_id: str) -> sqlite3.Row:
    here = rows.source_row(connection, scope, "document_id", document_id)
    if here is None:
        raise NotFound(f"no document {document_id!r}")
    return here


def _delete(connection: sqlite3.Connection, scope: Scope, document_id: str) -> None:
    here = _source(connection, scope, document_id)
    _withdraw(connection, here, is_kept=False)
    versions.forget(connection, here, 0)


def _withdraw(connection: sqlite3.Connection, here: sqlite3.Row, *, is_kept: bool) -> None:
    """Take a source away, setting aside what it stood for or not.

    A content that the source had brought goes too, or moves to the oldest alias.
    """
    # So that the freed pages are zeroed: deleted text must not stay readable in the file.
    connection.execute("PRAGMA secure_delete = ON")
    rows.delete_source(connection, here)
    heir = rows.oldest_alias(connection, here)
    if is_kept:
        at = following.last_sequence(connection) + 1
        (versions.move_aside if heir is None else versions.copy_aside)(connection, here, at)
    elif heir is None:
        rows.delete_content(connection, here["tenant_id"], here["content_id"])
    if here["document_id"] != here["content_id"]:
        return
    if heir is not None:
        rows.move_content(connection, here, heir)
    following.insert_change(connection, "delete", here["tenant_id"], here["document_id"], here["version_id"])
    if heir is not None:
        following.insert_change(connection, "put", here["tenant_id"], heir, here["version_id"])
