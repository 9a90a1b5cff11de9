"""Stretches of a sentence that could be an answer: dates, numbers, names and noun phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from graphs.reader.question import Kind, Question, asks_extent
from memory.sentences import STOPWORDS, stem, words

MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?)"
)
SPELLED = (
    "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|dozens?"
    "|half|one|once|twice|first|second|third)"
)
_DIGITS = r"[-−–+]?\d+(?:,\d+)*(?:\.\d+)?"
_SCALE = r"(?:\s*(?:million|billion|trillion|thousand|hundred|percent|per cent|%))?"
_MEASURE = r"%|°\s?[CF]|[kcm]?m²?|km/h|mph|kg|[gGMkT][BbWH]z?|mi(?:les?)?|feet|ft|inches|acres|tons?|tonnes|pounds"
_UNIT = rf"(?:\s*(?:{_MEASURE})(?!\w))?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_ERA = "(?:BC|AD|BCE|CE)"
_DATE = (
    rf"\b(?:{_DAY}\s+(?:of\s+)?{MONTH}\.?(?:\s*,?\s*\d{{3,4}})?|{MONTH}\.?\s+{_DAY}(?:\s*,?\s*\d{{4}})?"
    rf"|{MONTH}\.?\s*,?\s*\d{{4}}|\d{{4}}-\d\d-\d\d|(?:1\d|20)\d\ds?(?:\s?[-–]\s?\d{{2,4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th) century(?: {_ERA})?|\d{{1,4}} {_ERA}"
    rf"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|{MONTH}(?=[\s,.]))"
)
_NUMBER = rf"(?<![\w-]){_DIGITS}{_SCALE}{_UNIT}|\b{SPELLED}(?:[\s-]{SPELLED})*\b"
_MONEY = rf"(?:[$€£¥₹]\s?{_DIGITS}{_SCALE}|\b{_DIGITS}{_SCALE}\s?(?:dollars|euros?|pounds|cents|USD|EUR|GBP|CHF|yen)\b)"
_SPAN_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries|century|mph|km/h)"
_DURATION = (
    rf"\b(?:{_DIGITS}|{SPELLED})(?:\s?(?:[-–]|to|or|and)\s?(?:{_DIGITS}|{SPELLED}))?[\s-]+(?:\w+\s)?{_SPAN_UNIT}\b"
    r"|\b(?:every|once|twice|daily|weekly|monthly|yearly|annually)\b(?:\s\w+){0,2}"
)
_LENGTH = (
    rf"{_DIGITS}(?:\s*(?:million|billion|thousand|hundred))?[\s-]?"
    r"(?:[kcm]?m|mi|ft|yd|in|(?:kilo|centi|milli)?met(?:er|re)s?|miles?|feet|foot|yards?|inch(?:es)?)(?![\w/²³])"
)
_NAME = (
    r"\b[^\W\d_a-zß-öø-ÿ][\w'’&.-]*(?:\s+(?:(?:of|the|de|von|van|der|la|le|du|and|&|'s|for)\s+){0,2}"
    r"[^\W\d_a-zß-öø-ÿ][\w'’&-]*|\s+[IVX]+\b|\s+\d+\b)*"
)
_PATTERNS = {
    "date": re.compile(_DATE),
    "number": re.compile(_NUMBER, re.IGNORECASE),
    "money": re.compile(_MONEY, re.IGNORECASE),
    "duration": re.compile(_DURATION, re.IGNORECASE),
    "length": re.compile(_LENGTH),
    "extent": re.compile(rf"{_DURATION}|{_LENGTH}", re.IGNORECASE),
    "name": re.compile(_NAME),
}
_UNITS_OF = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(unit, re.IGNORECASE))
    for asked, unit in (
        ("heavy|weight|weighs?|mass", r"(?:\b|\d|_)(?:k?g|mg|lbs?|oz)\b|gram|\bpounds?\b|\btons?\b|tonne|ounce"),
        (
            "tall|high|height|length|wide|width|deep|depth|far|distance|diameter|altitude|elevation|radius|breadth"
            "|thick|thickness|circumference|perimeter|wingspan|span|wavelength",
            r"(?:\b|\d|_)(?:[mck]?m|ft)\b|met(?:er|re)|\bfeet\b|\bfoot\b|\binch|\bmile|\byard|\bblocks?\b",
        ),
        (
            "speed|velocity",
            r"km/h|\bmph|\bkph|m/s|\bknots?\b|\bper (?:second|hour)|\ban hour|bit|hz\b|\brpm\b|\bmach\b",
        ),
        ("hot|cold|temperature", r"°|degree|celsius|fahrenheit|kelvin"),
    )
)
"""What a question measures -> the units that it is measured in."""
_REASON = re.compile(
    r"\b(?:because|due to|so that|in order to|as a result|caused by|reason|since|therefore)\b|\bto \w+"
)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|at|from|near|to|on|of|into|across|between|outside|around|along)\s+(?:the\s+)?$", re.IGNORECASE
)
_ARTICLE_BEFORE = re.compile(r"\b(?:an?|the|as|by|of|called|is|are|was|were)\s+[\"“‘']?$", re.IGNORECASE)
_VERBAL = re.compile(
    r"[a-z]+(?:ly|ed|ing|able)|[^\W\d_]{1,3}|often|include[sd]?|including|many|well|like|become|became|\W.*"
)
_SHARE = re.compile(r"%|\bpercent|\bper cent\b")
_YEAR = re.compile(r"1\d{3}|20\d\d")
_OPENING_WORDS = """
    perhaps however although since while despite because according many several each every all both one two three
    during later today currently originally finally eventually recently usually often sometimes early
