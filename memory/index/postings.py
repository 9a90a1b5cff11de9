"""Posting lists as searches read them from a shard's file, and the latest ones kept, for all shards together."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.index.view import View

SPREAD_SHARE = 0.2
"""A word that more of the rows hold is kept as one byte a row, which is smaller than a list of its rows."""
KEPT_BYTES = 48 * 2**20
ENTRY_BYTES = 512
"""What a kept list costs beside its arrays."""


class Postings(NamedTuple):
    """Which rows hold a word (or any of its variants), and how often; counts stop at 255.

    rows: ascending, with counts beside them; None: counts has a place for every row, 0 where the word is not.
    """

    rows: NDArray[np.int32] | None
    counts: NDArray[np.uint8]
    size: int
    most: int

    def counts_at(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return how often the word stands in each of some rows."""
        if self.rows is None:
            return self.counts[rows].astype(np.float32)
        places = self.rows.searchsorted(rows)
        counts = self.counts.take(places, mode="clip").astype(np.float32)
        counts *= self.rows.take(places, mode="clip") == rows
        return counts

    def held_by(self, mask: NDArray[np.bool_]) -> int:
        """Return how many rows of a mask hold the word."""
        return int(np.count_nonzero(mask[self.rows] if self.rows is not None else mask & (self.counts > 0)))


class KeptPostings:
    """The posting lists read last, up to a size; safe to share between threads and shards."""

    def __init__(self, limit_bytes: int = KEPT_BYTES) -> None:
        """Keep nothing yet."""
        self._limit = limit_bytes
        self._held: OrderedDict[tuple[View, frozenset[str]], Postings] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, connection: sqlite3.Connection, view: View, variants: frozenset[str]) -> Postings:
        """Return the list of a view's rows that hold any of the terms."""
        key = (view, variants)
        with self._lock:
            if (known := self._held.get(key)) is not None:
                self._held.move_to_end(key)
                return known
        found = read(connection, variants, view.count)
        with self._lock:
            if key not in self._held:
                self._held[key] = found
                self._bytes += _bytes(found)
            while self._bytes > self._limit:
                self._bytes -= _bytes(self._held.popitem(last=False)[1])
        return found

    def forget(self, view: View) -> None:
        """Drop what was read for a view that another has replaced."""
        with self._lock:
            for key in [key for key in self._held if key[0] is view]:
                self._bytes -= _bytes(self._held.pop(key))


def read(connection: sqlite3.Connection, variants: Iterable[str], count: int) -> Postings:
    """Return the rows below `count` that hold any of the terms."""
    found = [
        row
        for term in sorted(variants)
        for row in connection.execute("SELECT rows, counts FROM postings WHERE term = ? ORDER BY segment", (term,))
    ]
    rows = np.frombuffer(b"".join(row["rows"] for row in found), np.int32)
    counts = np.frombuffer(b"".join(row["counts"] for row in found), np.uint8)
    if len(rows) and rows.max() >= count:
        counts, rows = counts[rows < count], rows[rows < count]
    if len(rows) > 1 and not bool(np.all(rows[1:] > rows[:-1])):
        rows, places = np.unique(rows, return_inverse=True)
        counts = np.minimum(np.bincount(places, counts), 255).astype(np.uint8)
    most = int(counts.max()) if len(counts) else 0
    if len(rows) <= SPREAD_SHARE * count:
        return Postings(rows, counts, len(rows), most)
    spread = np.zeros(count, np.uint8)
    spread[rows] = counts
    return Postings(None, spread, len(rows), most)


def _bytes(postings: Postings) -> int:
    return postings.counts.nbytes + (0 if postings.rows is None else postings.rows.nbytes) + ENTRY_BYTES
