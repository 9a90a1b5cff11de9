"""A question that names a section and asks for nothing of it in particular is answered by what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from graphs.answers.listing import denies
from graphs.answers.outcome import claim_of
from graphs.answers.said import Said, sentences_of, stems
from graphs.language.headings import about
from graphs.reader.question import understand
from graphs.reader.spans import kind_spans
from memory.records import Claim, Hit

MOST = 5
"""Sentences of a section that are told."""
MOST_ROWS = 12
"""With more rows than this a table is left to be asked for one of them."""
_ASKING = re.compile(
    r"^\W*(?:please |and )?(?:what(?:['’]s| is| are| about)"
    r"|what (?:do|does) .{1,60} (?:do|mean)(?=\W*$)"
    r"|what (?:do|does|did) .+ say (?:about|on)|what applies (?:to|for)|how (?:to|do|does|can|should|must|is|are)"
    r"|(?:which|what) [^?]{1,60} (?:are there|exist|are available)"
    r"|(?:tell me|explain|describe|summari[sz]e|show me)(?: more)?(?: (?:about|on))?)\b",
    re.I,
)
_BARE = re.compile(r"^\W*(?!(?:who|when|where|why|how|which|what|whose)\b)(?:[\w&/’'-]+\s+){0,3}[\w&/’'-]+\W*$", re.I)
"""A few words that ask nothing: `side effects`."""
_NEWS = re.compile(r"^\W*(?:so |and )?what(?:['’]s| is| was| has| did)?\s+(?:new|changed?)\s+(?:in|with)\b", re.I)
"""Asks for the section of a version, as `what is 4.2.0?` does."""
_ROOT = 4
"""Letters that words of one family begin with at least, and the shorter one's but its last."""
_ONE = re.compile(r"^\W*what(?:['’]s| is)\b", re.I)
_OF_SECTIONS = stems(
    "policy policies rule rules regulation regulations guideline guidelines information info detail details advice"
    " section chapter say says said tell explain describe summarise summarize show know apply applies exist available"
    " document documents source sources handbook manual guide page leaflet text note notes general important more"
)
"""Words that name no section, and such that a question has beside its name."""


def section_claims(question: str, hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Return the first sentences of the section that a question asks for, or all rows of its table.

    Nothing unless its heading says all that is asked; nothing either where several sections are called so, which might
    say different things.
    """
    question = _NEWS.sub("what is", question)
    if not (_ASKING.match(question) or _BARE.match(question)) or kind_spans(understand(question, {}), "") is not None:
        return ()
    named = [hit for hit in hits if hit.passage.kind in ("text", "table") and _is_named(question, hit)]
    if len({(hit.passage.document_id, hit.passage.heading) for hit in named}) != 1:
        return ()
    told = _told(sorted(named, key=lambda hit: hit.passage.start))
    return tuple(claim_of(said.text, [said]) for said in told)


def asks_for_one_thing(question: str) -> bool:
    """Whether one sentence may answer for a section: `what is the grading?`, not `what is the grading policy?`."""
    return bool(_ONE.match(question)) and not stems(question) & _OF_SECTIONS


def _is_named(question: str, hit: Hit) -> bool:
    """Whether a heading says all that a question asks beside title and headings above, and the question all of it."""
    heading = hit.passage.heading[-1] if hit.passage.heading else ""
    if heading in ("", hit.title) or denies(question) != denies(heading):
        return False
    name = stems(about(heading)) - _OF_SECTIONS
    asked = stems(question) - _OF_SECTIONS
    above = stems(" ".join((hit.title, *hit.passage.heading)))
    return bool(name) and _hold(asked, name) and _hold(above, asked)


def _hold(those: Iterable[str], words: Iterable[str]) -> bool:
    """Whether each of some words is among others, or one of its family: `stored` of `storage`."""
    return all(any(_are_kin(word, other) for other in those) for word in words)


def _are_kin(first: str, second: str) -> bool:
    """Whether two words begin alike; a number or a code is itself only."""
    if first == second or not (first + second).isalpha():
        return first == second
    least = max(_ROOT, min(len(first), len(second)) - 1)
    return first[:least] == second[:least]


def _told(hits: Sequence[Hit]) -> list[Said]:
    said = [one for one in sentences_of(hits) if one.text != one.hit.passage.heading[-1]]
    rows = sum(one.hit.passage.kind == "table" for one in said)
    return said[: max(MOST, rows)] if rows <= MOST_ROWS else []
