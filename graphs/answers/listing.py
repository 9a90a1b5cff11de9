"""A question that asks for all items of a list is answered by all of them, each with its own citation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.said import stems
from graphs.language.curated import cite
from graphs.language.instructions import is_instruction
from memory.records import Claim, Hit
from memory.sentences import STOPWORDS, clip, trim, words

MAX_ITEMS = 12
FEWEST = 2
_MAX_QUOTE = 400
_ASKS = re.compile(
    r"^\W*(?:(?:please|can you|could you|and|so)\s+)*(?:which"
    r"|what(?! (?:time|year|day|date|is the (?:price|name)))"
    r"|list|name|tell me"
    r"|show me|give me|how (?:do|can|should|must|to)\b)",
    re.I,
)
_ONE = re.compile(
    r"\b(?:first|second|third|last|next|best|only|most|least|which one|does .* mean)\b|\bmany\b|\bmuch\b", re.I
)
_ITEM = re.compile(r"^[ \t]*(?P<mark>[-*+•‣◦·]|\(?\d{1,2}[.)])[ \t]+", re.M)
_DENIED = re.compile(r"\b(?:not|never|no|cannot|without)\b|n['’]t\b", re.I)
_OF_LISTS = stems(
    "list lists name steps step way things thing item items kinds kind types type all do make tell show give example"
    " examples come include included contain belong something anything someone anyone somebody anybody"
)
_HOW_TO = re.compile(
    r"^\W*(?:(?:please|can you|could you|and|so|tell me|show me)\s+)*how (?:do|can|should|must|to)\b", re.I
)
_HEADING = re.compile(r"^#{1,6}\s+")


class Listing(NamedTuple):
    """A list and the words above it. first: number of its first item, whose items are steps; None: they are not."""

    lead: str
    spans: tuple[tuple[int, int], ...]
    first: int | None


def listed_claims(question: str, hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Return every item of the list that a question asks for; nothing unless its heading says what is asked."""
    if not _ASKS.match(question) or _ONE.search(question):
        return ()
    for hit in hits:
        for found in _lists(hit):
            if _is_asked(question, found.lead, hit) and FEWEST <= len(found.spans) <= MAX_ITEMS:
                return _claims(hit, found)
    return ()


def whole_steps(question: str, claims: Sequence[Claim], hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Return all steps of a list that two of the claims come from, where the question is how to do something.

    One step left out in the middle is worse than none told.
    """
    cited = [claim.citations[0] for claim in claims if claim.citations]
    if not _HOW_TO.match(question) or len(cited) < FEWEST:
        return ()
    for hit in hits:
        for found in _lists(hit):
            at = [(hit.passage.start + start, hit.passage.start + end) for start, end in found.spans]
            own = [one for one in cited if one.document_id == hit.passage.document_id]
            told = sum(any(start < one.end and one.start < end for one in own) for start, end in at)
            if found.first is not None and told >= FEWEST and len(at) <= MAX_ITEMS:
                return _claims(hit, found)
    return ()


def _claims(hit: Hit, found: Listing) -> tuple[Claim, ...]:
    """Each item as a claim on a line of its own; what speaks to an assistant is left out."""
    texts = [(hit.passage.text[start:end], start, end) for start, end in found.spans]
    kept = [row for row in texts if not is_instruction(row[0])]
    marks = ["- " if found.first is None else f"{found.first + place}. " for place in range(len(kept))]
    return tuple(
        Claim("", f"{mark}{' '.join(text.split())}", (cite(hit, start, end),))
        for mark, (text, start, end) in zip(marks, kept, strict=True)
    )


def _is_asked(question: str, lead: str, hit: Hit) -> bool:
    """Whether the words above a list are what is asked: all of the question's, most of theirs, and as many denials."""
    asked = stems(question) - _OF_LISTS
    above = stems(lead) - _OF_LISTS
    if not asked or not above or not asked & above:
        return False
    title = stems(f"{hit.title} {' '.join(hit.passage.heading)}")
    if not asked <= above | title or len(asked & above) / len(above) < 0.6:
        return False
    return len(_DENIED.findall(question)) % 2 == len(_DENIED.findall(lead)) % 2


def _lists(hit: Hit) -> list[Listing]:
    """The lists of a passage, each with the line or heading right above it."""
    text = hit.passage.text
    found: list[Listing] = []
    items: list[re.Match[str]] = []
    for match in _ITEM.finditer(text):
        if items and not _follows(text, items[-1], match):
            found.append(_listing(hit, items))
            items = []
        items.append(match)
    return [*found, _listing(hit, items)] if items else found


def _follows(text: str, before: re.Match[str], match: re.Match[str]) -> bool:
    """Whether an item goes on with a list: no paragraph stands between, and its mark is of the same kind."""
    between = text[before.end() : match.start()]
    same = before["mark"].strip("(.)").isdigit() == match["mark"].strip("(.)").isdigit()
    return same and not re.search(r"\n\s*\n\s*(?![-*+•‣◦·]|\(?\d)\S", between)


def _listing(hit: Hit, items: Sequence[re.Match[str]]) -> Listing:
    text = hit.passage.text
    ends = [*(item.start() for item in items[1:]), _end(text, items[-1].end())]
    spans = [clip(text, *trim(text, item.end(), end), _MAX_QUOTE) for item, end in zip(items, ends, strict=True)]
    number = items[0]["mark"].strip("(.)")
    first = int(number) if number.isdigit() else None
    return Listing(_lead(hit, text[: items[0].start()]), tuple(span for span in spans if span[0] < span[1]), first)


def _end(text: str, start: int) -> int:
    """Where the last item ends: at an empty line, else at the passage's end."""
    gap = re.search(r"\n\s*\n", text[start:])
    return start + gap.start() if gap else len(text)


def _lead(hit: Hit, before: str) -> str:
    """The heading or the line with a colon right above a list; "" if prose stands there."""
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if last and not last.endswith(":") and not _HEADING.match(last) and last not in hit.passage.heading:
        return ""
    if not last or (last.endswith(":") and not [word for word in words(last) if word not in STOPWORDS]):
        return hit.passage.heading[-1] if hit.passage.heading else hit.title
    return _HEADING.sub("", last).rstrip(":")
