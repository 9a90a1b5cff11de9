"""BM25 over posting lists that a shard's file keeps: segments are written once, and merged when there are many.

Source: Okapi BM25 with k1 = 1.2, b = 0.75 and the idf of Lucene; Robertson and Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.index.ranking import EMPTY, Mask, Ranking, Scores, best

K1, B = 1.2, 0.75
LEAST = 1e-9
"""A row that has a query word scores more."""
PURGED_TOGETHER = 8_192
"""Posting lists that a purge holds in memory."""


class Field(NamedTuple):
    """Rows as BM25 sees them: how many are readable, and k1 * (1 - b + b * length / mean length) of each row.

    readable: whose statistics count. selected: what may be found. None: all rows.
    """

    total: int
    norms: Scores
    readable: Mask | None
    selected: Mask | None


class Found(NamedTuple):
    """A ranking, and the inverse document frequency of each query word's stem."""

    ranking: Ranking
    weights: dict[str, float]

    def shares(self) -> Ranking:
        """Return the ranking with each score as a share of the most that BM25 can give to these query words."""
        most = (K1 + 1) * sum(self.weights.values()) or 1.0
        return Ranking(self.ranking.rows, self.ranking.scores / np.float32(most))


def field_of(lengths: Scores, readable: Mask | None, selected: Mask | None) -> Field:
    """Return what stays the same for all searches over the same rows."""
    counted = lengths if readable is None else lengths[readable]
    mean = max(float(counted.mean()), 1e-9) if len(counted) else 1.0
    return Field(len(counted), (K1 * (1 - B + B * lengths / mean)).astype(np.float32), readable, selected)


def search(connection: sqlite3.Connection, terms: Mapping[str, frozenset[str]], field: Field, top_k: int) -> Found:
    """Return the best rows for query terms; rows without any of them are no hits."""
    if not field.total:
        return Found(EMPTY, {})
    postings = {stem: _postings(connection, variants, len(field.norms)) for stem, variants in terms.items()}
    weights = {stem: _idf(field, rows) for stem, (rows, _) in postings.items()}
    scores = np.zeros(len(field.norms), np.float32)
    for stem, (rows, counts) in postings.items():
        scores[rows] += np.float32(weights[stem] * (K1 + 1)) * (counts / (counts + field.norms[rows]))
    if field.selected is not None:
        scores[~field.selected] = 0
    return Found(best(scores, top_k, floor=LEAST), weights)


def _idf(field: Field, rows: NDArray[np.int32]) -> float:
    known = len(rows) if field.readable is None else int(np.count_nonzero(field.readable[rows]))
    return log1p((field.total - known + 0.5) / (known + 0.5))


def add_segment(connection: sqlite3.Connection, first_row: int, passages: Sequence[Sequence[str]]) -> None:
    """File the terms of new rows, numbered from first_row, and merge segments where there are many."""
    if not passages:
        return
    rows: defaultdict[str, list[int]] = defaultdict(list)
    counts: defaultdict[str, list[int]] = defaultdict(list)
    for row, terms in enumerate(passages, first_row):
        for term, count in Counter(terms).items():
            rows[term].append(row)
            counts[term].append(min(count, 255))
    segment = connection.execute("SELECT coalesce(max(segment), 0) + 1 FROM segments").fetchone()[0]
    connection.execute("INSERT INTO segments VALUES (?, ?)", (segment, len(passages)))
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?)",
        [(term, segment, np.array(rows[term], np.int32).tobytes(), bytes(counts[term])) for term in sorted(rows)],
    )
    if batch := _crowded(connection):
        merge(connection, batch)


def merge(connection: sqlite3.Connection, segments: Sequence[int]) -> None:
    """Make one segment of several, under the number of the last."""
    marks = ", ".join("?" * len(segments))
    found = connection.execute(
        f"SELECT term, rows, counts FROM postings WHERE segment IN ({marks}) ORDER BY term, segment", segments
    ).fetchall()
    size = connection.execute(f"SELECT sum(rows) FROM segments WHERE segment IN ({marks})", segments).fetchone()[0]
    for table in ("postings", "segments"):
        connection.execute(f"DELETE FROM {table} WHERE segment IN ({marks})", segments)
    connection.execute("INSERT INTO segments VALUES (?, ?)", (segments[-1], size))
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?)",
        [(term, segments[-1], *_joined(list(group))) for term, group in groupby(found, key=lambda row: row["term"])],
    )


def purge(connection: sqlite3.Connection, alive: Mask) -> None:
    """Take rows that are not alive out of all posting lists, and the terms that only they had."""
    after: tuple[str, int] = ("", 0)
    while found := connection.execute(
        """SELECT term, segment, rows, counts FROM postings WHERE (term, segment) > (?, ?)
           ORDER BY term, segment LIMIT ?""",
        (*after, PURGED_TOGETHER),
    ).fetchall():
        after = (found[-1]["term"], found[-1]["segment"])
        changed = [
            (rows, counts, row["term"], row["segment"])
            for row in found
            for rows, counts in [_living(row["rows"], row["counts"], alive)]
            if len(rows) < len(row["rows"])
        ]
        connection.executemany("UPDATE postings SET rows = ?, counts = ? WHERE term = ? AND segment = ?", changed)
    connection.execute("DELETE FROM postings WHERE length(rows) = 0")


def _joined(group: Sequence[sqlite3.Row]) -> tuple[bytes, bytes]:
    return b"".join(row["rows"] for row in group), b"".join(row["counts"] for row in group)


def _living(rows: bytes, counts: bytes, alive: Mask) -> tuple[bytes, bytes]:
    numbers = np.frombuffer(rows, np.int32)
    kept = alive[numbers]
    return numbers[kept].tobytes(), np.frombuffer(counts, np.uint8)[kept].tobytes()


def _crowded(connection: sqlite3.Connection) -> list[int]:
    """Return the newest segments that should be one, oldest first: each older one at most twice the newer ones."""
    newest: list[int] = []
    size = 0
    for row in connection.execute("SELECT segment, rows FROM segments ORDER BY segment DESC"):
        if newest and row["rows"] > 2 * size:
            break
        newest.append(row["segment"])
        size += row["rows"]
    return newest[::-1] if len(newest) > 1 else []


def _postings(connection: sqlite3.Connection, variants: Iterable[str], count: int) -> tuple[NDArray[np.int32], Scores]:
    """Return the rows below `count` that hold any of the terms, in order, with how often."""
    found = [
        row
        for term in sorted(variants)
        for row in connection.execute("SELECT rows, counts FROM postings WHERE term = ? ORDER BY segment", (term,))
    ]
    rows = np.frombuffer(b"".join(row["rows"] for row in found), np.int32)
    counts = np.frombuffer(b"".join(row["counts"] for row in found), np.uint8).astype(np.float32)
    if len(rows) and rows.max() >= count:
        counts, rows = counts[rows < count], rows[rows < count]
    if len(rows) < 2 or bool(np.all(rows[1:] > rows[:-1])):
        return rows, counts
    unique, places = np.unique(rows, return_inverse=True)
    return unique, np.bincount(places, counts).astype(np.float32)
