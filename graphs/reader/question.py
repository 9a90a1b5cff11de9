"""What a question asks for: its content stems with their weights, and the kind of answer it expects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graphs.language.subject import is_predicate
from graphs.language.verbs import is_participle
from memory.sentences import STOPWORDS, stem, words

Kind = Literal["person", "date", "number", "money", "duration", "place", "name", "reason", "definition", "other"]

_BE = "(?:is|was|are|were)"
_WH = r"\b(?:what|which)(?: \w+){0,2}"
_DIMENSION = (
    "height|length|width|depth|diameter|radius|breadth|thickness|circumference|perimeter|wingspan|span|wavelength"
    "|altitude|elevation"
)
_MEASURE = (
    f"{_DIMENSION}|"
    "speed|velocity|weight|mass|capacity|volume|distance|size|area|population|temperature|number|percentage|proportion|rate|power|voltage|density|frequency"
)
_DETERMINER = "the|an?|one|two|three|four|this|that|these|those|my|your|our|their|each|every"
_OWNER = r"its|his|her|their|my|our|your|[\w-]+['’]s?"
_RULES: tuple[tuple[str, Kind], ...] = (
    (r"\bhow (?:long ago|recently)\b|\bsince when\b", "date"),
    (r"\bhow much\b.*\b(?:costs?|pay|paid|worth|price|fees?|charged?|money|spend|spent)\b", "money"),
    (rf"\bhow much {_BE} (?:{_DETERMINER}) (?!.*\b(?:{_MEASURE})\b)", "money"),
    (rf"\bwhat {_BE} the (?:\w+ )?(?:price|cost|fee)s?\b|\bhow expensive\b", "money"),
    (r"\bwhat (?:do|does|did|will|would)\b.*\bcosts?\b|\bwhat does it cost\b", "money"),
    (r"\bhow (?:long|old|often|soon|quickly|fast)\b", "duration"),
    (r"\bhow (?:many|much|tall|far|big|large|high|deep|heavy|wide|hot|cold|warm|close|thick|loud)\b", "number"),
    (rf"{_WH} (?:percent|percentage|proportion|number|amount|population|temperature)\b", "number"),
    (rf"\bwhat {_BE} the (?:[\w-]+ ){{0,2}}(?:salary|wage|budget|revenue|turnover)\b", "money"),
    (rf"\bwhat {_BE} (?:the|{_OWNER}) (?:[\w'’-]+ ){{0,2}}(?:{_MEASURE})\b", "number"),
    (rf"\bwhat (?:{_DIMENSION}) (?:{_BE}|do|does|did|has|have)\b", "number"),
    (rf"{_WH} (?:years?|dates?|days?|months?|decades?|century|season|time|era|period)\b", "date"),
    (rf"\bwhat {_BE} (?:the|{_OWNER}) (?:[\w'’-]+ ){{0,2}}(?:date|birthday)\b", "date"),
    (r"\bwhen\b", "date"),
    (r"\b(?:who|whom|whose)\b", "person"),
    (rf"{_WH} (?:person|man|woman|king|queen|president|author|actor|actress|singer|player)\b", "person"),
    (r"\bwhere\b", "place"),
    (rf"{_WH} (?:country|city|town|state|place|location|continent|county|region|street|island)\b", "place"),
    (rf"\bwhy\b|\bhow come\b|\bwhat {_BE} the (?:reason|cause)s?\b|\bwhat caused\b", "reason"),
    (rf"\bwhat(?:'s| {_BE})? .*\bnames?\b|\bwhat {_BE} .*\bcalled\b", "name"),
    (rf"\bwhat (?:{_BE}|do|does) .*\b(?:mean|means|meant|stand for|definition)\b", "definition"),
    (rf"^what {_BE} (?:an? )?\w+\??$", "definition"),
)
_PATTERNS: tuple[tuple[re.Pattern[str], Kind], ...] = tuple((re.compile(pattern), kind) for pattern, kind in _RULES)
_ASKING_WORDS = "name tell list describe explain give show many much long old often far call mean"
_ASKING = frozenset(_ASKING_WORDS.split())
_HOW_LONG_IS = re.compile(rf"\bhow long {_BE} ")
_LASTING = re.compile(
    r"\b(?:takes?|took|taken|taking|lasts?|lasted|lasting|stay\w*|runs?|ran|running|keeps?|kept|has|have|had|having"
    r"|wait\w*)\b"
)
_OTHER: Kind = "other"
_DEFAULT_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question, understood.

    terms: content stem -> weight (inverse document frequency), in order of the text. all_words: every stem of the
    question, common words too. focus: stems of the noun that an answer would name. names: stems of the words that
    look like names: capitalised within the question, or with a digit.
    """

    text: str
    kind: Kind
    terms: Mapping[str, float]
    all_words: frozenset[str]
    focus: frozenset[str]
    names: frozenset[str] = frozenset()


def understand(text: str, term_weights: Mapping[str, float]) -> Question:
    """Analyse a question; a stem that the index does not weigh counts as a fairly rare one."""
    found = words(text)
    content = [stem(word) for word in found if word not in STOPWORDS]
    stems = [word for word in content if word not in _ASKING] or content or [stem(word) for word in found]
    terms = {word: max(term_weights.get(word, _DEFAULT_WEIGHT), 0.05) for word in stems}
    return Question(
        text=text,
        kind=expected_kind(text),
        terms=terms,
        all_words=frozenset(stem(word) for word in found),
        focus=_focus(found),
        names=_names(text),
    )


@lru_cache(maxsize=4096)
def expected_kind(text: str) -> Kind:
    """Return the kind of answer that a question's words ask for; the earliest question word decides."""
    plain = " ".join(text.casefold().split())
    place, expected = len(plain), _OTHER
    for rule, kind in _PATTERNS:
        match = rule.search(plain)
        if match and match.start() // 12 < place:
            place, expected = match.start() // 12, kind
    return expected


@lru_cache(maxsize=4096)
def asks_extent(text: str) -> bool:
    """Whether "how long" can ask for a length as well as for a time: "How long is the bridge?", not "is it open"."""
    plain = " ".join(text.casefold().split()).rstrip(" ?.!")
    match = _HOW_LONG_IS.search(plain)
    if match is None or _LASTING.search(plain):
        return False
    last = plain.rpartition(" ")[2]
    return not (is_predicate(last) or is_participle(last))


def _names(text: str) -> frozenset[str]:
    """Stems of words that look like names; the first word of a question says nothing by its capital."""
    tokens = [token.strip("?!.,;:()\"'“”") for token in text.split()]
    looking = [token for at, token in enumerate(tokens) if (at and token[:1].isupper()) or any(map(str.isdigit, token))]
    return frozenset(stem(word) for token in looking for word in words(token) if word not in STOPWORDS)


def _focus(found: list[str]) -> frozenset[str]:
    """Stems of up to two content words right after what, which or how many."""
    for at, word in enumerate(found):
        if word in {"what", "which", "many", "much"}:
            following = found[at + 1 : at + 4]
            taken: list[str] = []
            for near in following:
                if near in STOPWORDS:
                    break
                taken.append(stem(near))
            return frozenset(taken)
    return frozenset()
