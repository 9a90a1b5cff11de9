"""A short answer told whole: no part of a code, of a range or of a list of names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphs.reader.periods import PERIOD
from graphs.reader.question import Question
from graphs.reader.spans import SPELLED, Span
from memory.sentences import STOPWORDS, stem, words

_JOINED = re.compile(r"(?:\b[a-z]{2,8}://)?\w+(?:[-‐‑–−/.@_+](?=\w)\w+|(?<=\d)[,:](?=\d)\w+)+")
_NUMBER = rf"(?:[$€£¥]\s?)?(?<![\w.,])(?:\d[\d.,:]*(?<![.,:])|{SPELLED})(?:\s?[%°][CF]?)?"
_RANGE = re.compile(
    rf"\bbetween\s+{_NUMBER}(?:\s[a-z]+)?\s+and\s+{_NUMBER}(?!\w)|{_NUMBER}(?:\s+to\s+|\s*[–−]\s*|-){_NUMBER}(?!\w)",
    re.I,
)
_CHANGE = re.compile(
    r"\b(?:f[ae]ll(?:s|en)?|rose|rises?|risen|gr[eo]w[ns]?|went|go(?:es)?|(?:increas|decreas|declin|rais|reduc|chang)e[ds]?"
    r"|drop(?:s|ped)?|cut|extend(?:s|ed)?|expand(?:s|ed)?|improved?|lower(?:s|ed)?)\b[^,;]*\bfrom\s+$",
    re.I,
)
_ONE_END = re.compile(
    r"\b(?:max\w*|min\w*|(?:at )?(?:most|least)|begin\w*|began|starts?|started|opens?|opened|ends?|ended|closes?|closed"
    r"|finish\w*|stops?|stopped|until|since"
    r"|becom\w*|became|leave|left|withdr\w*|(?:what|which) (?:year|date|day|month)|born|die[ds]?|death|birth"
    r"|found(?:ed|ing)|(?:establish|introduc|dissol|abolish)\w*|(?:ear|late)\w*|low\w*|high\w*|longest|shortest|oldest|youngest)\b",
    re.I,
)
_MEMBER = (
    r"(?:(?:the|his|her|their|its)\s+(?:(?!of\b)[a-z-]+\s+){1,2})?"
    r"(?-i:[^\W\d_a-zß-öø-ÿ][\w’'-]*(?:(?:\.\s*|\s+(?:(?:of|de|von|van|der|la|le|du)\s+){0,2})[^\W\d_a-zß-öø-ÿ][\w’'-]*)*)"
)
_NAMES = re.compile(rf"{_MEMBER}(?:,\s+{_MEMBER})*,?\s+(?:and|&)\s+{_MEMBER}(?!['’]s)")
_YEARS = re.compile(r"(?<!\d)(?:1\d{3}|20\d\d)(?:,\s+(?:1\d{3}|20\d\d))*,?\s+and\s+(?:1\d{3}|20\d\d)(?![\w-])")
_ONE_WANTED = re.compile(
    r"\bwho(?:['’]s|\s+(?:is|was))\s+(?:the|an?|his|her|its|their|your|our|my|[\w-]+['’]s?)\b"
    r"|\b(?:first|last|second|third|oldest|eldest|youngest|only|alone|one|(?:which|what) [a-z]+(?<!s))\b",
    re.I,
)
_PLAIN_PART = re.compile(r"^(?-i:[a-z]+)[-‐‑–−]|[-‐‑–−](?-i:[a-z]+)$")
_YEAR_RANGE = re.compile(r"\d{3,4}[-–−]\d{2,4}")
_YEAR = re.compile(r"1\d{3}|20\d\d")
_AGENTS_BEFORE = re.compile(r"(?:^|\b(?:by|are|were|includ(?:e[ds]?|ing)))[\s:]*$", re.I)
"""What stands before a list of those who did something: `founded by`, or nothing where they are the subject."""
_SEVERAL_TIMES = re.compile(r"\b(?:years|dates|times|when (?:are|were))\b", re.I)
_POSSESSIVE = re.compile(r"['’]s?(?=\s|,|$)")


def told_whole(question: Question, sentence: str, span: Span) -> Span:
    """A span grown to the whole code, range or list that it is a part of, and cut to the item that is asked for."""
    span = _asked_item(question, sentence, span)
    span = _whole_token(sentence, span)
    if not _ONE_END.search(question.text):
        span = _whole_range(sentence, span)
    return _whole_list(question, sentence, span)


def _whole_token(sentence: str, span: Span) -> Span:
    """A span that begins and ends inside no code, address or joined name.

    A plain word is no part of a value: `15` of `15-member` is whole. Nor is a year of a life or a reign.
    """
    start, end = span
    for match in _JOINED.finditer(sentence):
        if _YEAR_RANGE.fullmatch(match[0]):
            continue
        if match.start() < start < match.end() and not _PLAIN_PART.match(sentence[match.start() : start]):
            start = match.start()
        if match.start() < end < match.end() and not _PLAIN_PART.fullmatch(sentence[end : match.end()]):
            end = match.end()
    return Span(start, end)


def _whole_range(sentence: str, span: Span) -> Span:
    """A span with the whole of the range that it holds an end of; of a change from one to another it is no end."""
    periods = list(PERIOD.finditer(sentence))
    ranges = [
        match
        for match in _RANGE.finditer(sentence)
        if _is_range(match[0])
        and not any(period.start() < match.end() and match.start() < period.end() for period in periods)
    ]
    for match in [*periods, *ranges]:
        is_part = match.start() < span.end and span.start < match.end()
        if is_part and not _CHANGE.search(sentence[: match.start()]):
            return Span(min(span.start, match.start()), max(span.end, match.end()))
    return span


def _is_range(text: str) -> bool:
    """Whether both ends can be of one kind: no year with an amount of money, as in `from 2006 to $2.9 billion`."""
    first, last = re.split(r"\s+(?:to|and)\s+|[–−-]", text, maxsplit=1)
    is_money = [bool(re.search(r"[$€£¥]", end)) for end in (first, last)]
    is_year = [bool(_YEAR.search(end)) for end in (first, last)]
    return is_money[0] >= is_money[1] and (is_year[0] == is_year[1] or _YEAR_RANGE.fullmatch(text) is not None)


def _asked_item(question: Question, sentence: str, span: Span) -> Span:
    """Of values that marks part, the one whose label the question says: `maximum 250` of `50, maximum 250`."""
    parts = list(re.finditer(r"[^,;]+(?:[,;](?=\S)[^,;]+)*", sentence[span.start : span.end]))
    if question.kind == "date" or not 1 < len(parts) < 4 or not all(any(map(str.isdigit, part[0])) for part in parts):
        return span
    said = [part for part in parts if {stem(word) for word in words(part[0]) if word.isalpha()} & set(question.terms)]
    if len(said) != 1:
        return span
    lead = len(said[0][0]) - len(said[0][0].lstrip())
    return Span(span.start + said[0].start() + lead, span.start + said[0].end())


def _whole_list(question: Question, sentence: str, span: Span) -> Span:
    """All the names, or all the years, where the span is one of a list of them and the question may ask for several."""
    if question.kind == "person" and not _ONE_WANTED.search(question.text):
        return next((whole for whole in _agents(question, sentence) if _holds(whole, span)), span)
    if question.kind == "date" and _SEVERAL_TIMES.search(question.text):
        years = (Span(*match.span()) for match in _YEARS.finditer(sentence))
        return next((whole for whole in years if _holds(whole, span)), span)
    return span


def _agents(question: Question, sentence: str) -> Iterator[Span]:
    """Lists of names that did something, or had it done to them; none with a name that the question has too."""
    for match in _NAMES.finditer(sentence):
        start = match.start() + _opening(match[0])
        is_known = question.names & {stem(word) for word in words(match[0])}
        if _AGENTS_BEFORE.search(sentence[:start]) and not is_known and not _POSSESSIVE.search(match[0]):
            yield Span(start, match.end())


def _holds(whole: Span, span: Span) -> bool:
    return whole.start <= span.start and span.end <= whole.end


def _opening(text: str) -> int:
    """Characters of a capitalised common word that opens a sentence, as in `In Leipzig and Ulm`."""
    first = re.match(r"[\w’'-]+\s+", text)
    return first.end() if first and first[0].strip().casefold() in STOPWORDS and first[0][0].isupper() else 0
