"""Dates that belong together: a life in brackets behind a name, and a time with its beginning and its end."""

from __future__ import annotations

import re
from typing import NamedTuple

from graphs.reader.question import Question
from graphs.reader.spans import MONTH, Span
from memory.sentences import STOPWORDS, stem, words

_DATE = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}\.?(?:,?\s+\d{{3,4}})?"
    rf"|{MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?(?!\d)|{MONTH}\.?,?\s+\d{{4}}"
    r"|\d{4}-\d\d-\d\d|(?<!\d)(?:1\d{3}|20\d\d)(?!\d)|\d{1,4}\s(?:BC|AD|BCE|CE)\b|(?<=[(–-])\d{3}(?=[)–-]))"
)
_ONE = re.compile(_DATE)
_DASH = r"(?:\s*[–—−-]\s*|\s+(?:to|until|till)\s+)"
PERIOD = re.compile(
    rf"(?P<begin>{_DATE}){_DASH}(?P<end>{_DATE})|\bbetween\s+(?P<first>{_DATE})\s+and\s+(?P<last>{_DATE})"
)
_NAME = (
    r"[^\W\d_a-zß-öø-ÿ][\w'’.-]*"
    r"(?:,?\s+(?:(?:of|the|de|von|van|der|la|le|du|I|bin|al)\s+){0,2}[^\W\d_a-zß-öø-ÿ][\w'’.-]*)*"
)
_BRACKET = re.compile(rf"(?P<name>{_NAME})\s*\((?P<inner>[^()]{{3,120}})\)")
_BORN_MARK = re.compile(r"(?:\b(?:born|b\.)|\*)[^\d;]*$", re.I)
_DIED_MARK = re.compile(r"(?:\b(?:died|d\.)|†)[^\d;]*$", re.I)
_BIRTH = re.compile(r"\b(?:born|birth)\b", re.I)
_DEATH = re.compile(r"\b(?:died|dies|death)\b|\bpassed away\b", re.I)
_OTHER_MARK = re.compile(r"\b(?:r\.|fl\.|reign\w*|ruled?|active|in office|term|married|m\.)", re.I)
_UNTIL = re.compile(r"\s*[–—−-]\s*$")
_BORN = re.compile(r"\bborn\b|\b(?:date|year|day) of birth\b|\bbirth ?(?:date|day|year)\b", re.I)
_DIED = re.compile(r"\b(?:die|died|dies)\b|\b(?:date|year|day) of (?:\w+ )?death\b|\bpass(?:ed)? away\b", re.I)
_ANOTHER = re.compile(
    r"\w['’]s?\s+(?!(?:date|year|day|birth\w*|death)\b)[a-z]"
    r"|\b(?!(?:date|year|day|birth|death)\b)[a-z]+ of (?:the )?[A-Z]"
)
"""Somebody else than the one who is named: Quill's daughter, the wife of Quill."""
_BEGIN = re.compile(
    r"\b(?:begin|began|begun|start(?:ed|s)?|commence[ds]?|br[eo]ak\w* out|since when|from when)\b", re.I
)
_END = re.compile(
    r"\b(?:end(?:ed|s)?|finish(?:ed|es)?|cease[ds]?|stop(?:ped|s)?|conclude[ds]?|(?:un)?till? when)\b", re.I
)


class Life(NamedTuple):
    """The dates of a life in brackets; None where one is not told."""

    name: str
    start: int
    born: Span | None
    died: Span | None


def life_date(question: Question, sentence: str) -> Span | None:
    """When the one who is asked about was born or died, where a sentence has it in brackets behind the name.

    None for a question about somebody else than the one who is named, or that is not about a birth or a death alone.
    """
    asks_birth, asks_death = bool(_BORN.search(question.text)), bool(_DIED.search(question.text))
    if question.kind != "date" or asks_birth == asks_death or _ANOTHER.search(question.text):
        return None
    found = [life for life in _lives(sentence) if _is_about(question, life)]
    if len(found) != 1:
        return None
    return found[0].born if asks_birth else found[0].died


def part_of_period(question: Question, sentence: str, pointed: Span) -> Span | None:
    """What is asked of the time that is pointed at: when it began, when it ended, or both; None to leave it."""
    asks_begin, asks_end = bool(_BEGIN.search(question.text)), bool(_END.search(question.text))
    if question.kind != "date" or not (asks_begin or asks_end):
        return None
    for match in PERIOD.finditer(sentence):
        if match.start() < pointed.end and pointed.start < match.end():
            begin, end = ("begin", "end") if match["begin"] else ("first", "last")
            return Span(match.start(begin if asks_begin else end), match.end(end if asks_end else begin))
    return None


def birth_or_death(question: Question, sentence: str, pointed: Span) -> Span | None:
    """The date of a birth where the one pointed at is said to be a death's, or the other way round; None to leave it.

    A date belongs to what is said between it and the date before.
    """
    asks_birth, asks_death = bool(_BORN.search(question.text)), bool(_DIED.search(question.text))
    if question.kind != "date" or asks_birth == asks_death:
        return None
    own, other = (_BIRTH, _DEATH) if asks_birth else (_DEATH, _BIRTH)
    told: list[Span] = []
    is_other, before = False, 0
    for date in _ONE.finditer(sentence):
        said, before = sentence[before : date.start()], date.end()
        if own.search(said) and not other.search(said):
            told.append(Span(*date.span()))
        elif date.start() < pointed.end and pointed.start < date.end():
            is_other = bool(other.search(said))
    return told[0] if is_other and len(told) == 1 else None


def _is_about(question: Question, life: Life) -> bool:
    """Whether a life is of the one who is named; where nobody is, of the one who opens the sentence."""
    named = {stem(word) for word in words(life.name) if word not in STOPWORDS}
    return question.names <= named if question.names else life.start == 0


def _lives(sentence: str) -> list[Life]:
    return [life for match in _BRACKET.finditer(sentence) if (life := _life(match))]


def _life(match: re.Match[str]) -> Life | None:
    """What brackets behind a name tell of a life."""
    offset, inner = match.start("inner"), match["inner"]
    dates = list(_ONE.finditer(match.string, offset, match.end("inner")))
    if not dates or _OTHER_MARK.search(inner[: dates[0].start() - offset]):
        return None
    spans = [Span(*date.span()) for date in dates]
    before = [match.string[offset : date.start()].rpartition(";")[2] for date in dates]
    born = next((span for span, text in zip(spans, before, strict=True) if _BORN_MARK.search(text)), None)
    died = next((span for span, text in zip(spans, before, strict=True) if _DIED_MARK.search(text)), None)
    if period := PERIOD.search(match.string, offset, match.end("inner")):
        born, died = Span(*period.span("begin")), Span(*period.span("end"))
    elif len(dates) == 1 and not born and not died and _UNTIL.match(match.string[dates[0].end() : match.end("inner")]):
        born = spans[0]
    return Life(match["name"], match.start(), born, died) if born or died else None
