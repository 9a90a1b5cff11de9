"""Rows of the SQLite document store: what is read and written inside one transaction, and how records become rows.

Text is kept as UTF-8 blobs (lone surrogates included), because SQLite's own text type ends at a NUL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from memory.errors import Conflict, NotFound
from memory.ports import Vectors
from memory.records import Access, Document, DocumentSummary, Page, Passage, Scope

READABLE = """
    c.tenant_id = :tenant AND c.kept_of IS NULL AND (
        (c.owner IS NULL AND c.groups = '[]') OR c.owner = :user
        OR EXISTS (SELECT 1 FROM json_each(c.groups) g JOIN json_each(:groups) m ON g.value = m.value)
    )
"""
"""Whether content `c` is current and a scope may read it."""

PASSAGE = """p.passage_id, p.document_id, p.version_id, p.ordinal, p.start, p."end", p.text, p.kind, p.heading,
    p.context, p.page, p."row", p.language, p.fields"""
CONTENT = """tenant_id, document_id, version_id, source, title, text, characters, media_type, language, collection,
    owner, groups, metadata, created_at, updated_at"""
TOLD = "document_contents c INDEXED BY document_contents_told"
"""Contents without their text, which the planner would read past for a unique index."""
JOINED = f"passages p JOIN {TOLD} ON c.tenant_id = p.tenant_id AND c.document_id = p.document_id"
MAX_VARIABLES = 500


VECTORS = ("passage_vectors", "passage_vectors_beside")


def owns(connection: sqlite3.Connection, scope: Scope) -> bool:
    """Return whether a current document belongs to this user."""
    query = "SELECT 1 FROM document_contents WHERE tenant_id = ? AND owner = ? AND kept_of IS NULL LIMIT 1"
    return connection.execute(query, (scope.tenant_id, scope.user_id)).fetchone() is not None


def place(connection: sqlite3.Connection) -> str:
    """Return the table of the current embedder's vectors."""
    found = connection.execute("SELECT place FROM document_vectors_by").fetchone()
    return found["place"] if found else VECTORS[0]


def beside(connection: sqlite3.Connection) -> str:
    """Return the table of the next embedder's vectors."""
    return VECTORS[1 - VECTORS.index(place(connection))]


def who(scope: Scope) -> dict[str, Any]:
    """Name the parameters of READABLE."""
    return {"tenant": scope.tenant_id, "user": scope.user_id, "groups": json.dumps(scope.groups)}


def source_row(connection: sqlite3.Connection, scope: Scope, column: str, value: str) -> sqlite3.Row | None:
    """Return a readable source with its content's version, found by `document_id` or `source`."""
    assert column in ("document_id", "source")
    return connection.execute(
        f"""SELECT s.*, c.version_id FROM document_sources s
            JOIN document_contents c ON c.tenant_id = s.tenant_id AND c.document_id = s.content_id
            WHERE s.tenant_id = :tenant AND s.{column} = :value AND {READABLE}""",
        {**who(scope), "value": _key(value)},
    ).fetchone()


def is_taken(connection: sqlite3.Connection, scope: Scope, document: Document) -> bool:
    """Whether the id or the source is in use by something that the scope cannot read, or that is not this source."""
    found = connection.execute(
        "SELECT 1 FROM document_sources WHERE tenant_id = ? AND (document_id = ? OR source = ?)",
        (scope.tenant_id, document.document_id, _key(document.source)),
    ).fetchone()
    return found is not None


def is_same(connection: sqlite3.Connection, held: sqlite3.Row, document: Document) -> bool:
    """Whether a version (its tenant_id, content_id, version_id, title) is this very one, for the same readers."""
    if held["version_id"] != document.version_id or held["title"] != _key(document.title):
        return False
    return _twin(connection, held["tenant_id"], document, held["content_id"]) is not None


def twin_of(connection: sqlite3.Connection, scope: Scope, document: Document) -> str | None:
    """Return the content_id of the same version under another source, with the same access, collection, metadata."""
    return _twin(connection, scope.tenant_id, document, None)


def _twin(connection: sqlite3.Connection, tenant_id: str, document: Document, content_id: str | None) -> str | None:
    found = connection.execute(
        """SELECT document_id FROM document_contents
           WHERE tenant_id = ? AND version_id = ? AND owner IS ? AND groups = ? AND collection = ? AND metadata = ?
           AND CASE WHEN ? IS NULL THEN kept_of IS NULL ELSE document_id = ? END""",
        (
            tenant_id,
            document.version_id,
            document.access.owner,
            groups_of(document.access),
            document.collection,
            _metadata(document),
            content_id,
            content_id,
        ),
    ).fetchone()
    return found["document_id"] if found else None


