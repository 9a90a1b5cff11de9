"""The vectors of one shard: a file of float16 rows that only grows, and how the nearest rows are found in it.

Few rows are multiplied exactly, from memory. Many are scanned through 4-bit codes, and the best of that scan are
multiplied exactly from the file, which the system's page cache holds. All products run in the calling thread:
threads that a product starts for itself wait for each other when the processor is busy, ten times its own length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from memory.index.codes import Codes
from memory.index.ranking import EMPTY, Mask, Ranking, Rows, best, order
from memory.ports import Vectors

EXACT_ROWS = 4_096
"""Up to here a product over all rows is as fast as anything."""
GATHERED_ROWS = 2_048
"""Up to here the rows that a filter leaves are multiplied one and all."""
REFINED = 240


class VectorFile:
    """Rows of (dim,) float16 in a file. What lies beyond the committed rows is overwritten by the next append."""

    def __init__(self, path: Path, dimension: int) -> None:
        """Name the file; it is made with the first append."""
        self._path = path
        self._dimension = dimension
        self._exact = np.empty((0, dimension), np.float32)
        self._mapped: NDArray[np.float16] = np.empty((0, dimension), np.float16)
        self._codes = Codes(path.parent, dimension)

    def append(self, count: int, vectors: Vectors) -> None:
        """Write rows after the first `count`, durably; the caller's commit makes them count."""
        if not len(vectors):
            return
        mode = "r+b" if self._path.exists() else "w+b"
        with self._path.open(mode) as out:
            out.seek(count * self._dimension * 2)
            out.write(np.ascontiguousarray(vectors, np.float16).tobytes())
            out.flush()
            os.fsync(out.fileno())

    def wipe(self, rows: Sequence[int]) -> None:
        """Overwrite rows with zeros: what was deleted must not stay readable."""
        if not rows:
            return
        with self._path.open("r+b") as out:
            for row in rows:
                out.seek(row * self._dimension * 2)
                out.write(bytes(self._dimension * 2))

    def load(self, count: int) -> None:
        """Make the first `count` rows searchable."""
        if count:
            self._mapped = np.asarray(np.memmap(self._path, np.float16, "r", shape=(count, self._dimension)))
        if count <= EXACT_ROWS:
            self._exact = self._grown(count)
        else:
            # In this order: a search that runs meanwhile must find one of the two.
            self._codes.cover(self._mapped)
            self._exact = np.empty((0, self._dimension), np.float32)

    def nearest(self, query: Vectors, top_k: int, count: int, mask: Mask | None) -> Ranking:
        """Return the rows of the first `count` nearest to a query, of those that a mask (count,) leaves."""
        exact = self._exact
        if len(exact) >= count:
            scores = np.vecdot(exact[:count], query)
            if mask is not None:
                scores[~mask] = -np.inf
            return best(scores, top_k)
        selected = count if mask is None else int(np.count_nonzero(mask))
        if not selected:
            return EMPTY
        if mask is not None and selected <= GATHERED_ROWS:
            return self._multiplied(np.flatnonzero(mask), query, top_k)
        wanted = min(count, int(max(REFINED, 2 * top_k) * count / selected * 1.2) + 16)
        rows = self._codes.nearest(query, wanted)
        rows = rows[rows < count]
        if mask is not None:
            rows = rows[mask[rows]]
        return self._multiplied(rows[: max(REFINED, 2 * top_k)], query, top_k)

    def at(self, rows: Rows) -> Vectors:
        """Return the vectors of some rows, (len(rows), dim) float32."""
        exact = self._exact
        return exact.take(rows, 0) if len(rows) and rows[-1] < len(exact) else widened(self._mapped.take(rows, 0))

    def save(self) -> None:
        """Keep what was derived, so that the next start need not make it."""
        self._codes.save()

    def _grown(self, count: int) -> Vectors:
        have = len(self._exact)
        fresh = widened(self._mapped[have:count])
        return np.concatenate([self._exact[:have], fresh]) if have else fresh

    def _multiplied(self, rows: Rows, query: Vectors, top_k: int) -> Ranking:
        rows = np.sort(rows)
        return order(rows, np.vecdot(widened(self._mapped.take(rows, 0)), query), top_k)


def widened(halves: NDArray[np.float16]) -> Vectors:
    """Return finite float16 as float32, exactly and five times as fast as astype: bits move, exponents are scaled."""
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(_SIGN_EXPONENT_FRACTION)
    values = bits.view(np.float32)
    values *= _EXPONENT_BIAS
    return values


_SIGN_EXPONENT_FRACTION = 0x8FFFE000 - 2**32
_EXPONENT_BIAS = np.float32(2.0 ** (127 - 15))
