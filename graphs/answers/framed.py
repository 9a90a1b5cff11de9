"""Claims that frame what sources say: yes or no, a comparison, a disagreement. Each is a function of what it cites.

The judge makes a framed claim again out of its citations and lets it stand only if it comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphs.answers.comparing import compared, comparison_of
from graphs.answers.disagreeing import LEAD, disagreement
from graphs.answers.polarity import polarity
from graphs.answers.said import said_by
from graphs.language.instructions import is_instruction
from graphs.reader.question import understand
from memory.records import Claim, Hit

_POLAR = ("Yes.", "No.")


def is_framed(question: str, claim: Claim, hits: Sequence[Hit]) -> bool:
    """Whether a claim is what its cited sentences amount to for a question."""
    said = said_by(claim.citations, hits)
    if len(said) != len(claim.citations) or any(is_instruction(one.text) for one in said):
        return False
    match said:
        case [one]:
            return claim.text in _POLAR and f"{polarity(question, one)}." == claim.text
        case [first, second] if is_disagreement(claim):
            return claim.text == disagreement(understand(question, {}), first, second)
        case [first, second]:
            asked = comparison_of(question)
            return asked is not None and claim.text == compared(asked, first, second)
        case _:
            return False


def is_disagreement(claim: Claim) -> bool:
    """Whether a claim says that sources disagree."""
    return claim.text.startswith(LEAD)
