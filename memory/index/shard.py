"""One tenant's part of the local index: a SQLite file of rows, facets and postings, and a file of vectors.

A batch of changes is one commit. Searches read a view that a commit replaces as a whole; they never wait for a
writer.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memory.errors import DimensionMismatch
from memory.index import lexical
from memory.index.analysis import passage_terms, query_terms
from memory.index.ranking import EMPTY, Ranking, Scores, fuse
from memory.index.schema import TABLES
from memory.index.selection import RowTable, Selection, facet, select
from memory.index.vectors import VectorFile
from memory.ports import PassageRows, SearchQuery
from memory.records import Metadata, Passage, Scope

DEPTH = 100
"""How far down each side's ranking is looked at, at least."""


class Found(NamedTuple):
    """One row that a search found: everything of a Hit but the passage itself."""

    passage_id: str
    source: str
    title: str
    metadata: Metadata
    score: float
    dense: tuple[int, float] | None
    lexical: tuple[int, float] | None


class ShardResult(NamedTuple):
    """Rows best first, and the inverse document frequency of each query word's stem."""

    found: Sequence[Found]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _View:
    count: int
    lengths: Scores
    table: RowTable


class Shard:
    """Opened by its constructor, closed by `close`. One thread writes; any number search."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Open or make a shard; blocks. Raises sqlite3.DatabaseError if its file is damaged."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "shard.db"
        self._dimension = dimension
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._writer = self._connect()
        if not self._writer.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            self._writer.executescript(f"BEGIN; {TABLES} COMMIT;")
        self._vectors = VectorFile(folder / "vectors.f16", dimension)
        self._view = self._load()

    @property
    def passages(self) -> int:
        """How many passages can be found."""
        return int(np.count_nonzero(self._view.table.alive))

    def apply(self, puts: Sequence[PassageRows], deletes: Sequence[str]) -> None:
        """Take documents away and add new ones, in one commit; doing it again changes nothing. Blocks."""
        count = self._view.count
        vectors = [put.vectors for put in puts if len(put.passages)]
        if any(rows.shape[1] != self._dimension for rows in vectors):
            raise DimensionMismatch(f"the index holds vectors of {self._dimension} dimensions")
        if vectors:
            self._vectors.append(count, np.concatenate(vectors))
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for document_id in (*deletes, *(put.document.document_id for put in puts)):
                self._delete(document_id)
            terms = [row_terms for put in puts for row_terms in self._insert(put)]
            lexical.add_segment(self._writer, count, terms)
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        self._view = self._load()

    def search(self, scope: Scope, query: SearchQuery) -> ShardResult:
        """Return the best rows of the whole ranking, at least top_k where there are so many. Blocks."""
        view, connection = self._view, self._reader()
        if not view.count:
            return ShardResult([], {})
        depth = max(DEPTH, 2 * query.top_k)
        selection = select(connection, view.table, scope, query.filters)
        dense = self._dense(view, query, selection, depth)
        words = self._lexical(connection, view, query, selection, depth)
        if query.mode == "dense":
            return ShardResult(_describe(connection, dense, dense, EMPTY), words.weights)
        if query.mode == "lexical":
            return ShardResult(_describe(connection, words.ranking, EMPTY, words.ranking), words.weights)
        fused = fuse(dense, words.ranking, query.weights)
        return ShardResult(_describe(connection, fused, dense, words.ranking), words.weights)

    def close(self) -> None:
        """Close the files; blocks."""
        self._vectors.save()
        for connection in self._opened:
            connection.close()

    def _dense(self, view: _View, query: SearchQuery, selection: Selection, depth: int) -> Ranking:
        if query.mode == "lexical" or query.vector is None:
            return EMPTY
        if query.vector.shape != (self._dimension,):
            raise DimensionMismatch(f"the index holds {self._dimension} dimensions, the query {query.vector.shape}")
        return self._vectors.nearest(query.vector, depth, view.count, selection.selected)

    def _lexical(
        self, connection: sqlite3.Connection, view: _View, query: SearchQuery, selection: Selection, depth: int
    ) -> lexical.Found:
        terms = query_terms(query.text, view.table.names["language"])
        return lexical.search(connection, terms, lexical.Field(view.lengths, *selection), depth)

    def _insert(self, put: PassageRows) -> list[list[str]]:
        """Add a document and its rows; return the rows' terms."""
        document = put.document
        doc = self._next("docs", "doc")
        fields = (document.source, document.title, document.collection, document.media_type)
        access = document.access
        names = [f"group:{group}" for group in access.groups]
        names += [f"user:{access.owner}"] if access.owner is not None else []
        self._writer.execute(
            "INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (doc, document.document_id, document.version_id, *fields, json.dumps(dict(document.metadata)), bool(names)),
        )
        self._writer.executemany("INSERT OR IGNORE INTO readers VALUES (?, ?)", [(name, doc) for name in names])
        self._insert_facets("doc", doc, list(document.metadata.items()))
        return [self._insert_row(passage, doc, passage.language or document.language) for passage in put.passages]

    def _insert_row(self, passage: Passage, doc: int, language: str) -> list[str]:
        terms = passage_terms(f"{passage.context}\n{passage.text}", language)
        row = self._meta("count")
        self._writer.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            (row, passage.passage_id, doc, len(terms), passage.kind, language),
        )
        self._set_meta("count", row + 1)
        self._insert_facets("row", row, passage.fields)
        return terms

    def _insert_facets(self, kind: str, owner: int, values: Sequence[tuple[str, Any]]) -> None:
        self._writer.executemany(
            f"INSERT INTO {kind}_facets VALUES (?, ?, ?, ?)",
            [(key, *facet(value), owner) for key, value in values],
        )

    def _delete(self, document_id: str) -> None:
        found = self._writer.execute("SELECT doc FROM docs WHERE document_id = ?", (document_id,)).fetchone()
        if found is None:
            return
        doc = found["doc"]
        self._writer.execute("DELETE FROM row_facets WHERE owner IN (SELECT row FROM rows WHERE doc = ?)", (doc,))
        for statement in (
            "DELETE FROM rows WHERE doc = ?",
            "DELETE FROM doc_facets WHERE owner = ?",
            "DELETE FROM readers WHERE doc = ?",
            "DELETE FROM docs WHERE doc = ?",
        ):
            self._writer.execute(statement, (doc,))

    def _load(self) -> _View:
        count = self._meta("count")
        found = self._writer.execute("SELECT row, doc, length, kind, language FROM rows WHERE row < ?", (count,))
        return _fill(count, found.fetchall(), self._vectors)

    def _next(self, table: str, column: str) -> int:
        return self._writer.execute(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").fetchone()[0]

    def _meta(self, key: str) -> int:
        row = self._writer.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else 0

    def _set_meta(self, key: str, value: int) -> None:
        self._writer.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        self._opened.append(connection)
        return connection


def _fill(count: int, found: Sequence[sqlite3.Row], vectors: VectorFile) -> _View:
    vectors.load(count)
    rows = np.fromiter((row[0] for row in found), np.int64, len(found))
    alive = np.zeros(count, np.bool_)
    alive[rows] = True
    doc, lengths = np.zeros(count, np.int32), np.zeros(count, np.float32)
    doc[rows] = np.fromiter((row[1] for row in found), np.int32, len(found))
    lengths[rows] = np.fromiter((row[2] for row in found), np.float32, len(found))
    codes: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    for at, key in ((3, "kind"), (4, "language")):
        names[key] = sorted({row[at] for row in found})
        numbers = {name: number for number, name in enumerate(names[key])}
        codes[key] = np.full(count, -1, np.int32)
        codes[key][rows] = np.fromiter((numbers[row[at]] for row in found), np.int32, len(found))
    return _View(count, lengths, RowTable(alive, doc, codes, names))


def _describe(connection: sqlite3.Connection, ranking: Ranking, dense: Ranking, words: Ranking) -> Sequence[Found]:
    """Say of each ranked row what a Hit needs; rows that have gone meanwhile are left out."""
    rows = ranking.rows.tolist()
    places = [
        {
            row: (rank, score)
            for rank, (row, score) in enumerate(zip(side.rows.tolist(), side.scores.tolist(), strict=True), 1)
        }
        for side in (dense, words)
    ]
    query = """SELECT r.row, r.passage_id, d.source, d.title, d.metadata FROM rows r JOIN docs d ON d.doc = r.doc
               WHERE r.row IN (SELECT value FROM json_each(?))"""
    known = {row["row"]: row for row in connection.execute(query, (json.dumps(rows),))}
    return [
        Found(
            passage_id=held["passage_id"],
            source=held["source"],
            title=held["title"],
            metadata=json.loads(held["metadata"]),
            score=score,
            dense=places[0].get(row),
            lexical=places[1].get(row),
        )
        for row, score in zip(rows, ranking.scores.tolist(), strict=True)
        if (held := known.get(row)) is not None
    ]
