"""Whose vectors the MongoDB document store holds: one small document, changed by steps of the log.

A passage has room for two vectors and notes in `made` for which embedder it got the newest one: embedders are
numbered as they come, so that a passage lacks the next one's vector exactly if `made` is below its number.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from memory.document_ports import Maker
from memory.documents.mongodb_log import STATE
from memory.errors import DimensionMismatch, EmbedderMismatch
from memory.mongodb import Mongo, Row

ONLY = "vectors"
PLACES = ("vector_0", "vector_1")
"""Fields of a passage: the current embedder's vector, and the next one's beside. Which is which, the state says."""


@dataclass(frozen=True, slots=True)
class Sets:
    """current, next: who makes the vectors, with their numbers. place: the field of the current one's."""

    current: Maker | None = None
    number: int = 0
    place: str = PLACES[0]
    next: Maker | None = None
    next_number: int = 0

    @classmethod
    async def read(cls, mongo: Mongo) -> Self:
        """Return what the store holds."""
        row = await mongo[STATE].find_one({"_id": ONLY})
        if row is None:
            return cls()
        makers = {name: Maker(**row[name]) if row[name] else None for name in ("current", "next")}
        return cls(number=row["number"], place=row["place"], next_number=row["next_number"], **makers)

    @property
    def beside(self) -> str:
        """The field of the next embedder's vectors."""
        return PLACES[1 - PLACES.index(self.place)]

    def write(self) -> tuple[str, Row]:
        """Return these sets as a step writes them."""
        row: dict[str, Any] = asdict(self)
        return STATE, {"_id": ONLY, **row}

    def held_to(self, maker: Maker) -> tuple[str, Row] | None:
        """Hold the store to one embedder: the first one whose vectors come; return what is to be written for it.

        Raises:
            EmbedderMismatch: the store's vectors are another's.
            DimensionMismatch: they have another dimension.
        """
        current = self.current
        if current is None:
            return Sets(maker, 1).write()
        if current.name != maker.name:
            raise EmbedderMismatch(
                f"the documents were embedded by {current.name}, not {maker.name};"
                " `multidb documents reembed` changes the embedder of all of them"
            )
        if current.dimension != maker.dimension:
            raise DimensionMismatch(f"the store's vectors have {current.dimension} dimensions, these {maker.dimension}")
        return None
