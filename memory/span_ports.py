"""The port of a reader that points: what the agent needs to know of it. Its adapters are in `memory.spans`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Text(NamedTuple):
    """What is read. title: what the text belongs to, "" for nothing; only its first words are read."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a text that may answer; score: log odds of theirs against "not here"."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Spans:
    """What a reader makes of one text.

    best: spans, best first, none in another. absent: probability in [0, 1] that the text does not answer. variants:
    the best spans whichever of them overlap, best first: the same answers, begun and ended otherwise, among them.
    """

    best: tuple[Span, ...] = ()
    absent: float = 1.0
    variants: tuple[Span, ...] = ()

    @property
    def score(self) -> float:
        """Of the best span; very low where there is none."""
        return self.best[0].score if self.best else NOTHING


NOTHING = -20.0
"""The score of a text without a single word."""


class SpanReader(Protocol):
    """Points at answers in texts. Same question and text, same spans, whatever else is read with them."""

    @property
    def name(self) -> str:
        """Name and revision in one string."""
        ...

    async def spans(self, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        """Read texts for a question; one result each, in the order given.

        A text is read whole, however long; of a question the first words. Cancelling stops it between two texts.

        Raises:
            ModelUnavailable: the model's file is missing or damaged, or the time limit has passed.
        """
        ...
