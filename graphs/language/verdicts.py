"""Deciding on a draft as a whole: accept it, look again, or say that the sources do not say."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.state import Verdict
from memory.records import Claim

ANSWERABLE_THRESHOLD = 0.5
"""Below this probability the sources are taken not to answer."""


def decide(question: str, claims: Sequence[Claim], answerable: float, round: int, rounds: int) -> Verdict:
    """Decide what becomes of a draft.

    Args:
        question: the stand-alone question.
        claims: the draft, each already weighed.
        answerable: calibrated probability in [0, 1] that what was found answers the question.
        round: research rounds done, from 1.
        rounds: research rounds allowed.

    Returns:
        outcome accept, research (with `missing` words) or abstain.
    """
    standing = [claim for claim in claims if claim.verdict == "supported"]
    if standing and answerable >= ANSWERABLE_THRESHOLD:
        return Verdict("accept", answerable)
    outcome = "research" if round < rounds else "abstain"
    return Verdict(outcome, answerable, reason="the sources found do not answer this")
