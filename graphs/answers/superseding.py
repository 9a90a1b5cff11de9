"""A value that a later sentence changes: the later one is the answer, the former is told beside it.

Said of one thing only, and only where the later sentence is marked as a change: two values alone may be of two things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from graphs.answers.measures import Measure, differ, measures, of_kind
from graphs.answers.said import Said, said_by, sentences_of, stems
from graphs.answers.subjects import is_same_subject, stamp_of
from graphs.language.lexicon import meaning
from graphs.language.quantities import Day, find_values
from graphs.reader.question import Kind, Question, understand
from graphs.reading import Reading
from memory.records import Claim, Hit
from memory.sentences import STOPWORDS, words

EARLIER = "Earlier: "
_MARK = re.compile(
    r"\b(?:moves?|moved|shift(?:s|ed)?|postponed?|put back|pushed back|brought forward|rescheduled|delayed)\b"
    r"|\b(?:rais|increas|reduc|lower|cut|chang|extend|shorten|amend|revis|updat|correct)(?:es|ed|s)?\b"
    r"(?=.{0,40}\b(?:to|from|by)\b)"
    r"|\b(?:is|are|was|were|has been|have been|will be)?\s?now\b|\binstead of\b|\brather than\b|\bno longer\b"
    r"|\b(?:replac|supersed)(?:es|ed)\b|\b(?:revers|overturn|revok|rescind)(?:es|ed|s)?\b",
    re.I,
)
_DECISION = re.compile(
    r"\b(?:revers|overturn|revok|rescind|withdr|chang)\w*\b.{0,40}\b(?:decision|resolution|choice|vote|ruling)\b", re.I
)
_OPEN = re.compile(
    r"\b(?:if|whether|unless|would|could|might|may (?!\d)|propos\w*|suggest\w*|discuss\w*|consider\w*|reject\w*|not)\b"
)
_OF_THE_PAST = re.compile(
    r"\b(?:original|initial|previous|former|earlier|before|old|planned|used to|at first|first|why|january|february"
    r"|march|april|june|july|august|september|october|november|december|in may|(?:19|20)\d\d)(?:ly)?\b",
    re.I,
)
_BY = re.compile(r"\bby\s+(?:about\s|another\s|up\sto\s|some\s)?$", re.I)
"""What stands before an amount of change: `raised by 50 EUR`."""
_FOR = re.compile(r"\b(?:for|to)\s+(?:the\s|all\s|our\s)?(?P<whom>[^\W\d_]{3,})|\bin\s+(?-i:(?P<where>[A-Z]\w+))", re.I)
_FROM = re.compile(r"\b(?:from|by)\b[^;.]{1,40}?\bto\b", re.I)
"""`from 310 to 335` is no range where it is raised so, nor is `by 25 to 335`."""
_CLAUSE = re.compile(r"[^;]+")
_ITEM = re.compile(r"(?:^|(?<=\n))[ \t]*(?:\(?\d{1,2}[.)]|[-*•])[ \t]+|\n[ \t]*\n\s*")
_LEAD = re.compile(r"(?P<label>[^\W\d_][^.:;\n]{1,40})[.:]\s+(?=\S)")
_LEAD_WORDS = 4
_HEADING_CHARACTERS = 120
_MEASURED: tuple[Kind, ...] = ("date", "money", "duration", "number")
_ASKING = stems("what when much many long date time day cost price number amount take get last")
_TIMES = stems(
    """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday spring summer autumn winter year years month months week weeks day days good now
    two three four five six seven eight nine ten one half
    """
)
_BACK = frozenset({"it", "this", "that", "these", "they"})
_OF = frozenset({"for", "of", "in", "at", "on", "with", "by"})


class Change(NamedTuple):
    """A later sentence that changes a former one. value: what it changes it to, "" where that is no measure."""

    later: Said
    value: str


def of_change(question: str, reading: Reading) -> Reading | None:
    """A reading that says what something was changed to, and then what it was; None where nothing was changed."""
    chosen = said_by(reading.claims[0].citations[:1], reading.ranked) if reading.claims else []
    if not chosen or _OF_THE_PAST.search(question):
        return None
    change = find_change(understand(question, {}), chosen[0], reading.ranked)
    if change is None:
        return None
    former = Claim("", f"{EARLIER}{chosen[0].text}", (chosen[0].citation(),))
    claims = (Claim("", change.later.text, (change.later.citation(),)), former)
    return replace(reading, claims=claims, short_answer=change.value)


def find_change(question: Question, first: Said, hits: Sequence[Hit]) -> Change | None:
    """The latest sentence that changes what one says of the thing asked for."""
    if first.hit.passage.kind == "record" or (not of_any_kind(question, first.text) and not label_of(first)):
        return None
    marked = [said for said in sentences_of(hits) if said.text != first.text and _MARK.search(said.text)]
    later = [said for said in marked if _is_later(said, first, hits)]
    found = [change for said in later if (change := _change(question, first, said))]
    return max(found, key=lambda one: _place(one.later, hits), default=None)


def _change(question: Question, first: Said, later: Said) -> Change | None:
    """What a later sentence makes of a value, if both speak of one thing; the clauses of a sentence by themselves."""
    if any(name in first.stems - later.stems for name in question.names):
        return None
    for match in _CLAUSE.finditer(later.text):
        clause = match.group()
        mark = _MARK.search(clause)
        if mark is None or _OPEN.search(clause.casefold()) or not _is_same_thing(question, first, later, clause):
            continue
        if _is_for_some(question, first, clause):
            continue
        if value := _new_value(question, first, clause, mark.start()):
            return Change(later, value.text)
    is_decision = question.kind not in ("reason", "date", "money", "duration", "number")
    if is_decision and _DECISION.search(later.text) and _share_label(first, later):
        return Change(later, "")
    return None


def _new_value(question: Question, first: Said, clause: str, mark: int) -> Measure | None:
    """The value of a clause that none of the former ones can be, behind the mark of change rather than before."""
    former = of_any_kind(question, first.text)
    plain = _FROM.sub(lambda match: " " * len(match.group()), clause)
    found = (one for one in of_any_kind(question, plain) if not _BY.search(plain[: one.start]))
    fresh = [one for one in found if _is_other(one, former)]
    behind = [one for one in fresh if one.start >= mark]
    return (behind or fresh or [None])[0]


def _is_for_some(question: Question, first: Said, clause: str) -> bool:
    """Whether a clause holds for some only, `for members`, of whom neither the question nor the former one speaks."""
    known = stems(question.text) | first.stems | first.around
    narrowed = (stems(match["whom"] or match["where"] or "") for match in _FOR.finditer(clause))
    return any(one and not one & known and not one & _TIMES for one in narrowed)


def _is_other(value: Measure, former: Sequence[Measure]) -> bool:
    alike = [one for one in former if one.dimension == value.dimension]
    return bool(alike) and all(differ(one, value) for one in alike)


def of_any_kind(question: Question, text: str) -> list[Measure]:
    """The values of the kind that is asked for; of a question that names none, dates, amounts and durations."""
    kinds = (question.kind,) if question.kind in _MEASURED else _MEASURED[:3]
    found = measures(text)
    return [one for kind in kinds for one in of_kind(found, kind)]


def _is_same_thing(question: Question, first: Said, later: Said, clause: str) -> bool:
    """Whether a clause is about what is asked of the former sentence: by the question's words, or by their label."""
    known = stems(question.text) | first.stems | stems(label_of(first)) | first.around
    asked = (stems(question.text) - _ASKING) & (first.stems | stems(label_of(first)) | first.around)
    own = stems(clause)
    is_one_document = first.hit.passage.document_id == later.hit.passage.document_id
    if not is_one_document and not is_same_subject(first, later, asked):
        return False
    said = own | stems(label_of(later)) | later.around
    if asked and asked <= said and asked & own:
        return _stands_alone(clause, asked & own, known)
    if not _share_label(first, later):
        return False
    label = stems(label_of(later))
    opening = words(clause)[:1]
    return opening[0] in _BACK if opening and not label & own else _stands_alone(clause, label & own, known)


