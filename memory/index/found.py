"""What a search found before the passages are read: the same of every index."""

from __future__ import annotations

from typing import NamedTuple

from memory.records import Hit, Metadata, Passage


class Found(NamedTuple):
    """One row that a search found: all of a Hit but its passage. dense, lexical: rank from 1, and score."""

    passage_id: str
    source: str
    title: str
    metadata: Metadata
    score: float
    dense: tuple[int, float] | None
    lexical: tuple[int, float] | None

    def hit(self, passage: Passage, rank: int) -> Hit:
        """Return the hit with its passage; rank: from 1, among those that are shown."""
        return Hit(
            passage=passage,
            source=self.source,
            title=self.title,
            score=self.score,
            fused_rank=rank,
            dense_rank=self.dense[0] if self.dense else None,
            lexical_rank=self.lexical[0] if self.lexical else None,
            dense_score=self.dense[1] if self.dense else None,
            lexical_score=self.lexical[1] if self.lexical else None,
            metadata=self.metadata,
        )
