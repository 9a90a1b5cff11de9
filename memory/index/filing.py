"""Writes documents into a shard's tables and takes them out again, inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from memory.index.analysis import passage_terms
from memory.index.selection import facet
from memory.index.view import Row
from memory.ports import PassageRows
from memory.records import Document, Passage, Scalar


class Filed(NamedTuple):
    """A row and its terms in order."""

    row: Row
    terms: list[str]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Commit what is done inside, or undo all of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def insert(connection: sqlite3.Connection, puts: Iterable[PassageRows], first: int) -> list[Filed]:
    """Add documents with their rows, numbered from `first` in the order given."""
    added: list[Filed] = []
    for put in puts:
        doc = _insert_document(connection, put.document)
        for passage in put.passages:
            filed = _filed(first + len(added), doc, put.document, passage)
            _insert_row(connection, filed.row, passage)
            added.append(filed)
    return added


def delete(connection: sqlite3.Connection, document_ids: Iterable[str]) -> list[int]:
    """Take documents away, those that are there; return the rows they had."""
    gone: list[int] = []
    for document_id in document_ids:
        found = connection.execute("SELECT doc FROM docs WHERE document_id = ?", (document_id,)).fetchone()
        if found is not None:
            gone += _delete(connection, found["doc"])
    return gone


def _filed(number: int, doc: int, document: Document, passage: Passage) -> Filed:
    language = passage.language or document.language
    terms = passage_terms(f"{passage.context}\n{passage.text}", language)
    return Filed(Row(number, doc, len(terms), passage.kind, language), terms)


def _insert_row(connection: sqlite3.Connection, row: Row, passage: Passage) -> None:
    connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", (row.row, passage.passage_id, *row[1:]))
    _insert_facets(connection, "row", row.row, passage.fields)


def _insert_document(connection: sqlite3.Connection, document: Document) -> int:
    doc: int = connection.execute("SELECT coalesce(max(doc), 0) + 1 FROM docs").fetchone()[0]
    access = document.access
    readers = [f"group:{group}" for group in access.groups]
    readers += [f"user:{access.owner}"] if access.owner is not None else []
    connection.execute(
        "INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            doc,
            document.document_id,
            document.version_id,
            document.source,
            document.title,
            document.collection,
            document.media_type,
            json.dumps(dict(document.metadata)),
            bool(readers),
        ),
    )
    connection.executemany("INSERT OR IGNORE INTO readers VALUES (?, ?)", [(reader, doc) for reader in readers])
    _insert_facets(connection, "doc", doc, tuple(document.metadata.items()))
    return doc


def _insert_facets(connection: sqlite3.Connection, kind: str, owner: int, values: Sequence[tuple[str, Scalar]]) -> None:
    if values:
        connection.executemany(
            f"INSERT INTO {kind}_facets VALUES (?, ?, ?, ?)", [(key, *facet(value), owner) for key, value in values]
        )


def _delete(connection: sqlite3.Connection, doc: int) -> list[int]:
    rows = [row["row"] for row in connection.execute("SELECT row FROM rows WHERE doc = ?", (doc,))]
    connection.execute("DELETE FROM row_facets WHERE owner IN (SELECT row FROM rows WHERE doc = ?)", (doc,))
    for statement in (
        "DELETE FROM rows WHERE doc = ?",
        "DELETE FROM doc_facets WHERE owner = ?",
        "DELETE FROM readers WHERE doc = ?",
        "DELETE FROM docs WHERE doc = ?",
    ):
        connection.execute(statement, (doc,))
    return rows
