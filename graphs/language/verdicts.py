"""Deciding on a draft as a whole: accept it, look again, or say that the sources do not say."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.state import Verdict
from memory.records import Claim
from memory.sentences import STOPWORDS, stem, words

ANSWERABLE_THRESHOLD = 0.29
"""Below this probability the sources are taken not to answer.

Where the small reader has read, `python -m evals.calibrate` fits the bias of "answerable" so that this refuses 10 % of
the answerable calibration questions which the reader did not learn from; they are never the reported ones.
"""
MOST_MISSING = 6
"""Words that one more round of research looks for."""


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
    missing = _missing(question, standing)
    reason = "no sentence of the sources answers this" if standing else "nothing that was drafted is supported"
    if round < rounds:
        return Verdict("research", answerable, missing, reason)
    return Verdict("abstain", answerable, missing, reason)


def _missing(question: str, claims: Sequence[Claim]) -> tuple[str, ...]:
    """The question's content words that no standing claim says, in order."""
    said = {stem(word) for claim in claims for word in words(claim.text)}
    asked = dict.fromkeys(word for word in words(question) if word not in STOPWORDS)
    left = [word for word in asked if stem(word) not in said]
    return tuple((left or list(asked))[:MOST_MISSING])
