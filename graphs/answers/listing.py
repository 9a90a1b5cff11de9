"""A question that asks for all items of a list is answered by all of them, each with its own citation.

A list that was cut in two passages is read as one, as far as both are at hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.said import stems
from graphs.answers.stretches import Stretch, stretch_of
from graphs.language.instructions import is_instruction
from memory.records import Claim, Hit
from memory.sentences import STOPWORDS, trim, words

MAX_ITEMS = 12
MAX_STEPS = 24
"""Steps are told to the last one, or whoever follows them is left half-way."""
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
_DENIED = re.compile(
    r"\b(?:not|never|no|cannot|without|except(?:ing|ed)?|exceptions?|excluding|excluded?|other than|apart from)\b"
    r"|n['’]t\b",
    re.I,
)
_LED_ANEW = r"\n(?![ \t]|[-*+•‣◦·]|\(?\d)(?:[^\n]*:[ \t]*(?=\n|$)|#{1,6}[ \t])"
_ENDS = re.compile(rf"\n\s*\n|{_LED_ANEW}")
"""Where a list ends: at an empty line, at a line that leads another one, at a heading."""
_OF_LISTS = stems(
    "list lists name steps step way things thing item items kinds kind types type all do make tell show give example"
    " examples come include included contain belong something anything someone anyone somebody anybody"
)
_HOW_TO = re.compile(
    r"^\W*(?:(?:please|can you|could you|and|so|tell me|show me)\s+)*how (?:do|can|should|must|to)\b", re.I
)
_WHATS_NEW = re.compile(
    r"^\W*what\b[^?]*\b(?:new|news|changed?|changes|added|features|release notes)\b[^?]*?"
    r"\bv?(?P<version>\d+(?:\.\d+)+)\W*$",
    re.I,
)
_VERSION = re.compile(r"\W*(?:version |release |v)?(?P<version>\d+(?:\.\d+)+)(?![\w.])", re.I)
_OF_VERSIONS = stems("new news change changed changes add added feature features release notes version")
_HEADING = re.compile(r"^#{1,6}\s+")


class Listing(NamedTuple):
    """A list and the words above it. first: number of its first item, whose items are steps; None: they are not."""

    lead: str
    spans: tuple[tuple[int, int], ...]
    first: int | None

    @property
    def is_told_whole(self) -> bool:
        """Whether it has as many items as an answer can hold."""
        return FEWEST <= len(self.spans) <= (MAX_ITEMS if self.first is None else MAX_STEPS)


def listed_claims(question: str, hits: Sequence[Hit], among: Sequence[Hit] = ()) -> tuple[Claim, ...]:
    """Return every item of the list that a question asks for; nothing unless its heading says what is asked.

    Args:
        question: as it stands.
        hits: that may hold the list, best first.
        among: hits where a list may go on that is cut at a passage's end.
    """
    if not _ASKS.match(question) or _ONE.search(question):
        return ()
    for hit in hits:
        stretch = stretch_of(hit, [*hits, *among])
        for found in _lists(stretch):
            if _is_asked(question, found.lead, hit) and found.is_told_whole:
                return _claims(stretch, found)
    return ()


def whole_steps(
    question: str, claims: Sequence[Claim], hits: Sequence[Hit], among: Sequence[Hit] = ()
) -> tuple[Claim, ...]:
    """Return all steps of a list that two of the claims come from, where the question is how to do something.

    One step left out in the middle, or those of the next passage, is worse than none told. `among`: as above.
    """
    cited = [claim.citations[0] for claim in claims if claim.citations]
    if not asks_how(question) or len(cited) < FEWEST:
        return ()
    for hit in hits:
        stretch = stretch_of(hit, [*hits, *among])
        own = [one for one in cited if one.document_id == hit.passage.document_id]
        for found in _lists(stretch):
            at = [(one.start, one.end) for span in found.spans for _, one in stretch.cited(*span, _MAX_QUOTE)]
            told = sum(any(start < one.end and one.start < end for one in own) for start, end in at)
            if found.first is not None and told >= FEWEST and found.is_told_whole:
                return _claims(stretch, found)
    return ()


def asks_how(question: str) -> bool:
    """Whether a question is how to do something."""
    return bool(_HOW_TO.match(question))


def is_cut(hit: Hit) -> bool:
    """Whether steps of a passage may have begun before it, or go on behind it."""
    lists = [found for found in _lists(stretch_of(hit, [])) if found.first is not None]
    if hit.passage.kind != "text" or not lists:
        return False
    return (lists[0].first or 1) > 1 or lists[-1].spans[-1][1] >= len(hit.passage.text.rstrip())


def goes_on(hit: Hit, neighbours: Sequence[Hit]) -> tuple[Hit, ...]:
    """Those of a passage's neighbours that hold other steps of its list."""
    stretch = stretch_of(hit, neighbours)
    spans = [(found.spans[0][0], found.spans[-1][1]) for found in _lists(stretch) if found.first is not None]
    return tuple(
        other
        for at, other in stretch.parts
        if other is not hit and any(start < at + len(other.passage.text) and at < end for start, end in spans)
    )


