"""The typed calls that nodes make, as one Protocol; `tools.connect` opens the real thing, tests bring small fakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from memory.records import AnswerEntry, Effort, FilterValue, Hit, Passage, Quota, Scope, SearchMode, SearchWeights


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One call of `vector_search.search`."""

    query: str
    filters: Mapping[str, FilterValue] = field(default_factory=dict[str, FilterValue])
    weights: SearchWeights = SearchWeights()
    mode: SearchMode = "hybrid"
    top_k: int = 10


@dataclass(frozen=True, slots=True)
class Found:
    """Hits best first, and the query's stems with their inverse document frequencies."""

    hits: tuple[Hit, ...]
    term_weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Match:
    """A curated entry that is near the question; similarity is cosine in [-1, 1]."""

    entry: AnswerEntry
    similarity: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left, and what a run of each effort costs at most, in tokens."""

    quota: Quota
    prices: Mapping[Effort, int]


class Tools(Protocol):
    """Every call raises ToolUnavailable or ToolRefused, and ends within its time limit."""

    async def search(self, scope: Scope, request: SearchRequest) -> Found:
        """Search passages through the `vector_search` server."""
        ...

    async def read_around(self, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
        """Return a passage with its neighbours in reading order."""
        ...

    async def similarities(self, scope: Scope, query: str, texts: tuple[str, ...]) -> tuple[float, ...]:
        """Cosine similarity of each text to the query, by the index's own embedder, through `vector_search`."""
        ...

    async def look_up(self, scope: Scope, question: str, top_k: int) -> tuple[Match, ...]:
        """Find curated answers through the `knowledge_base` server."""
        ...

    async def allowance(self, scope: Scope) -> Allowance:
        """Ask the `user_quota` server."""
        ...
