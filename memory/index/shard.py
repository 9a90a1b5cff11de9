"""One tenant's part of the local index: a SQLite file of rows, facets and postings, and a file of vectors.

A batch of changes is one commit. Searches read a view that a commit replaces as a whole; they never wait for a
writer.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from memory.errors import DimensionMismatch
from memory.index import filing, lexical, scoring
from memory.index.analysis import query_terms, with_codes
from memory.index.found import Found
from memory.index.fusion import fuse
from memory.index.postings import KeptPostings
from memory.index.ranking import EMPTY, Ranking
from memory.index.schema import TABLES
from memory.index.selection import select
from memory.index.vectors import VectorFile
from memory.index.view import NOTHING, Row, View, changed
from memory.ports import PassageRows, SearchQuery
from memory.records import Filters, Metadata, Scope

DEPTH = 100
"""How far down each side's ranking is looked at, at least."""
PURGED_SHARE = 0.2
"""Deleted rows whose words are still in posting lists, as a share of all rows, from which a purge is worth it."""
PURGED_EVERY_S = 3_600.0
"""How long words of deleted rows may stay there where they are few."""
KEPT_FIELDS = 16
"""How many scopes with their filters a shard keeps the masks of."""


class ShardResult(NamedTuple):
    """The whole ranking with both sides', and the inverse document frequency of each query word's stem."""

    ranking: Ranking
    dense: Ranking
    lexical: Ranking
    weights: Mapping[str, float]


