"""The Reader port: a question and passages go in, sentences that answer come out, each with its exact citation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from graphs.state import Degraded
from memory.records import Claim, Effort, Hit, Scope
from tools.calls import Tools


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a reader gets. hits: best first. term_weights: stem -> inverse document frequency.

    tools: `tools.similarities` gives the cosine of texts to the question, by the index's own embedder.
    """

    scope: Scope
    question: str
    hits: tuple[Hit, ...]
    tools: Tools
    term_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    effort: Effort = "standard"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found.

    claims: at most three, best first, verdict "pending", each exactly one source sentence of at most 400
    characters with its one Citation. short_answer: the shortest span that answers, "" if none was found.
    ranked: the hits in the reader's own order. answerable: calibrated probability in [0, 1] that the hits
    answer the question. degraded: what the reader had to do without.
    """

    claims: tuple[Claim, ...] = ()
    short_answer: str = ""
    ranked: tuple[Hit, ...] = ()
    answerable: float = 0.0
    degraded: tuple[Degraded, ...] = ()


class Reader(Protocol):
    """Reads passages for an answer. Never raises for want of an answer: an empty Reading is a result."""

    async def read(self, request: ReadRequest) -> Reading:
        """Read the hits for a question.

        Raises:
            ToolUnavailable: never; a reader goes on without similarities when they cannot be had.
        """
        ...
