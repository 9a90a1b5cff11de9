"""The sequence of changes of the SQLite document store, and what an index that follows it reads of a version."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from memory.documents import rows
from memory.documents import vectors as vectors_of
from memory.ports import PassageRows
from memory.records import Change, Scope


def insert_change(
    connection: sqlite3.Connection, kind: Literal["put", "delete"], tenant_id: str, document_id: str, version_id: str
) -> int:
    """Take the next place in the sequence of changes and return it."""
    sequence = last_sequence(connection) + 1
    connection.execute(
        "INSERT INTO document_changes VALUES (?, ?, ?, ?, ?)", (sequence, kind, tenant_id, document_id, version_id)
    )
    return sequence


def changes(connection: sqlite3.Connection, scope: Scope, after: int, limit: int) -> Sequence[Change]:
    """Return changes in order; nobody but the system sees other tenants' changes, so nobody else sees any."""
    if "system" not in scope.roles:
        return []
    found = connection.execute(
        "SELECT * FROM document_changes WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit)
    )
    return [
        Change(row["sequence"], row["kind"], row["tenant_id"], row["document_id"], row["version_id"]) for row in found
    ]


def version_rows(
    connection: sqlite3.Connection, scope: Scope, document_id: str, version_id: str, embedder: str | None
) -> PassageRows | None:
    """Return a version with passages and vectors in reading order."""
    if "system" not in scope.roles:
        return None
    content = connection.execute(
        """SELECT tenant_id, passages FROM document_contents
           WHERE document_id = ? AND version_id = ? AND kept_of IS NULL AND (? = '' OR tenant_id = ?)""",
        (document_id, version_id, scope.tenant_id, scope.tenant_id),
    ).fetchone()
    held = _table(connection, embedder)
    if content is None or held is None:
        return None
    found = connection.execute(
        f"""SELECT {rows.PASSAGE}, v.vector FROM passages p JOIN {held.table} v ON v.number = p.number
            WHERE p.tenant_id = ? AND p.document_id = ? ORDER BY p.ordinal""",
        (content["tenant_id"], document_id),
    ).fetchall()
    if len(found) < content["passages"]:
        return None
    vectors = np.frombuffer(b"".join(row["vector"] for row in found), np.float32).reshape(-1, held.dimension)
    whole = rows.document(connection, content["tenant_id"], document_id)
    return PassageRows(whole, [rows.passage(row) for row in found], vectors)


class _Held(NamedTuple):
    table: str
    dimension: int


def _table(connection: sqlite3.Connection, embedder: str | None) -> _Held | None:
    """Return where an embedder's vectors are; None if there are none."""
    current, following = vectors_of.sets_by(connection)
    if current is not None and embedder in (None, current.name):
        return _Held(rows.place(connection), current.dimension)
    if following is not None and embedder == following.name:
        return _Held(rows.beside(connection), following.dimension)
    return None


def last_sequence(connection: sqlite3.Connection) -> int:
    """Return the newest change's place, 0 if there is none."""
    return connection.execute("SELECT coalesce(max(sequence), 0) FROM document_changes").fetchone()[0]
