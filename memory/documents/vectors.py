"""Vectors of two embedders in the SQLite document store: the current one's, and the next one's that are made beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from memory.document_ports import Lacking, Maker, Vectors, VectorSets
from memory.documents import rows
from memory.errors import DimensionMismatch, EmbedderMismatch

CLEARED_TOGETHER = 5_000


def check(connection: sqlite3.Connection, maker: Maker) -> None:
    """Hold the store to one embedder: the first one whose vectors come.

    Raises:
        EmbedderMismatch: the store's vectors are another's.
        DimensionMismatch: they have another dimension.
    """
    current, _ = sets_by(connection)
    if current is None:
        connection.execute(
            "INSERT INTO document_vectors_by (only, embedder, dimension) VALUES (1, ?, ?)",
            (maker.name, maker.dimension),
        )
    elif current.name != maker.name:
        raise EmbedderMismatch(
            f"the documents were embedded by {current.name}, not {maker.name};"
            " `multidb documents reembed` changes the embedder of all of them"
        )
    elif current.dimension != maker.dimension:
        raise DimensionMismatch(f"the store's vectors have {current.dimension} dimensions, these {maker.dimension}")


def sets_by(connection: sqlite3.Connection) -> tuple[Maker | None, Maker | None]:
    """Return the current embedder and the next one."""
    found = [
        connection.execute(f"SELECT embedder, dimension, spec FROM {table}").fetchone()
        for table in ("document_vectors_by", "document_vectors_next")
    ]
    current, following = (Maker(*row) if row else None for row in found)
    return current, following


def sets(connection: sqlite3.Connection) -> VectorSets:
    """Return whose vectors are held; counts only while others are being made, for they read a whole index."""
    current, following = sets_by(connection)
    if following is None:
        return VectorSets(current, None, 0, 0)
    passages: int = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
    have: int = connection.execute(f"SELECT count(*) FROM {rows.beside(connection)}").fetchone()[0]
    return VectorSets(current, following, passages, max(0, passages - have))


def begin(connection: sqlite3.Connection, maker: Maker) -> bool:
    """Name the next embedder; True once vectors can be added, False while some of a former one are to be cleared."""
    current, following = sets_by(connection)
    if following is not None and following.name == maker.name:
        return True
    connection.execute("DELETE FROM document_vectors_next")
    if not _is_cleared(connection):
        return False
    if current is None or current.name != maker.name:
        connection.execute(
            "INSERT INTO document_vectors_next VALUES (1, ?, ?, ?)", (maker.name, maker.dimension, maker.spec)
        )
    return True


def lacking(connection: sqlite3.Connection, limit: int) -> Sequence[Lacking]:
    """Return some passages without a vector beside, in the order of their numbers."""
    if sets_by(connection)[1] is None:
        return []
    beside = rows.beside(connection)
    last = connection.execute(f"SELECT coalesce(max(number), 0) FROM {beside}").fetchone()[0]
    query = f"SELECT {rows.PASSAGE}, p.tenant_id FROM passages p WHERE "
    found = connection.execute(f"{query} p.number > ? ORDER BY p.number LIMIT ?", (last, limit)).fetchall()
    if not found:
        where = f"NOT EXISTS (SELECT 1 FROM {beside} b WHERE b.number = p.number) ORDER BY p.number LIMIT ?"
        found = connection.execute(query + where, (limit,)).fetchall()
    return [Lacking(row["tenant_id"], rows.passage(row)) for row in found]


def add(connection: sqlite3.Connection, embedder: str, passages: Sequence[Lacking], vectors: Vectors) -> None:
    """Keep vectors of the next embedder."""
    _, following = sets_by(connection)
    if following is None or following.name != embedder:
        raise EmbedderMismatch(f"vectors of {embedder} are not being made")
    if vectors.shape != (len(passages), following.dimension):
        raise DimensionMismatch(f"{len(passages)} passages came with vectors of shape {vectors.shape}")
    stored = np.ascontiguousarray(vectors, dtype=np.float32)
    connection.executemany(
        f"""INSERT OR REPLACE INTO {rows.beside(connection)}
            SELECT number, ? FROM passages WHERE tenant_id = ? AND passage_id = ?""",
        [
            (vector.tobytes(), one.tenant_id, one.passage.passage_id)
            for one, vector in zip(passages, stored, strict=True)
        ],
    )


def switch(connection: sqlite3.Connection, embedder: str) -> bool:
    """Let the tables change places, if nothing is lacking."""
    current, following = sets_by(connection)
    if current is not None and current.name == embedder:
        return True
    if following is None or following.name != embedder:
        raise EmbedderMismatch(f"vectors of {embedder} are not being made")
    if lacking(connection, 1):
        return False
    connection.execute(
        """INSERT OR REPLACE INTO document_vectors_by (only, embedder, dimension, spec, place)
           VALUES (1, ?, ?, ?, ?)""",
        (following.name, following.dimension, following.spec, rows.beside(connection)),
    )
    connection.execute("DELETE FROM document_vectors_next")
    return True


def _is_cleared(connection: sqlite3.Connection) -> bool:
    """Remove some of the vectors beside; True if there are no more."""
    beside = rows.beside(connection)
    connection.execute(
        f"DELETE FROM {beside} WHERE number IN (SELECT number FROM {beside} LIMIT ?)", (CLEARED_TOGETHER,)
    )
    return connection.execute(f"SELECT 1 FROM {beside} LIMIT 1").fetchone() is None
