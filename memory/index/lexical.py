"""Posting lists in a shard's file as they are written: segments are written once, and merged when there are many."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from memory.index.ranking import Mask

PURGED_TOGETHER = 8_192
"""Posting lists that a purge holds in memory."""


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
