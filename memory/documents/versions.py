"""Versions of a document that are set aside in the SQLite store: kept whole, but neither searched nor shown.

Setting aside and bringing back only file a content under another id; its text, passages and vectors stay where they
are. A content that other sources share is copied instead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memory.document_ports import Version
from memory.documents import rows
from memory.errors import NotFound
from memory.records import Document


def aside(connection: sqlite3.Connection, here: sqlite3.Row, version_id: str) -> sqlite3.Row | None:
    """Return a source's version that is set aside, with its content_id, or None."""
    return connection.execute(
        """SELECT *, document_id AS content_id FROM document_contents
           WHERE tenant_id = ? AND kept_of = ? AND version_id = ?""",
        (here["tenant_id"], here["document_id"], version_id),
    ).fetchone()


def listing(connection: sqlite3.Connection, here: sqlite3.Row) -> Sequence[Version]:
    """Return what is kept of a source: the current version first, then the latest set aside."""
    current = connection.execute(
        """SELECT c.version_id, s.title, s.number, c.characters, c.passages, s.updated_at, 1 AS is_current
           FROM document_sources s
           JOIN document_contents c ON c.tenant_id = s.tenant_id AND c.document_id = s.content_id
           WHERE s.tenant_id = ? AND s.document_id = ?""",
        (here["tenant_id"], here["document_id"]),
    )
    return [_version(row) for row in (*current, *_asides(connection, here))]


def document(connection: sqlite3.Connection, here: sqlite3.Row, version_id: str) -> Document:
    """Return a version as a document of the source, with the access that the source has now; NotFound."""
    current = rows.document(connection, here["tenant_id"], here["content_id"])
    if current.version_id == version_id:
        return current
    kept = aside(connection, here, version_id)
    if kept is None:
        raise NotFound(f"no version {version_id!r} of {here['source']!r} is kept")
    held = rows.document(connection, here["tenant_id"], kept["content_id"])
    return replace(
        held,
        document_id=here["document_id"],
        source=here["source"],
        access=current.access,
        collection=current.collection,
    )


def last_number(connection: sqlite3.Connection, here: sqlite3.Row) -> int:
    """Return the highest number that a source has given to a version."""
    return max((here["number"], *(row["number"] for row in _asides(connection, here))))


def move_aside(connection: sqlite3.Connection, here: sqlite3.Row, at: int) -> None:
    """Set aside a content that no other source stands for."""
    name = _aside_id(here, at)
    key = (here["tenant_id"], here["content_id"])
    connection.execute(
        """UPDATE document_contents SET document_id = ?, kept_of = ?, number = ?, set_aside = ?, title = ?,
           updated_at = ? WHERE tenant_id = ? AND document_id = ?""",
        (name, here["document_id"], here["number"], at, here["title"], here["updated_at"], *key),
    )
    connection.execute("UPDATE passages SET document_id = ? WHERE tenant_id = ? AND document_id = ?", (name, *key))


def copy_aside(connection: sqlite3.Connection, here: sqlite3.Row, at: int) -> None:
    """Set aside a copy of a content that lives on with another source."""
    name, key = _aside_id(here, at), {"tenant": here["tenant_id"], "content": here["content_id"]}
    connection.execute(
        """INSERT INTO document_contents
           SELECT tenant_id, :name, version_id, :source, :title, text, characters, media_type, language, collection,
           owner, groups, metadata, passages, created_at, :updated_at, :kept_of, :number, :at
           FROM document_contents WHERE tenant_id = :tenant AND document_id = :content""",
        {
            **key,
            "name": name,
            "source": here["source"],
            "title": here["title"],
            "updated_at": here["updated_at"],
            "kept_of": here["document_id"],
            "number": here["number"],
            "at": at,
        },
    )
    _copy_passages(connection, key, name)


def bring_back(connection: sqlite3.Connection, kept: sqlite3.Row, item: Document) -> None:
    """Make a version that is set aside the content of its source again, as `item` says."""
    key = (kept["tenant_id"], kept["content_id"])
    connection.execute(
        """UPDATE document_contents SET document_id = ?, kept_of = NULL, number = 0, set_aside = 0, source = ?,
           owner = ?, groups = ?, collection = ? WHERE tenant_id = ? AND document_id = ?""",
        (item.document_id, item.source, item.access.owner, rows.groups_of(item.access), item.collection, *key),
    )
    connection.execute(
        "UPDATE passages SET document_id = ? WHERE tenant_id = ? AND document_id = ?", (item.document_id, *key)
    )


def forget(connection: sqlite3.Connection, here: sqlite3.Row, keep: int, version_id: str = "") -> None:
    """Forget a source's versions that are set aside, but for the latest `keep`; and a certain one."""
    for place, row in enumerate(_asides(connection, here)):
        if place >= keep or row["version_id"] == version_id:
            rows.delete_content(connection, here["tenant_id"], row["content_id"])


def _asides(connection: sqlite3.Connection, here: sqlite3.Row) -> list[sqlite3.Row]:
    """The versions set aside, the latest first."""
    return connection.execute(
        """SELECT document_id AS content_id, version_id, title, number, characters, passages, updated_at,
           0 AS is_current FROM document_contents WHERE tenant_id = ? AND kept_of = ?
           ORDER BY set_aside DESC, number DESC""",
        (here["tenant_id"], here["document_id"]),
    ).fetchall()


def _aside_id(here: sqlite3.Row, at: int) -> str:
    return f"{here['document_id']}:{here['number']}:{at}"


def _copy_passages(connection: sqlite3.Connection, key: dict[str, str], name: str) -> None:
    found = connection.execute(
        """SELECT (SELECT max(number) FROM passages) + 1 - min(number) AS shift FROM passages
           WHERE tenant_id = :tenant AND document_id = :content""",
        key,
    ).fetchone()
    if found["shift"] is None:
        return
    named = {**key, "shift": found["shift"], "name": name}
    table = rows.place(connection)
    connection.execute(
        f"""INSERT INTO {table} SELECT v.number + :shift, v.vector FROM {table} v
           JOIN passages p ON p.number = v.number WHERE p.tenant_id = :tenant AND p.document_id = :content""",
        named,
    )
    connection.execute(
        """INSERT INTO passages SELECT number + :shift, tenant_id, passage_id || ':' || :name, :name, version_id,
           ordinal, start, "end", text, kind, heading, context, page, "row", language, fields
           FROM passages WHERE tenant_id = :tenant AND document_id = :content""",
        named,
    )


def _version(row: sqlite3.Row) -> Version:
    return Version(
        number=row["number"],
        version_id=row["version_id"],
        title=row["title"],
        characters=row["characters"],
        passages=row["passages"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
        is_current=bool(row["is_current"]),
    )