def _claims(stretch: Stretch, found: Listing) -> tuple[Claim, ...]:
    """Each item as a claim on a line of its own; what speaks to an assistant is left out.

    What of an item stands in the next passage is a claim of its own, behind it.
    """
    kept = [span for span in found.spans if not is_instruction(stretch.text[slice(*span)])]
    claims: list[Claim] = []
    for place, span in enumerate(kept):
        mark = "- " if found.first is None else f"{found.first + place}. "
        for text, citation in stretch.cited(*span, _MAX_QUOTE):
            claims.append(Claim("", f"{mark}{' '.join(text.split())}", (citation,)))
            mark = ""
    return tuple(claims)


def _is_asked(question: str, lead: str, hit: Hit) -> bool:
    """Whether the words above a list are what is asked: all of the question's, most of theirs, and as many denials."""
    if _is_of_version(question, lead, hit):
        return True
    asked = stems(question) - _OF_LISTS
    above = stems(lead) - _OF_LISTS
    if not asked or not above or not asked & above:
        return False
    title = stems(f"{hit.title} {' '.join(hit.passage.heading)}")
    if not asked <= above | title or len(asked & above) / len(above) < 0.6:
        return False
    return denies(question) == denies(lead)


def denies(text: str) -> bool:
    """Whether a text says what is not so; two denials are none."""
    return len(_DENIED.findall(text)) % 2 == 1


def _is_of_version(question: str, lead: str, hit: Hit) -> bool:
    """Whether a list stands under the version of which somebody asks what is new."""
    asked, above = _WHATS_NEW.match(question), _VERSION.match(lead)
    if not asked or not above or asked["version"] != above["version"]:
        return False
    return stems(question) - _OF_VERSIONS <= stems(f"{lead} {hit.title} {' '.join(hit.passage.heading)}")


def _lists(stretch: Stretch) -> list[Listing]:
    """The lists that a passage has a part in, each with the line or heading right above it."""
    rows = [found for found in _all_lists(stretch) if found.spans]
    return [found for found in rows if stretch.is_own(found.spans[0][0], found.spans[-1][1])]


def _all_lists(stretch: Stretch) -> list[Listing]:
    text, hit = stretch.text, stretch.own
    found: list[Listing] = []
    items: list[re.Match[str]] = []
    for match in _ITEM.finditer(text):
        if items and (not _follows(text, items[-1], match) or _begins_anew(stretch, items[-1], match)):
            found.append(_listing(text[: match.start()], hit, items))
            items = []
        items.append(match)
    return [*found, _listing(text, hit, items)] if items else found


def _begins_anew(stretch: Stretch, before: re.Match[str], match: re.Match[str]) -> bool:
    """Whether another passage begins with 1 again: within one, it may be a list inside an item."""
    is_apart = any(before.start() < at <= match.start() for at, _ in stretch.parts)
    return is_apart and match["mark"].strip("(.)") == "1" != before["mark"].strip("(.)")


def _follows(text: str, before: re.Match[str], match: re.Match[str]) -> bool:
    """Whether an item goes on with a list: no paragraph stands between, and its mark is of the same kind."""
    between = text[before.end() : match.start()]
    same = before["mark"].strip("(.)").isdigit() == match["mark"].strip("(.)").isdigit()
    return same and not re.search(rf"\n\s*\n\s*(?![-*+•‣◦·]|\(?\d)\S|{_LED_ANEW}", between)


def _listing(text: str, hit: Hit, items: Sequence[re.Match[str]]) -> Listing:
    ends = [*(item.start() for item in items[1:]), _end(text, items[-1].end())]
    spans = [trim(text, item.end(), end) for item, end in zip(items, ends, strict=True)]
    number = items[0]["mark"].strip("(.)")
    first = int(number) if number.isdigit() else None
    return Listing(_lead(hit, text[: items[0].start()]), tuple(span for span in spans if span[0] < span[1]), first)


def _end(text: str, start: int) -> int:
    """Where the last item ends: at an empty line or where another list is led, else at the passage's end."""
    gap = _ENDS.search(text[start:])
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
