"""The vectors of one shard: a file of float16 rows that only grows, and how the nearest rows are found in it.

Few rows are multiplied exactly, from memory. Many are scanned through 4-bit codes that FAISS keeps (48 bytes a
row), and the best of that scan are multiplied exactly from the file, which the system's page cache holds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from memory.index.ranking import EMPTY, Mask, Ranking, Rows, best, order
from memory.ports import Vectors

EXACT_ROWS = 20_000
"""Up to here a product over all rows is as fast as anything."""
GATHERED_ROWS = 4_096
"""Up to here the rows that a filter leaves are multiplied one and all."""
REFINED = 160
TRAINING_ROWS = 65_536
CODES = 96


class VectorFile:
    """Rows of (dim,) float16 in a file. What lies beyond the committed rows is overwritten by the next append."""

    def __init__(self, path: Path, dimension: int) -> None:
        """Name the file; it is made with the first append."""
        self._path = path
        self._dimension = dimension
        self._codes_path = path.with_name("codes.faiss")
        self._exact = np.empty((0, dimension), np.float32)
        self._mapped: NDArray[np.float16] = np.empty((0, dimension), np.float16)
        self._codes: Any = None
        self._saved = 0
        self._lock = Lock()

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
            self._mapped = np.memmap(self._path, np.float16, "r", shape=(count, self._dimension))
        if count <= EXACT_ROWS:
            self._exact = self._grown(count)
        else:
            # In this order: a search that runs meanwhile must find one of the two.
            self._load_codes(count)
            self._exact = np.empty((0, self._dimension), np.float32)

    def nearest(self, query: Vectors, top_k: int, count: int, mask: Mask | None) -> Ranking:
        """Return the rows of the first `count` nearest to a query, of those that a mask (count,) leaves."""
        exact = self._exact
        if len(exact) >= count:
            scores = exact[:count] @ query
            if mask is not None:
                scores[~mask] = -np.inf
            return best(scores, top_k)
        selected = count if mask is None else int(np.count_nonzero(mask))
        if not selected:
            return EMPTY
        if mask is not None and selected <= GATHERED_ROWS:
            return self._multiplied(np.flatnonzero(mask), query, top_k)
        wanted = min(count, int(max(REFINED, 2 * top_k) * count / selected * 1.2) + 16)
        rows = self._scan(query, wanted)
        rows = rows[rows < count]
        if mask is not None:
            rows = rows[mask[rows]]
        return self._multiplied(rows[: max(REFINED, 2 * top_k)], query, top_k)

    def save(self) -> None:
        """Keep the codes, so that the next start need not make them."""
        if self._codes is None or self._saved == self._codes.ntotal:
            return
        import faiss

        partial = self._codes_path.with_suffix(".partial")
        with self._lock:
            cast(Any, faiss).write_index(self._codes, str(partial))
            self._saved = self._codes.ntotal
        partial.replace(self._codes_path)

    def _grown(self, count: int) -> Vectors:
        have = len(self._exact)
        fresh = np.asarray(self._mapped[have:count], np.float32)
        return np.concatenate([self._exact[:have], fresh]) if have else fresh

    def _multiplied(self, rows: Rows, query: Vectors, top_k: int) -> Ranking:
        rows = np.sort(rows)
        return order(rows, np.asarray(self._mapped[rows], np.float32) @ query, top_k)

    def _scan(self, query: Vectors, wanted: int) -> Rows:
        with self._lock:
            _, rows = self._codes.search(query.reshape(1, -1), wanted)
        return rows[0][rows[0] >= 0]

    def _load_codes(self, count: int) -> None:
        if self._codes is None:
            self._codes = self._kept_codes(count) or self._trained(count)
        with self._lock:
            have = self._codes.ntotal
            for at in range(have, count, TRAINING_ROWS):
                self._codes.add(np.asarray(self._mapped[at : min(count, at + TRAINING_ROWS)], np.float32))
        if count > self._saved * 1.25:
            self.save()

    def _kept_codes(self, count: int) -> Any:
        import faiss

        if not self._codes_path.exists():
            return None
        try:
            codes = cast(Any, faiss).read_index(str(self._codes_path))
        except RuntimeError:
            return None
        if codes.d != self._dimension or codes.ntotal > count:
            return None
        self._saved = codes.ntotal
        return codes

    def _trained(self, count: int) -> Any:
        # Imported here: a shard that is small never needs it.
        import faiss

        library = cast(Any, faiss)
        codes = library.IndexPQFastScan(self._dimension, CODES, 4, library.METRIC_INNER_PRODUCT)
        step = max(1, count // TRAINING_ROWS)
        codes.train(np.asarray(self._mapped[:count:step][:TRAINING_ROWS], np.float32))
        return codes