"""
_OPENINGS = frozenset(_OPENING_WORDS.split())
_FIELD = re.compile(r"(?:^|;\s+)([^:;]{1,40}):\s+([^;]+)")
_PRICE_FIELD = re.compile(r"(?:^|;\s)[^:;]*(?:price|cost|fee)[^:;]*:\s*\d", re.IGNORECASE)
_PRICED = frozenset({"price", "cost", "fee"})
_PATTERN_OF: dict[Kind, str] = {
    "person": "name",
    "place": "name",
    "name": "name",
    "date": "date",
    "number": "number",
    "money": "money",
    "duration": "duration",
}


class Span(NamedTuple):
    """Characters [start, end) of a sentence."""

    start: int
    end: int


def typed_spans(question: Question, sentence: str) -> list[Span]:
    """Spans of the expected kind that say more than the question itself; empty for kinds without a pattern."""
    name = _pattern_of(question)
    if name is None:
        return []
    found = (Span(*match.span()) for match in _PATTERNS[name].finditer(sentence))
    return [span for span in found if _is_news(question, sentence, span, name)]


def kind_spans(question: Question, text: str) -> list[Span] | None:
    """Every stretch of a text that is of the expected kind; None for kinds without a pattern."""
    name = _pattern_of(question)
    return None if name is None else [Span(*match.span()) for match in _PATTERNS[name].finditer(text)]


def values_of(question: Question, sentence: str) -> list[Span]:
    """Every number, amount, date or time span of the expected kind, whether news or not; empty for other kinds."""
    if _PATTERN_OF.get(question.kind) == "name":
        return []
    return kind_spans(question, sentence) or []


def lengths_in(sentence: str) -> list[Span]:
    """Every length of a sentence with its unit."""
    return [Span(*match.span()) for match in _PATTERNS["length"].finditer(sentence)]


def _pattern_of(question: Question) -> str | None:
    """The pattern of the expected kind; "how long is the bridge" is of two kinds."""
    if question.kind == "duration" and asks_extent(question.text):
        return "extent"
    return _PATTERN_OF.get(question.kind)


def fits_kind(question: Question, sentence: str) -> float:
    """How well a sentence can hold the expected kind: 1 it does, 0 it does not, .5 where nothing can be said.

    A number has to come with a unit of what is measured, or near the word that is counted.
    """
    if question.kind == "reason":
        return 1.0 if _REASON.search(sentence) else 0.0
    if question.kind not in _PATTERN_OF:
        return 0.5
    if not typed_spans(question, sentence):
        return float(question.kind == "money" and bool(_PRICE_FIELD.search(sentence)))
    return _unit_fits(question, sentence) if question.kind == "number" else 1.0


def _unit_fits(question: Question, sentence: str) -> float:
    """Whether a sentence with a number measures or counts what is asked; .5 if it says neither."""
    for asked, unit in _UNITS_OF:
        if asked.search(question.text):
            return float(bool(unit.search(sentence)))
    if not question.focus:
        return 1.0
    return 1.0 if question.focus & {stem(word) for word in words(sentence)} else 0.5


def shortest_answer(question: Question, sentence: str) -> str:
    """Return the shortest span of a sentence that answers, "" if no span stands out."""
    if question.kind in ("reason", "definition"):
        return ""
    fields = _FIELD.findall(sentence)
    if len(fields) > 1:
        return _field_answer(question, fields)
    spans = typed_spans(question, sentence) if question.kind in _PATTERN_OF else list(_phrases(question, sentence))
    if not spans:
        return ""
    anchors = _anchors(question, sentence)
    best = min(spans, key=lambda span: (_distance(span, anchors) - _bonus(question, sentence, span), span.start))
    return sentence[best.start : best.end].strip(" ,.;:'\"")


def _field_answer(question: Question, fields: list[tuple[str, str]]) -> str:
    """The value of the field whose name the question says; else the only value of the expected kind."""
    named = [(_named_share(question, name), value.strip()) for name, value in fields]
    best = max(named, key=lambda pair: pair[0])
    if best[0] > 0:
        return best[1]
    fitting = [
        value for _, value in named if typed_spans(question, value) and stem(value.casefold()) not in question.terms
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _named_share(question: Question, name: str) -> float:
    """How much of a field's name the question says; a price is also what something costs."""
    stems = {stem(word) for word in words(name.replace("_", " "))}
    if question.kind == "money":
        return float(bool(stems & _PRICED))
    return sum(question.terms.get(word, 0.0) for word in stems) / len(stems) if stems else 0.0


