"""Sentences and words of a text: pure functions that ingestion, the graph and the judge share.

Offsets count Unicode code points. Nothing here knows a document, a store or a language model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock
from typing import Protocol, cast

import snowballstemmer


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


_COMMON = """
    a about above after again against all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have having he
    her here hers herself him himself his how i if in into is it its itself just may me might more most must my
    myself no nor not now of off on once only or other our ours ourselves out over own same shall she should so
    some such than that the their theirs them themselves then there these they this those through to too under
    until up very was we were what when where which while who whom whose why will with would you your yours
    yourself yourselves
"""
STOPWORDS: frozenset[str] = frozenset(_COMMON.split())
"""Common English words that carry no topic. Negations are among them: whoever weighs meaning adds them back."""

_TITLES = """
    mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt maj cmdr gov sen rep pres mt ft vs cf al ca approx inc ltd
    co corp bros est dept univ e.g i.e eg ie viz resp incl excl z.b d.h u.a bzw usw evtl ggf hr fr dipl inkl zzgl
    m.a.w p.ex mme mlle sra
"""
_BEFORE_NUMBER = """
    no nos nr vol vols fig figs eq eqs sec ch chap pp p art tel ext max min avg jan feb mar apr jun jul aug sep sept
    oct nov dec abb bd tab str ed eds cl cls para paras ref refs s c v
"""
_BEFORE_CODE = """
    nos nr vol vols fig figs eq eqs ch chap pp p cl cls para paras abb ref refs
"""
_NUMBERED = """
    account article asset batch booking case catalog catalogue certificate charge claim contract customer delivery
    device document drawing engine equipment file flight form ident identification invoice item job key licence license
    lot material member membership model order part permit phone policy product project purchase receipt reference ref
    registration reg report reservation room seat ser serial series sku standard stock ticket tracking train type unit
    user vehicle
"""
_ABBREVIATIONS = frozenset(_TITLES.split())
_LABELS = frozenset(_BEFORE_NUMBER.split())
"""Abbreviations only where a number follows; `no` and `max` are words elsewhere."""
_CODED = frozenset(_BEFORE_CODE.split())
"""Those that are no words, so that a code or a Roman number may follow as well."""
_ALSO_WORDS = frozenset({"no", "art", "sec", "tab", "ext", "ed"})
"""Those that are words: before a code in brackets, or behind what has a number, as in `part no. AQ-771`."""
_OF_LIVES = frozenset({"b", "d", "m", "r", "fl"})
"""Those that give a year in brackets behind a name: born, died, married, reigned, flourished."""
_NAMING = frozenset(_NUMBERED.split())
_MAY_END = frozenset({"inc", "ltd", "co", "corp", "bros", "jr", "sr", "st", "al", "est", "ft", "usw"})
"""Abbreviations that often stand last in a sentence: they end it when a common opening word follows."""

_YEAR = """
    January February March April May June July August September October November December Januar Februar März Mai
    Juni Juli Oktober Dezember
