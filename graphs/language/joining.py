"""How claims become one text: prose runs on, a record of fields has a line of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from memory.records import Citation, Claim

_RECORD = re.compile(r"[^.;:]{1,40}[:;] [^;]*[;:] ?[^;:]{1,40}")
_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_CLOSERS = "\"'”’»)]"
_ITEM = re.compile(r"(?:[-*•]|\d{1,2}\.)\s+(?=\S)")
_BULLET = re.compile(r"[-*+•‣◦·]\s+(?!\d)")


def joint(before: str, after: str) -> str:
    """What stands between two claims: a space, or a line break before an item of a list and around a record."""
    if _ITEM.match(after):
        return "\n"
    has_end = before.rstrip().rstrip(_CLOSERS).endswith(_ENDS)
    return " " if has_end and not _is_record(before) and not _is_record(after) else "\n"


def join(texts: Sequence[str]) -> str:
    """Put the texts of claims together."""
    pieces = list(texts[:1])
    for before, after in pairwise(texts):
        pieces += [joint(before, after), after]
    return "".join(pieces)


def without_bullet(claim: Claim) -> Claim:
    """Leave a list item's mark out of a claim that quotes it, and out of the quote."""
    mark = _BULLET.match(claim.text)
    if mark is None or any(citation.quote != claim.text for citation in claim.citations):
        return claim
    citations = tuple(_later(citation, mark.end()) for citation in claim.citations)
    return replace(claim, text=claim.text[mark.end() :], citations=citations)


def _later(citation: Citation, by: int) -> Citation:
    return replace(citation, start=citation.start + by, quote=citation.quote[by:])


def _is_record(text: str) -> bool:
    """Whether a text is fields as a table row or a record gives them: `name: value; name: value`."""
    return bool(_RECORD.match(text)) and "; " in text and ": " in text