class Shard:
    """Opened by its constructor, closed by `close`. One thread writes; any number search."""

    def __init__(self, folder: Path, dimension: int, postings: KeptPostings) -> None:
        """Open or make a shard; blocks. Raises sqlite3.DatabaseError if its file is damaged."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "shard.db"
        self._dimension = dimension
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._postings = postings
        self._fields: dict[Any, scoring.Field] = {}
        self._purge_at = monotonic() + PURGED_EVERY_S
        self._writer = self._connect()
        if not self._writer.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            self._writer.executescript(f"BEGIN; {TABLES} COMMIT;")
        self._vectors = VectorFile(folder / "vectors.f16", dimension)
        self._view = NOTHING
        self._show(self._load())

    @property
    def passages(self) -> int:
        """How many passages can be found."""
        return int(np.count_nonzero(self._view.alive))

    def apply(self, puts: Sequence[PassageRows], deletes: Sequence[str]) -> None:
        """Take documents away and add new ones, in one commit; doing it again changes nothing. Blocks."""
        count = self._view.count
        vectors = [put.vectors for put in puts if len(put.passages)]
        if any(rows.shape[1] != self._dimension for rows in vectors):
            raise DimensionMismatch(f"the index holds vectors of {self._dimension} dimensions")
        if vectors:
            self._vectors.append(count, np.concatenate(vectors))
        with filing.transaction(self._writer):
            gone = filing.delete(self._writer, (*deletes, *(put.document.document_id for put in puts)))
            added = filing.insert(self._writer, puts, count)
            lexical.add_segment(self._writer, count, [filed.terms for filed in added])
            self._writer.execute("INSERT OR REPLACE INTO meta VALUES ('count', ?)", (count + len(added),))
        self._vectors.wipe(gone)
        self._show(changed(self._view, count + len(added), [filed.row for filed in added], gone))

    @property
    def holes(self) -> int:
        """How many rows are kept for passages that are gone."""
        return self._view.count - self.passages

    def purge(self) -> None:
        """Take deleted rows out of the posting lists once they are many, or after a time, in one commit. Blocks."""
        held = self._writer.execute("SELECT value FROM meta WHERE key = 'purged'").fetchone()
        view, holes, is_time = self._view, self.holes, monotonic() >= self._purge_at
        if holes - (held["value"] if held else 0) <= (0 if is_time else PURGED_SHARE * view.count):
            return
        self._purge_at = monotonic() + PURGED_EVERY_S
        with filing.transaction(self._writer):
            lexical.purge(self._writer, view.alive)
            self._writer.execute("INSERT OR REPLACE INTO meta VALUES ('purged', ?)", (holes,))

    def search(self, scope: Scope, query: SearchQuery) -> ShardResult:
        """Return the ranking of all that was found. Blocks."""
        view, connection = self._view, self._reader()
        if not view.count:
            return ShardResult(EMPTY, EMPTY, EMPTY, {})
        depth = max(DEPTH, 2 * query.top_k)
        field = self._field(view, connection, scope, query.filters)
        dense = self._dense(view, query, field, depth)
        read = partial(self._postings.get, connection, view)
        terms = query_terms(query.text, view.languages)
        terms = with_codes(query.text, view.languages, terms, lambda variants: bool(read(variants).size))
        words = scoring.search(terms, read, field, depth)
        return ShardResult(self._merged(query, field, dense, words), dense, words.ranking, words.weights)

    def describe(self, result: ShardResult, start: int, count: int) -> Sequence[Found]:
        """Return some rows of a ranking as hits need them; rows that have gone meanwhile are left out. Blocks."""
        rows = result.ranking.rows[start : start + count].tolist()
        known = _known(self._reader(), rows)
        dense, words = _places(result.dense, rows), _places(result.lexical, rows)
        return [
            Found(*known[row], score=score, dense=dense.get(row), lexical=words.get(row))
            for row, score in zip(rows, result.ranking.scores[start : start + count].tolist(), strict=True)
            if row in known
        ]

    def close(self) -> None:
        """Close the files; blocks."""
        self._vectors.save()
        self._postings.forget(self._view)
        for connection in self._opened:
            connection.close()

    def _field(self, view: View, connection: sqlite3.Connection, scope: Scope, filters: Filters) -> scoring.Field:
        """Return what a scope and its filters leave; the last few answers are kept until the view changes."""
        wanted = tuple(sorted((key, repr(value)) for key, value in filters.items()))
        key = (view, scope.user_id, scope.groups, wanted)
        field = self._fields.get(key)
        if field is None:
            selection = select(connection, view, scope, filters)
            field = scoring.field_of(view.lengths, selection.readable, selection.selected)
            kept = self._fields if len(self._fields) < KEPT_FIELDS else {}
            self._fields = {**kept, key: field}
        return field

    def _dense(self, view: View, query: SearchQuery, field: scoring.Field, depth: int) -> Ranking:
        if query.mode == "lexical" or query.vector is None:
            return EMPTY
        if query.vector.shape != (self._dimension,):
            raise DimensionMismatch(f"the index holds {self._dimension} dimensions, the query {query.vector.shape}")
        return self._vectors.nearest(query.vector, depth, view.count, field.selected)

    def _merged(self, query: SearchQuery, field: scoring.Field, dense: Ranking, words: scoring.Found) -> Ranking:
        match query.mode:
            case "dense":
                return dense
            case "lexical":
                return words.ranking
            case "hybrid":
                return fuse(query, dense, words, field, self._vectors.at)

    def _show(self, view: View) -> None:
        self._vectors.load(view.count)
        former, self._view, self._fields = self._view, view, {}
        self._postings.forget(former)

    def _load(self) -> View:
        held = self._writer.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()
        found = self._writer.execute("SELECT row, doc, length, kind, language FROM rows")
        return changed(NOTHING, held["value"] if held else 0, [Row(*row) for row in found], ())

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
        connection.execute("PRAGMA cache_size = -16384")
        self._opened.append(connection)
        return connection


def _places(side: Ranking, wanted: Sequence[int]) -> dict[int, tuple[int, float]]:
    """Return rank, from 1, and score of those of some rows that a side found."""
    at = {row: place for place, row in enumerate(side.rows.tolist())}
    return {row: (at[row] + 1, float(side.scores[at[row]])) for row in wanted if row in at}


def _known(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, tuple[str, str, str, Metadata]]:
    """Return passage_id, source, title and metadata of the rows that are there."""
    query = """SELECT r.row, r.passage_id, d.source, d.title, d.metadata FROM rows r JOIN docs d ON d.doc = r.doc
               WHERE r.row IN (SELECT value FROM json_each(?))"""
    return {
        row: (passage_id, source, title, json.loads(metadata))
        for row, passage_id, source, title, metadata in connection.execute(query, (json.dumps(rows),))
    }
