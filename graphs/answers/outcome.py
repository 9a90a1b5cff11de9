"""What a frame makes of a reading: a claim out of sentences, and how sure it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

from graphs.answers.said import Said
from graphs.reader.weights import logistic
from graphs.reading import Reading
from memory.records import Claim

CERTAIN = 0.8
"""What an answer is worth whose parts were all found, when the reader alone was less sure."""

UNSAID = 2.0
"""Log odds that an answer loses where a row says nothing of what is asked, as far as words and units can tell."""
UNSAID_OF_MANY = 3.0
"""The same where nothing that is asked tells the row from the others of its table."""
PRICELESS = 4.0
"""The same where an amount of money is asked for and no cell can be one."""
OF_ANOTHER_ROLE = 3.0
"""The same where the sentence says who has another role, perhaps by another word for it, or who had it until when."""
ANOTHER = 4.0
"""Log odds that it loses where the question's name for a row says more than the row does."""
TINY = 1e-6


def claim_of(text: str, said: Sequence[Said]) -> Claim:
    """A claim that rests on some sentences."""
    return Claim("", text, tuple(one.citation() for one in said))


def sure(reading: Reading, claims: tuple[Claim, ...], short_answer: str) -> Reading:
    """A reading of these claims, at least as sure as what was found in all its parts."""
    return replace(reading, claims=claims, short_answer=short_answer, answerable=max(reading.answerable, CERTAIN))


def less_sure(reading: Reading, by: float) -> Reading:
    """A reading whose log odds are less by some."""
    odds = log(max(reading.answerable, TINY) / max(1.0 - reading.answerable, TINY))
    return replace(reading, answerable=logistic(odds - by))
