"""Which of several like values of a sentence is asked for: `A for 84 EUR, B for 91 EUR` has one of each for A and B."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from graphs.language.lexicon import meaning
from graphs.reader.question import Question
from graphs.reader.spans import Span, typed_spans, values_of
from memory.sentences import STOPWORDS, stem, words

FEW = 8
"""Words between two values of an enumeration."""
_CUT = re.compile(r"[;:,]\s+(?:(?:and|or|but|while)\s+)?|\s+(?:and|or|but|while|instead of|rather than)\s+", re.I)
_UNIT = re.compile(r"[\s-]*(?P<unit>[^\W\d_]+|[%°€$£])")
_WHICH = re.compile(
    r"\b(?P<noun>[^\W\d_]{1,40}), which (?:is|was|lasts?|lasted|takes?|took|costs?|weighs?|runs?) (?P<said>[^,;.]*)",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:was|were|did|had)\b.{0,200}\b(?:before|previous(?:ly)?|former(?:ly)?|original(?:ly)?|old|earlier)\b", re.I
)
_PAST = re.compile(r"\b(?:was|were|did|had)\b", re.I)
_FROM_TO = re.compile(
    r"\b(?:changed?|raised?|lowered|cut|moved|increased|reduced|renamed|extended|shortened)\b[^.;]{0,30}?"
    r"\bfrom (?P<old>[^.;,]{1,40}?) to (?P<new>[^.;,]{1,40}?)(?=[.;,]|$|\s(?:in|on|by|as|for|at|since)\b)",
    re.I,
)
_ONCE = re.compile(
    r"\s*[(,]\s*(?:(?:it )?(?:was|were)|formerly|previously|(?:up|down|increased|reduced|raised|changed) from)\s"
    r"(?:(?:previously|before|formerly)\s)?(?P<old>[^(),.;]{1,40}?)(?=\s(?:before|previously)\b|[(),.;]|$)",
    re.I,
)
"""What something was before, behind what it is: `60 seconds (was 30)`, `84 EUR, up from 79 EUR`."""
_THEN = re.compile(r"\b(?:then|afterwards?|thereafter|after (?:that|which)|from then on)\b", re.I)
_AFTER = re.compile(r"\b(?:after|beyond|following|past) (?P<time>.*)", re.I | re.S)
_WHO_IS = re.compile(r"^\W*who(?:['’]s|\s+(?:is|are))\b", re.I)
_FORMER = re.compile(r"\bbefore (?:her|him|them|that)\b|\b(?:was|were|served)\b[^;]{0,80}\b(?:until|till)\b", re.I)
_CURRENT = re.compile(r"\b(?:is|are|has|have|now|since)\b", re.I)
_EXTREMES = (
    (
        re.compile(r"\b(?:max(?:imum|imal)?|at most|highest|largest|longest|peak|up to)\b", re.I),
        re.compile(r"\b(?:at (?:the )?most|max(?:imum)?|peak|up to|no more than)\b", re.I),
    ),
    (
        re.compile(r"\b(?:min(?:imum|imal)?|at least|lowest|smallest|shortest)\b", re.I),
        re.compile(r"\b(?:at (?:the )?least|min(?:imum)?|no less than)\b", re.I),
    ),
)
"""How the most and the least is asked for, and how a value is marked as such."""
_SIGN = re.compile(r"[€$£]\s?$")


class Slot(NamedTuple):
    """A value with the words that belong to it: characters [start, end) of the sentence."""

    value: Span
    start: int
    end: int


def asked_slot(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The value that is asked for where the pointed one stands among its like; None to leave it as it is.

    Only words of the question that belong to one value alone decide, and only against a value that has none of them.
    What stands before the first value is said of all of them: it decides nothing.
    """
    alike = _alike(question, sentence, pointed)
    inside = [one for one in alike if one.start < pointed.end and pointed.start < one.end]
    if len(alike) < 2 or not _is_enumeration(sentence, alike):
        return None
    slots = _slots(sentence, alike)
    if _is_elided(question, sentence, slots):
        return _of_subject(question, sentence, slots)
    shares = _distinct_shares(question, sentence, slots)
    best, share = max(shares, key=lambda pair: pair[1])
    mine = max(other for value, other in shares if value in inside)
    is_alone = [other for _, other in shares].count(share) == 1
    if share <= 0 or not is_alone or (len(inside) == 1 and (best in inside or mine > 0)):
        return None
    return best


