"""Claims that frame what sources say: yes or no, a cell, a comparison, a disagreement: functions of what they cite.

The judge makes a framed claim again out of its citations and lets it stand only if it comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphs.answers.comparing import compared, comparison_of
from graphs.answers.disagreeing import LEAD, disagreement
from graphs.answers.polarity import polarity
from graphs.answers.said import Said, said_by
from graphs.answers.superseding import EARLIER
from graphs.answers.tables.columns import column_comparison, column_difference
from graphs.answers.tables.differing import difference_of, differences
from graphs.answers.tables.opening import day_polarity
from graphs.answers.tables.rows import row_polarity, tellings
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
            return _is_told(question, claim.text, one) or _is_of_columns(question, claim.text, one)
        case [first, second] if is_disagreement(claim):
            return claim.text == disagreement(understand(question, {}), first, second)
        case [first, second]:
            return _is_compared(question, claim.text, first, second)
        case _:
            return False


def _is_compared(question: str, text: str, first: Said, second: Said) -> bool:
    """Whether two sentences or rows amount to a text: which of them wins, or a cell in which they differ."""
    asked, pair = comparison_of(question), difference_of(question)
    if asked is not None and text == compared(asked, first, second):
        return True
    return pair is not None and text in differences(pair, first, second)


def _is_of_columns(question: str, text: str, row: Said) -> bool:
    """Whether one row, whose columns are things, amounts to a text: which of them wins, or what they differ in."""
    asked, pair = comparison_of(question), difference_of(question)
    if asked is not None and text == column_comparison(asked, row):
        return True
    return pair is not None and text == column_difference(pair, row)


def _is_told(question: str, text: str, said: Said) -> bool:
    """Whether one sentence or row amounts to a text: yes or no, or one of its cells."""
    known = understand(question, {})
    if text == f"{EARLIER}{said.text}":
        return True
    if text not in _POLAR:
        return text in tellings(known, said).values()
    if (of_day := day_polarity(question, said)) and text == f"{of_day}.":
        return True
    settled = row_polarity(known, said)
    return text == (f"{settled[0]}." if settled else f"{polarity(question, said)}.")


def is_disagreement(claim: Claim) -> bool:
    """Whether a claim says that sources disagree."""
    return claim.text.startswith(LEAD)