def insert_content(connection: sqlite3.Connection, scope: Scope, document: Document) -> None:
    """Keep a document version; its passages follow."""
    now = _now()
    connection.execute(
        f"INSERT INTO document_contents ({CONTENT}) VALUES ({', '.join('?' * 15)})",
        (
            scope.tenant_id,
            document.document_id,
            document.version_id,
            _key(document.source),
            _key(document.title),
            _bytes(document.text),
            len(document.text),
            document.media_type,
            document.language,
            document.collection,
            document.access.owner,
            groups_of(document.access),
            _metadata(document),
            document.created_at.isoformat() if document.created_at else now,
            document.updated_at.isoformat() if document.updated_at else now,
        ),
    )


class Brought(NamedTuple):
    """How many versions a source has brought, counting the one that it stands for now, and the last of them."""

    number: int
    version_id: str


def insert_source(
    connection: sqlite3.Connection, scope: Scope, document: Document, content_id: str, brought: Brought
) -> None:
    """Let a source stand for a content."""
    now = document.updated_at.isoformat() if document.updated_at else _now()
    connection.execute(
        """INSERT INTO document_sources
           (tenant_id, source, document_id, content_id, title, updated_at, created_at, number, brought)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            scope.tenant_id,
            _key(document.source),
            document.document_id,
            content_id,
            _key(document.title),
            now,
            document.created_at.isoformat() if document.created_at else now,
            *brought,
        ),
    )


def insert_passages(
    connection: sqlite3.Connection, scope: Scope, passages: Sequence[Passage], vectors: Vectors
) -> None:
    """Keep the passages of a content with their vectors (n, dim)."""
    if not passages:
        return
    first = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM passages").fetchone()[0]
    try:
        connection.executemany(
            f"INSERT INTO passages VALUES ({', '.join('?' * 16)})",
            [(first + at, scope.tenant_id, *_passage_row(passage)) for at, passage in enumerate(passages)],
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"passage ids or ordinals repeat in {passages[0].document_id}: {error}") from error
    stored = np.ascontiguousarray(vectors, dtype=np.float32)
    connection.executemany(
        f"INSERT INTO {place(connection)} VALUES (?, ?)", [(first + at, row.tobytes()) for at, row in enumerate(stored)]
    )
    connection.execute(
        "UPDATE document_contents SET passages = ? WHERE tenant_id = ? AND document_id = ?",
        (len(passages), scope.tenant_id, passages[0].document_id),
    )


def note_brought(connection: sqlite3.Connection, here: sqlite3.Row, version_id: str) -> None:
    """Note which version a source brought last."""
    connection.execute(
        "UPDATE document_sources SET brought = ? WHERE tenant_id = ? AND document_id = ?",
        (version_id, here["tenant_id"], here["document_id"]),
    )


def delete_source(connection: sqlite3.Connection, here: sqlite3.Row) -> None:
    """Forget that a source stands for its content."""
    connection.execute(
        "DELETE FROM document_sources WHERE tenant_id = ? AND document_id = ?", (here["tenant_id"], here["document_id"])
    )


def oldest_alias(connection: sqlite3.Connection, here: sqlite3.Row) -> str | None:
    """Return the document_id of the oldest source that still stands for a content."""
    found = connection.execute(
        "SELECT document_id FROM document_sources WHERE tenant_id = ? AND content_id = ? ORDER BY added LIMIT 1",
        (here["tenant_id"], here["content_id"]),
    ).fetchone()
    return found["document_id"] if found else None


def delete_content(connection: sqlite3.Connection, tenant_id: str, content_id: str) -> None:
    """Forget a content: text, passages, vectors."""
    key = (tenant_id, content_id)
    for table in VECTORS:
        connection.execute(
            f"""DELETE FROM {table} WHERE number IN
                (SELECT number FROM passages WHERE tenant_id = ? AND document_id = ?)""",
            key,
        )
    connection.execute("DELETE FROM passages WHERE tenant_id = ? AND document_id = ?", key)
    connection.execute("DELETE FROM document_contents WHERE tenant_id = ? AND document_id = ?", key)


def move_content(connection: sqlite3.Connection, here: sqlite3.Row, heir: str) -> None:
    """File a content under the document_id, source and title of one of its aliases."""
    key = (here["tenant_id"], here["content_id"])
    connection.execute(
        """UPDATE document_contents SET document_id = s.document_id, source = s.source, title = s.title
           FROM document_sources s WHERE document_contents.tenant_id = ? AND document_contents.document_id = ?
           AND s.tenant_id = document_contents.tenant_id AND s.document_id = ?""",
        (*key, heir),
    )
    for table, column in (("passages", "document_id"), ("document_sources", "content_id")):
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE tenant_id = ? AND {column} = ?", (heir, *key))


def document(connection: sqlite3.Connection, tenant_id: str, document_id: str) -> Document:
    """Return a content that is known to be there."""
    row = connection.execute(
        "SELECT * FROM document_contents WHERE tenant_id = ? AND document_id = ?", (tenant_id, document_id)
    ).fetchone()
    return Document(
        document_id=row["document_id"],
        version_id=row["version_id"],
        source=row["source"],
        title=row["title"],
        text=_text(row["text"]),
        media_type=row["media_type"],
        language=row["language"],
        collection=row["collection"],
        access=Access(row["owner"], tuple(json.loads(row["groups"]))),
        metadata=json.loads(row["metadata"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )


def page(
    connection: sqlite3.Connection, scope: Scope, prefix: str, after: str | None, limit: int
) -> Page[DocumentSummary]:
    """List readable sources from a cursor."""
    found = connection.execute(
        f"""SELECT s.document_id, s.source, s.title, s.updated_at, c.version_id, c.media_type, c.collection,
                   c.characters, c.passages, s.brought,
                   (SELECT count(*) FROM document_contents k
                    WHERE k.tenant_id = s.tenant_id AND k.kept_of = s.document_id) AS set_aside
            FROM document_sources s
            JOIN {TOLD} ON c.tenant_id = s.tenant_id AND c.document_id = s.content_id
            WHERE s.tenant_id = :tenant AND s.source >= :prefix AND (:after IS NULL OR s.source > :after)
            AND substr(s.source, 1, :length) = :prefix AND {READABLE}
            ORDER BY s.source LIMIT :limit""",
        {**who(scope), "prefix": _key(prefix), "length": len(_key(prefix)), "after": after, "limit": limit + 1},
    ).fetchall()
    items = tuple(_summary(row) for row in found[:limit])
    return Page(items, items[-1].source if len(found) > limit else None)


def _summary(row: sqlite3.Row) -> DocumentSummary:
    return DocumentSummary(
        document_id=row["document_id"],
        version_id=row["version_id"],
        source=row["source"],
        title=row["title"],
        media_type=row["media_type"],
        collection=row["collection"],
        characters=row["characters"],
        passages=row["passages"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
        versions=1 + row["set_aside"],
        brought=row["brought"],
    )


def passages(connection: sqlite3.Connection, scope: Scope, passage_ids: Sequence[str]) -> Sequence[Passage]:
    """Return readable passages in the order asked for."""
    found: dict[str, Passage] = {}
    for at in range(0, len(passage_ids), MAX_VARIABLES):
        wanted = json.dumps(passage_ids[at : at + MAX_VARIABLES])
        for row in connection.execute(
            f"""SELECT {PASSAGE} FROM {JOINED}
                WHERE p.tenant_id = :tenant AND p.passage_id IN (SELECT value FROM json_each(:wanted))
                AND {READABLE}""",
            {**who(scope), "wanted": wanted},
        ):
            found[row["passage_id"]] = passage(row)
    return [found[passage_id] for passage_id in passage_ids if passage_id in found]


def around(connection: sqlite3.Connection, scope: Scope, passage_id: str, before: int, after: int) -> Sequence[Passage]:
    """Return a readable passage with its neighbours."""
    middle = passages(connection, scope, [passage_id])
    if not middle:
        raise NotFound(f"no passage {passage_id!r}")
    found = connection.execute(
        f"""SELECT {PASSAGE} FROM passages p WHERE p.tenant_id = ? AND p.document_id = ?
            AND p.ordinal BETWEEN ? AND ? ORDER BY p.ordinal""",
        (scope.tenant_id, middle[0].document_id, middle[0].ordinal - before, middle[0].ordinal + after),
    )
    return [passage(row) for row in found]


def _passage_row(passage: Passage) -> tuple[Any, ...]:
    return (
        passage.passage_id,
        passage.document_id,
        passage.version_id,
        passage.ordinal,
        passage.start,
        passage.end,
        _bytes(passage.text),
        passage.kind,
        json.dumps(passage.heading),
        _bytes(passage.context),
        passage.page,
        passage.row,
        passage.language,
        json.dumps(passage.fields),
    )


def passage(row: sqlite3.Row) -> Passage:
    """Make the record of a row that begins with the columns of PASSAGE; by place, as names are looked up one by one."""
    heading, fields = row[8], row[13]
    return Passage(
        passage_id=row[0],
        document_id=row[1],
        version_id=row[2],
        ordinal=row[3],
        start=row[4],
        end=row[5],
        text=_text(row[6]),
        kind=row[7],
        heading=() if heading == "[]" else tuple(json.loads(heading)),
        context=_text(row[9]),
        page=row[10],
        row=row[11],
        language=row[12],
        fields=() if fields == "[]" else tuple((name, value) for name, value in json.loads(fields)),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _key(text: str) -> str:
    """Return a source or title as SQLite can keep, compare and cut it: without NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def groups_of(access: Access) -> str:
    """Return the groups of an access as they are stored."""
    return json.dumps(sorted(access.groups))


def _metadata(document: Document) -> str:
    return json.dumps(dict(document.metadata), sort_keys=True)


def _now() -> str:
    return datetime.now(UTC).isoformat()
