"""Which of several lengths of a sentence is the one that is asked for: how long, how high, how wide or how deep."""

from __future__ import annotations

import re

from graphs.reader.question import Question
from graphs.reader.spans import Span, lengths_in

_ABOUT = r"(?:\s+(?:of|is|was|are|were|by|for|over|about|some|around|nearly|almost|only|up to|a total of))*\s*[:(]?\s*$"
_DIMENSIONS = (
    ("length", r"\bhow long\b|\blength\b", r"\blong\b|\bin length\b", r"\b(?:length|flows?|stretch(?:es)?|extends?)"),
    (
        "height",
        r"\bhow (?:tall|high)\b|\bheight|\baltitude|\belevation",
        r"\b(?:high|tall|above)\b|\bin height\b",
        r"\b(?:heights?|altitudes?|elevations?|falls?|fell|drops?|dropped|rises?|rose|climbs?|climbed|descends?)",
    ),
    ("depth", r"\bhow deep\b|\bdepth", r"\b(?:deep|below)\b|\bin depth\b", r"\bdepths?"),
    (
        "width",
        r"\bhow wide\b|\bwidth|\bbreadth|\bwingspan",
        r"\b(?:wide|broad|across)\b|\bin (?:width|breadth)\b",
        r"\b(?:widths?|breadths?|wingspans?)",
    ),
    ("thickness", r"\bhow thick\b|\bthickness", r"\bthick\b", r"\bthickness"),
    ("diameter", r"\bdiameter", r"\bin diameter\b", r"\bdiameters?"),
)
_PATTERNS = tuple(
    (name, re.compile(asked, re.I), re.compile(rf"\s*(?:{after})", re.I), re.compile(rf"(?:{before}){_ABOUT}", re.I))
    for name, asked, after, before in _DIMENSIONS
)


def length_asked(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The length that is asked for where the one pointed at is said to be another dimension; None to leave it.

    It is the only one that is said to be what is asked; of "how long" else the only one of which nothing is said, for
    a length is often told without a word for it: "flows past Ulm, 142 km".
    """
    asked = next((name for name, is_asked, *_ in _PATTERNS if is_asked.search(question.text)), "")
    lengths = lengths_in(sentence) if asked else []
    said = {length: _dimension(sentence, length) for length in lengths}
    taken = [said[length] for length in lengths if length.start < pointed.end and pointed.start < length.end]
    if len(taken) != 1 or taken[0] in ("", asked):
        return None
    for wanted in (asked, "") if asked == "length" else (asked,):
        found = [length for length, dimension in said.items() if dimension == wanted]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _dimension(sentence: str, length: Span) -> str:
    """What a length is said to be; "" if nothing is said."""
    before = sentence[max(0, length.start - 40) : length.start]
    for name, _, after, preceding in _PATTERNS:
        if after.match(sentence, length.end):
            return name
        if preceding.search(before):
            return name
    return ""
