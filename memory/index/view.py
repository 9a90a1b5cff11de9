"""What a shard holds in memory of its rows: a few numbers each, never text. A commit replaces the view as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.index.ranking import Mask, Scores


class Row(NamedTuple):
    """One passage: its number, its document's number, how many terms it has."""

    row: int
    doc: int
    length: int
    kind: str
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """By row number, for rows 0 to count - 1; rows that are not alive have been deleted.

    kind and language hold places in `kinds` and `languages`, -1 where a row is not alive from the start.
    """

    count: int
    alive: Mask
    doc: NDArray[np.int32]
    lengths: Scores
    kind: NDArray[np.int16]
    language: NDArray[np.int16]
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


NOTHING = View(
    0,
    np.zeros(0, np.bool_),
    np.zeros(0, np.int32),
    np.zeros(0, np.float32),
    np.zeros(0, np.int16),
    np.zeros(0, np.int16),
)


def changed(view: View, count: int, added: Sequence[Row], gone: Sequence[int]) -> View:
    """Return a view of `count` rows: those of a view, without the gone ones, and added ones behind them."""
    kinds = tuple(dict.fromkeys((*view.kinds, *(row.kind for row in added))))
    languages = tuple(dict.fromkeys((*view.languages, *(row.language for row in added))))
    more = count - view.count
    alive = np.concatenate([view.alive, np.zeros(more, np.bool_)])
    doc = np.concatenate([view.doc, np.zeros(more, np.int32)])
    lengths = np.concatenate([view.lengths, np.zeros(more, np.float32)])
    kind = np.concatenate([view.kind, np.full(more, -1, np.int16)])
    language = np.concatenate([view.language, np.full(more, -1, np.int16)])
    rows = np.array([row.row for row in added], np.int64)
    alive[rows] = True
    alive[np.array(gone, np.int64)] = False
    doc[rows] = [row.doc for row in added]
    lengths[rows] = [row.length for row in added]
    kind[rows] = _places(kinds, [row.kind for row in added])
    language[rows] = _places(languages, [row.language for row in added])
    return View(count, alive, doc, lengths, kind, language, kinds, languages)


def _places(names: Sequence[str], values: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(names)}
    return [places[value] for value in values]