"""
_MONTHS = frozenset(_YEAR.split())
_STARTERS = STOPWORDS | {"however", "although", "since", "according", "many", "several", "one", "two", "there"}
_CLOSERS = "\"'”’»)\\]}›"
_OPENERS = "\"'“‘«([{‹¿¡*_`"
_END = re.compile(rf"(?P<wide>[。！？｡]+[」』”’）】]*)|(?P<mark>[.!?…‽؟۔।]+)(?P<close>[{_CLOSERS}*_]*)(?=\s|$)")
_BREAK = re.compile(r"[ \t\u00a0]*(?:\r\n|\r|\n|\f|\x0b|\u2028|\u2029)\s*")
_MARKER = re.compile(r"\s*(?:[-*+•‣◦·–—]\s|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s|#{1,6}\s|[|>]|```|~~~|={3,}|-{3,})")
_OPTION = re.compile(r"-{1,2}\w")
_DEEPER = 2
"""Columns that an explanation stands deeper than its term at least."""
_HEAD = re.compile(r"\s*(?:#{1,6}\s|\||```|~~~)")
_FIELD = re.compile(r"\s*[^\s:][^:\n]{0,40}:\s")
_LAST_WORD = re.compile(r"[^\s\"'“‘«(\[{]+$")
_NEXT_WORD = re.compile(rf"\s*[{re.escape(_OPENERS)}]*(\w+(?:['’]\w+)?)?")
_FIGURE = re.compile(rf"\s*[{re.escape(_OPENERS)}]*[$€£¥#§±~≈<>≤≥+−-]?\d")
_CODE = re.compile(rf"\s*[{re.escape(_OPENERS)}]*(?:(?=[A-Z\d./_-]*\d)[A-Z\d]|[A-Z]{{2,5}} \d|(?!I\b)[IVXLC]+\b)")
_BEFORE = re.compile(r"(?P<word>[^\W\d_]+)\.?(?:\s+|-)$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_WRAPPED = 45
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
_WORD = re.compile(
    rf"(?P<cjk>[{_CJK}]+)|(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:[.:]\d+)*)(?=[^\W{_CJK}]|)"
    rf"|(?P<word>[^\W\d_{_CJK}](?:[^\W_{_CJK}]|['’](?=[^\W\d_]))*)"
)
_ASCII_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.:]\d+)*|[a-z](?:[a-z0-9]|'(?=[a-z]))*")
"""The same for lower-case ASCII, which most text is: more than twice as fast."""


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence, in order, without the white space around them.

    Every character that is not white space lies in exactly one of them. Paragraph breaks, list items, headings
    and table lines end a sentence; a line break inside a wrapped paragraph does not.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _lines(text):
        begin = start
        for cut in _ends(text, start, end):
            spans.append((begin, cut))
            begin = cut
        spans.append((begin, end))
    return [trimmed for span in spans if (trimmed := trim(text, *span))[0] < trimmed[1]]


@lru_cache(maxsize=2048)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """`split_sentences`, remembered: the same passages are read for one question after another."""
    return tuple(split_sentences(text))


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without white space at its ends; an empty one collapses at its start."""
    piece = text[start:end]
    if not (bare := piece.strip()):
        return start, start
    begin = start + len(piece) - len(piece.lstrip())
    return begin, begin + len(bare)


def clip(text: str, start: int, end: int, limit: int = 400) -> tuple[int, int]:
    """Shorten a span to at most `limit` characters, at a clause's end if there is one late enough, else at a word's."""
    if end - start <= limit:
        return start, end
    piece = text[start : start + limit]
    clause = max(piece.rfind(mark) for mark in (";", ":", ",", " – ", " — ", "，", "、", "；"))
    space = max(piece.rfind(" "), piece.rfind("\n"))
    cut = clause if clause > limit * 0.6 else space if space > limit // 4 else limit
    return trim(text, start, start + cut)


def words(text: str) -> list[str]:
    """Return the words and numbers in order, lower case; `1,250` becomes `1250`, a possessive loses its `'s`.

    A run of Chinese, Japanese or Korean characters gives its overlapping pairs, a single one itself.
    """
    if not text.isascii():
        return list(_words(text))
    found = _ASCII_WORD.findall(text.lower())
    if "'" not in text and "," not in text:
        return found
    return [word[:-2] if word.endswith("'s") else word.replace(",", "") for word in found]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the English Snowball stem of a lower-case word."""
    with _STEMMER_LOCK:
        return _STEMMER.stemWord(word)


# The pure Python stemmer keeps the word it works on in itself: one caller at a time.
_STEMMER = cast(_Stemmer, snowballstemmer.stemmer("english"))  # pyright: ignore[reportUnknownMemberType] untyped library
_STEMMER_LOCK = Lock()


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        token = match.group().casefold()
        if match.lastgroup == "cjk":
            yield from (token[at : at + 2] for at in range(max(1, len(token) - 1)))
        elif match.lastgroup == "number":
            yield token.replace(",", "")
        else:
            yield _plain(token)


def _plain(token: str) -> str:
    token = token.replace("’", "'")
    return token[:-2] if token.endswith("'s") else token


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that no sentence crosses: paragraphs, list items, lines that are not wrapped prose."""
    begin = line = 0
    for gap in _BREAK.finditer(text):
        if gap.start() < begin:
            continue
        if not _is_wrapped(text, line, gap):
            yield begin, gap.start()
            begin = gap.end()
        line = gap.end()
    yield begin, len(text)


