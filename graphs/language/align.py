"""Does a quote say what a claim says? Decided by aligning their words, with no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple


class Weighing(NamedTuple):
    """What a claim weighs against its quotes, and why."""

    label: Literal["supported", "unsupported", "contradicted"]
    reason: str


def weigh(claim_text: str, quotes: Sequence[str]) -> Weighing:
    """Weigh a claim against the quotes it cites; the best quote decides."""
    claim = _words(claim_text)
    if not claim:
        return Weighing("unsupported", "the claim has no words")
    shares = [len(claim & _words(quote)) / len(claim) for quote in quotes]
    if shares and max(shares) >= 0.8:
        return Weighing("supported", "")
    return Weighing("unsupported", "no cited sentence says this")


def _words(text: str) -> frozenset[str]:
    """Lower-cased words and numbers."""
    return frozenset(re.findall(r"\w+", text.casefold()))
