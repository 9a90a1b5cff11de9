"""Questions for a deadline, and the words of a sentence that set one: `within 24 hours`, `by the 25th`."""

from __future__ import annotations

import re

_ASKED = re.compile(
    r"\b(?:by|until|till|before) when\b|\bhow (?:soon|quickly|fast)\b|\b(?:by|until) what (?:date|day|time)\b"
    r"|\bwhat(?: is|'s) the deadline\b|^\W*when\b.*\b(?:must|should|have to|has to|need to|needs to|due)\b",
    re.I,
)
_COUNT = (
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty|ninety)"
)
_UNIT = r"(?:(?:working|business|calendar|full) )?(?:minutes?|hours?|days?|weeks?|months?|years?|quarters?)"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_SET = re.compile(
    rf"\b(?:(?:with)?in|no later than|not later than|at least|at the latest) {_COUNT}[ -]{_UNIT}\b"
    rf"|\b(?:by|before|no later than|not later than|until) (?:the )?(?:end of (?:the )?\w+|\d{{1,2}}(?:st|nd|rd|th)\b"
    rf"(?: (?:of )?(?:{_MONTHS}|each month|every month|the month))?(?: \d{{4}})?|\d{{1,2}} (?:{_MONTHS})(?: \d{{4}})?"
    rf"|(?:{_DAYS})s?\b|(?:{_MONTHS})\b"
    r"|\d{1,2}[:.]\d\d\b|noon\b|midnight\b)"
    rf"|\b{_COUNT}[ -]{_UNIT} (?:in advance|beforehand|before|after|of|from)\b"
    r"|\b(?:immediately|at once|without delay)\b",
    re.I,
)


def asks_for_deadline(question: str) -> bool:
    """Whether a question asks by when something is to be done."""
    return _ASKED.search(question) is not None


def deadline_in(sentence: str) -> str:
    """The words of a sentence that set a deadline, "" if none do."""
    match = _SET.search(sentence)
    return match.group() if match else ""