def _is_wrapped(text: str, line: int, gap: re.Match[str]) -> bool:
    """Whether a line break only wraps a paragraph: the sentence goes on in the next line."""
    if len(re.findall(r"\r\n|\r|\n|\f|\x0b|\u2028|\u2029", gap.group())) > 1 or "\f" in gap.group():
        return False
    before, after = text[line : gap.start()], text[gap.end() : gap.end() + 80]
    if not before.strip() or not after or _HEAD.match(before) or _MARKER.match(after):
        return False
    if _FIELD.match(after) and _FIELD.match(before):
        return False
    if before.rstrip().endswith((".", "!", "?")) and _indent(text, gap.end()) + _DEEPER <= _indent(text, line):
        return False
    return after[0].islower() or len(before.strip()) >= _WRAPPED or _is_term(text, line, before, gap)


def _is_term(text: str, line: int, before: str, gap: re.Match[str]) -> bool:
    """Whether a line is a term above its explanation, which stands deeper: `-t, --list` of a manual."""
    is_closed = before.rstrip().endswith((".", "!", "?", ":", ";", ","))
    if is_closed or _MARKER.match(before) or _OPTION.match(text, gap.end()):
        return False
    return _indent(text, gap.end()) >= _indent(text, line) + _DEEPER


def _indent(text: str, at: int) -> int:
    """Columns before a place in its line, if nothing but white space stands there."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return len(before.expandtabs()) if not before.strip() else 0


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and (match["wide"] or _is_end(text, start, end, match)):
            yield match.end()


def _is_end(text: str, start: int, end: int, match: re.Match[str]) -> bool:
    following = _NEXT_WORD.match(text, match.end(), end)
    upcoming = (following and following[1]) or ""
    if upcoming[:1].islower():
        return False
    if match["mark"] != "." or match["close"]:
        return True
    before = text[max(start, match.start() - 40) : match.start()]
    found = _LAST_WORD.search(before)
    if not found:
        return True
    label = found[0].rpartition("-")[2]
    if label in _OF_LIVES and _is_bracketed(before) and _FIGURE.match(text, match.end(), end):
        return False
    if label.casefold() in _LABELS and _is_labelled(text, end, match, before[: len(before) - len(label)], label):
        return False
    return _full_stop(found[0], upcoming, match.start() - len(found[0]) == start)


def _is_labelled(text: str, end: int, match: re.Match[str], before: str, label: str) -> bool:
    """Whether what follows an abbreviation and its dot is the figure or the code that it announces."""
    if _FIGURE.match(text, match.end(), end):
        return True
    word = label.casefold()
    if word not in _CODED | _ALSO_WORDS or not _CODE.match(text, match.end(), end):
        return False
    named = _BEFORE.search(before)
    is_named = bool(named and named["word"].casefold() in _NAMING)
    return word in _CODED or is_named or _is_bracketed(before)


def _is_bracketed(before: str) -> bool:
    """Whether a bracket stands open at the end of a text."""
    return any(before.rfind(one) > before.rfind(other) for one, other in ("()", "[]"))


def _full_stop(last: str, upcoming: str, is_first: bool) -> bool:
    """Whether the dot after a word ends a sentence, given the word that follows it."""
    word = last.casefold()
    if last.isdigit():
        return not (is_first and len(last) <= 3) and not (len(last) <= 2 and upcoming in _MONTHS)
    if word in _LABELS and len(word) > 1:
        return True
    opens = upcoming.casefold() in _STARTERS and (len(upcoming) > 1 or upcoming == "A")
    if word in _ABBREVIATIONS:
        return word in _MAY_END and opens
    if _DOTTED.fullmatch(last):
        return opens if last[0].isupper() or "." in last else len(upcoming) != 1
    return True
