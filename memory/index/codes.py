"""4-bit codes of many vectors (48 bytes each for 384 dimensions), as FAISS scans them; derived from the vectors.

They are trained on a sample, and again whenever there are RETRAINED times as many vectors as the sample stood for.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from memory.index.ranking import Rows
from memory.ports import Vectors

TRAINING_ROWS = 8_192
"""FAISS takes 256 rows for each of the 16 values that a code can have."""
ADDED_TOGETHER = 65_536
RETRAINED = 4
NUMBERS = 4
"""How many of a vector's numbers share a code; zeros fill up the last, which change no product."""


class Codes:
    """Made empty; `cover` trains and adds. One thread writes, any number search."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Name the folder of the kept file; opens nothing."""
        self._folder = folder
        self._dimension = dimension + -dimension % NUMBERS
        self._codes: Any = None
        self._trained_for = 0
        self._saved = 0
        self._lock = Lock()

    def cover(self, vectors: NDArray[np.float16]) -> None:
        """Have codes of all rows of (n, dim) vectors, of which former calls have seen the first. Blocks."""
        if self._codes is None:
            self._load(len(vectors))
        if self._codes is None or len(vectors) >= RETRAINED * self._trained_for:
            fresh = self._trained(vectors)
            self._add(fresh, vectors)
            with self._lock:
                self._codes, self._trained_for = fresh, len(vectors)
        else:
            with self._lock:
                self._add(self._codes, vectors)
        if len(vectors) > self._saved * 1.25:
            self.save()

    def nearest(self, query: Vectors, wanted: int) -> Rows:
        """Return about the `wanted` rows with the largest inner products, in no particular order."""
        _faiss()
        with self._lock:
            _, rows = self._codes.search(self._filled(query.reshape(1, -1)), wanted)
        return rows[0][rows[0] >= 0]

    def save(self) -> None:
        """Keep the codes, so that the next start need not make them."""
        if self._codes is None or self._saved == self._codes.ntotal:
            return
        former = self._kept()
        partial = self._folder / "codes.partial"
        with self._lock:
            _faiss().write_index(self._codes, str(partial))
            self._saved = self._codes.ntotal
        path = self._folder / f"codes-{self._trained_for}.faiss"
        partial.replace(path)
        for other in former:
            if other != path:
                other.unlink()

    def _kept(self) -> list[Path]:
        return sorted(self._folder.glob("codes-*.faiss"))

    def _load(self, count: int) -> None:
        for path in self._kept():
            try:
                codes = _faiss().read_index(str(path))
            except RuntimeError:
                continue
            if codes.d == self._dimension and codes.ntotal <= count:
                self._codes, self._saved = codes, codes.ntotal
                self._trained_for = int(path.stem.partition("-")[2])
                return

    def _trained(self, vectors: NDArray[np.float16]) -> Any:
        library = _faiss()
        codes = library.IndexPQFastScan(self._dimension, self._dimension // NUMBERS, 4, library.METRIC_INNER_PRODUCT)
        step = max(1, len(vectors) // TRAINING_ROWS)
        codes.train(self._filled(vectors[::step][:TRAINING_ROWS]))
        return codes

    def _add(self, codes: Any, vectors: NDArray[np.float16]) -> None:
        for at in range(codes.ntotal, len(vectors), ADDED_TOGETHER):
            codes.add(self._filled(vectors[at : at + ADDED_TOGETHER]))

    def _filled(self, vectors: NDArray[Any]) -> Vectors:
        """Return (n, dim) vectors as float32, as long as the codes take them."""
        missing = self._dimension - vectors.shape[1]
        wide = np.asarray(vectors, np.float32)
        return np.pad(wide, ((0, 0), (0, missing))) if missing else wide


def _faiss() -> Any:
    """Return the library, which a small shard never needs, with one thread for what the caller does next.

    Its threads wait for each other actively: on two cores with other work, training took 70 s instead of 1 s.
    """
    import faiss

    library = cast(Any, faiss)
    library.omp_set_num_threads(1)
    return library