def extreme_value(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The value that is marked as the most where the most is asked for, and the least: 14 of `9 W, 14 W at most`."""
    alike = _alike(question, sentence, pointed)
    for asked, said in _EXTREMES:
        if len(alike) > 1 and asked.search(question.text):
            marked = [slot.value for slot in _slots(sentence, alike) if said.search(sentence[slot.start : slot.end])]
            return _like(sentence, pointed, marked[0]) if len(marked) == 1 else None
    return None


def _like(sentence: str, pointed: Span, value: Span) -> Span:
    """A value with the unit behind it that what was pointed at has too: `14 W`, as in `9 W`."""
    unit = _UNIT.match(sentence, value.end)
    is_told = unit and sentence[pointed.start : pointed.end].endswith(unit["unit"])
    return Span(value.start, unit.end()) if unit and is_told else value


def changed_value(question: Question, sentence: str, pointed: Span) -> Span | None:
    """What something was changed to, or from where that is asked: 9000 and 8080 of `changed from 9000 to 8080`."""
    asks_former, asks_now = bool(_BEFORE.search(question.text)), not _PAST.search(question.text)
    for match in _FROM_TO.finditer(sentence):
        if (asks_former or asks_now) and match.start("old") <= pointed.start and pointed.end <= match.end("new"):
            return Span(*match.span("old" if asks_former else "new"))
    return _once(question, sentence, pointed) if asks_former else None


def _once(question: Question, sentence: str, pointed: Span) -> Span | None:
    """What stands behind the pointed value as what it was before: both are values, or neither."""
    for match in _ONCE.finditer(sentence, pointed.end):
        old, between = Span(*match.span("old")), sentence[pointed.end : match.start()]
        kinds = {any(map(str.isdigit, sentence[one.start : one.end])) for one in (pointed, old)}
        if len(kinds) == 1 and len(words(between)) <= 2 and not re.search(r"[.;:]", between):
            return old
    return None


def later_value(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The value of later where that is asked for: `100 % for six weeks, then 70 %` has 70 % after six weeks."""
    asked, turn = _AFTER.search(question.text), _THEN.search(sentence)
    if not asked or not turn or pointed.end > turn.start():
        return None
    told = {word for word in words(sentence[: turn.start()]) if word not in STOPWORDS}
    later = [one for one in _alike(question, sentence, pointed) if one.start >= turn.end()]
    return later[0] if len(later) == 1 and told & set(words(asked["time"])) else None


def who_is_now(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The name in the clause about now where the pointed one is of before: `before her, Berg was captain`."""
    clauses = [Span(*match.span()) for match in re.finditer(r"[^;]+", sentence)]
    own = next((one for one in clauses if one.start <= pointed.start < one.end), None)
    if own is None or not _WHO_IS.search(question.text) or not _FORMER.search(sentence[own.start : own.end]):
        return None
    others = [one for one in clauses if one != own and _CURRENT.search(sentence[one.start : one.end])]
    names = typed_spans(question, sentence[others[0].start : others[0].end]) if len(others) == 1 else []
    return Span(names[0].start + others[0].start, names[0].end + others[0].start) if names else None


def told_of_noun(question: Question, sentence: str, _pointed: Span) -> Span | None:
    """The only value that a clause gives of a noun that is asked for: `after probation, which lasts six months`."""
    asked = {meaning(word) for word in words(question.text) if word not in STOPWORDS}
    for match in _WHICH.finditer(sentence):
        inside = [one for one in values_of(question, sentence) if match.start("said") <= one.start < match.end("said")]
        if meaning(match["noun"].casefold()) in asked and len(inside) == 1:
            return inside[0]
    return None


def _alike(question: Question, sentence: str, pointed: Span) -> list[Span]:
    """The values of a sentence that are counted as the pointed one is; none where that is no value.

    What is pointed at as a number is one, whatever was asked. One that leaves out its unit has that of the first:
    `The free plan allows 60 requests a minute, the Pro plan 600`.
    """
    if not values_of(question, sentence) and any(map(str.isdigit, sentence[pointed.start : pointed.end])):
        question = replace(question, kind="number")
    values = values_of(question, sentence)
    inside = [one for one in values if one.start < pointed.end and pointed.start < one.end]
    if not inside:
        return []
    shapes = [_shape(question, sentence, one) for one in values]
    own = _shape(question, sentence, inside[0])
    known = {own, ""} if own == shapes[0] else {own, shapes[0]} if not own else {own}
    return [one for one, shape in zip(values, shapes, strict=True) if shape in known]


def _shape(question: Question, sentence: str, value: Span) -> str:
    """What a value is counted in; a year is like no other number."""
    if question.kind not in ("number", "money"):
        return question.kind
    text = sentence[value.start : value.end]
    if re.fullmatch(r"1\d{3}|20\d\d", text.strip()):
        return "year"
    if _SIGN.search(sentence[: value.start]):
        return "$"
    if not text[-1:].isdigit() and not any(map(str.isdigit, text)):
        return "spelled"
    inner = re.search(r"\d\s?([^\W\d_]+|[%°€$£])", text)
    after = _UNIT.match(sentence, value.end)
    return inner[1].casefold() if inner else after["unit"].casefold() if after else ""


def _is_enumeration(sentence: str, values: Sequence[Span]) -> bool:
    """Whether a mark or a conjunction stands between values and little else, so that it belongs to one of them."""
    between = [sentence[before.end : after.start] for before, after in pairwise(values)]
    return all(_CUT.search(text) and len(words(text)) <= FEW for text in between)


def _slots(sentence: str, values: Sequence[Span]) -> list[Slot]:
    """Each value with what stands around it, up to the first mark or conjunction towards the next."""
    bounds = [values[0].start]
    for before, after in pairwise(values):
        cut = _CUT.search(sentence, before.end, after.start)
        bounds.append(cut.end() if cut else after.start)
    bounds.append(len(sentence))
    return [Slot(value, bounds[at], bounds[at + 1]) for at, value in enumerate(values)]


def _is_elided(question: Question, sentence: str, slots: Sequence[Slot]) -> bool:
    """Whether the values after the first have a subject of their own, and no unit: that of the first is meant."""
    shapes = [_shape(question, sentence, slot.value) for slot in slots]
    subjects = (words(sentence[slot.start : slot.value.start]) for slot in slots[1:])
    return bool(shapes[0]) and not any(shapes[1:]) and all(set(said) - STOPWORDS for said in subjects)


def _of_subject(question: Question, sentence: str, slots: Sequence[Slot]) -> Span | None:
    """The value whose subject a question names: what stands before the first has the verb of all as well."""
    subjects = [sentence[: slots[0].value.start], *(sentence[slot.start : slot.value.start] for slot in slots[1:])]
    (_, opening), *others = _shares(question, slots, subjects)
    named = [value for value, share in others if share > 0]
    return named[0] if len(named) == 1 else slots[0].value if opening > 0 and not named else None


def _distinct_shares(question: Question, sentence: str, slots: Sequence[Slot]) -> list[tuple[Span, float]]:
    """The weight of the question's words that stand with one value and nowhere else."""
    said = [sentence[: slots[0].start], *(sentence[slot.start : slot.end] for slot in slots)]
    return _shares(question, slots, said[1:], said[0])


def _shares(
    question: Question, slots: Sequence[Slot], said: Sequence[str], of_all: str = ""
) -> list[tuple[Span, float]]:
    """The weight of the question's words that one text alone says, each text with its value."""
    asked = {meaning(word): question.terms.get(stem(word), 0.0) for word in words(question.text)}
    parts = [{meaning(word) for word in words(part) if word not in STOPWORDS} & set(asked) for part in (of_all, *said)]
    counts = Counter(word for part in parts for word in part)
    return [
        (slot.value, sum(asked[word] for word in part if counts[word] == 1))
        for slot, part in zip(slots, parts[1:], strict=True)
    ]