def _share_label(first: Said, later: Said) -> bool:
    label = stems(label_of(first))
    return bool(label) and label == stems(label_of(later))


def _stands_alone(clause: str, subject: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a clause speaks of a subject itself: `the launch`, not `the soft launch` or `the launch in Norway`."""
    found = words(clause)
    places = [at for at, word in enumerate(found) if meaning(word) in subject]
    if not places:
        return False
    before = found[places[0] - 1] if places[0] else ""
    if before and before not in STOPWORDS and meaning(before) not in known and before != "new":
        return False
    after = found[places[0] + 1 :]
    while after and meaning(after[0]) in known:
        after = after[1:]
    if not after or after[0] not in _OF:
        return True
    following = next((word for word in after if word not in STOPWORDS), "")
    return not following or meaning(following) in known or following.isdigit()


def label_of(said: Said) -> str:
    """What a sentence's item is headed by: `Launch date.` before it on its line, `Launch date:`, or its heading."""
    text = said.hit.passage.text
    starts = [match.end() for match in _ITEM.finditer(text) if match.end() <= said.start]
    match = _LEAD.match(text, max(starts, default=0))
    if match and match.start() <= said.start and match.end() < said.end and len(match["label"].split()) <= _LEAD_WORDS:
        return match["label"]
    heading = said.hit.passage.heading[-1:]
    return heading[0] if heading and heading[0] != said.hit.title else ""


def _is_later(said: Said, first: Said, hits: Sequence[Hit]) -> bool:
    """Whether a sentence was said after another: by the dates above them or their places, or by their documents."""
    if said.hit.passage.document_id == first.hit.passage.document_id:
        mine, theirs = _place(said, hits), _place(first, hits)
        return mine > theirs if mine[0] and theirs[0] else mine[1] > theirs[1]
    mine, theirs = stamp_of(said.hit).order, stamp_of(first.hit).order
    return bool(mine and theirs and mine > theirs)


def _place(said: Said, hits: Sequence[Hit]) -> tuple[tuple[int, int, int] | tuple[()], int]:
    return _dated(said, hits), said.hit.passage.start + said.start


def _dated(said: Said, hits: Sequence[Hit]) -> tuple[int, int, int] | tuple[()]:
    """The date of the nearest heading or headed line above a sentence, () if there is none."""
    passage = said.hit.passage
    for heading in reversed(passage.heading):
        if found := _day(heading):
            return found
    own = {hit.passage.ordinal: hit.passage for hit in hits if hit.passage.document_id == passage.document_id}
    above = [own[at].text for at in sorted(own) if at < passage.ordinal]
    return next((found for line in _lines([*above, passage.text[: said.start]]) if (found := _day(line))), ())


def _lines(texts: Iterable[str]) -> list[str]:
    """Lines of a text that may be headings, the nearest first: short ones that do not end as a sentence does."""
    found = [line.strip() for text in texts for line in text.splitlines()]
    kept = [line for line in found if len(line) <= _HEADING_CHARACTERS and line and line[-1] not in ".,;!?"]
    return [line for line in reversed(kept) if not _ITEM.match(f"{line} ")]


def _day(line: str) -> tuple[int, int, int] | tuple[()]:
    days = [row.value for row in find_values(line) if isinstance(row.value, Day)]
    whole = [day for day in days if day.year and day.month]
    return (whole[0].year or 0, whole[0].month or 0, whole[0].day or 0) if whole else ()