def _is_news(question: Question, sentence: str, span: Span, name: str) -> bool:
    """Whether a span is more than words of the question, and more than a sentence's capitalised opening."""
    text = sentence[span.start : span.end]
    found = words(text)
    if name == "name" and span.start == 0 and len(found) == 1 and (found[0] in STOPWORDS | _OPENINGS):
        return False
    return any(stem(word) not in question.all_words and word not in STOPWORDS for word in found) or (
        name != "name" and any(stem(word) not in question.all_words for word in found)
    )


def _phrases(question: Question, sentence: str) -> Iterator[Span]:
    """Runs of words between common words and marks, without the question's own words at their ends."""
    for match in re.finditer(r"[\w'’%$€£-]+(?:\s[\w'’%$€£-]+)*", sentence):
        run: list[re.Match[str]] = []
        for word in re.finditer(r"[\w'’%$€£-]+", match.group()):
            plain = word.group().casefold()
            if plain in STOPWORDS or stem(plain) in question.terms:
                yield from _run(match.start(), run)
                run = []
            else:
                run.append(word)
        yield from _run(match.start(), run)


def _run(offset: int, run: list[re.Match[str]]) -> Iterator[Span]:
    """The span of a run of words, if there is one of at most six words."""
    if run and len(run) <= 6:
        yield Span(offset + run[0].start(), offset + run[-1].end())


def _anchors(question: Question, sentence: str) -> list[tuple[int, int, float]]:
    """Where the question's terms stand in a sentence: (start, end, weight)."""
    found = ((match, stem(match.group().casefold())) for match in re.finditer(r"[^\W_]+", sentence))
    return [(match.start(), match.end(), question.terms[word]) for match, word in found if word in question.terms]


def _distance(span: Span, anchors: list[tuple[int, int, float]]) -> float:
    """Weighted mean distance in characters to the question's terms, near ones counting most."""
    if not anchors:
        return 0.0
    total = sum(weight for *_, weight in anchors)
    gaps = ((max(start - span.end, span.start - end, 0), weight) for start, end, weight in anchors)
    return sum(min(gap, 60) * weight for gap, weight in gaps) / total


def _bonus(question: Question, sentence: str, span: Span) -> float:
    """Characters of distance that a span's looks are worth."""
    before = sentence[max(0, span.start - 24) : span.start]
    text = sentence[span.start : span.end]
    if question.kind == "place":
        return 15.0 if _PLACE_BEFORE.search(before) else 0.0
    if question.kind == "number":
        return _number_bonus(question, sentence, span)
    if question.kind == "person":
        return 8.0 if " " in text else 0.0
    if question.kind == "other":
        return _phrase_bonus(before, text)
    return 0.0


def _number_bonus(question: Question, sentence: str, span: Span) -> float:
    """What is worth that the counted word or the unit follows; a number that looks like a year is rarely a count."""
    text = sentence[span.start : span.end]
    if _SHARE.search(question.text):
        return 40.0 if _SHARE.search(sentence[span.start : span.end + 9]) else 0.0
    following = {stem(word) for word in words(sentence[span.end : span.end + 30])[:3]}
    counted = 25.0 if following & question.focus else 0.0
    return counted - (20.0 if _YEAR.fullmatch(text) else 0.0)


def _phrase_bonus(before: str, text: str) -> float:
    """Names and longer phrases after an article or a preposition are answers more often than verbs and adverbs."""
    looks = 6.0 if text[:1].isupper() else min(len(text), 24) / 6
    if _VERBAL.fullmatch(text):
        looks -= 12.0
    return looks + (5.0 if _ARTICLE_BEFORE.search(before) else 0.0)
