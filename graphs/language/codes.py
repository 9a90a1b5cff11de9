"""Codes of things, letters and digits together: `E12`, `PW-4011`, `K40-E`. One is never another, however alike.

A year with a word before it (`mid-2024`), a number with its unit (`5kg`) and a name without digits are none.
"""

from __future__ import annotations

import re

from graphs.language.verbs import word_set
from memory.sentences import STOPWORDS

_STRETCH = re.compile(r"(?<![\w-])[^\W\d_][^\W_]*(?:[-.][^\W_]+)*")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_TAIL = re.compile(
    r"(?<=\w)-(?:based|capable|certified|class|compatible|compliant|format|like|only|related|series|sized|specific|style"
    r"|type)\b",
    re.I,
)
"""What a code is made part of: `K40-based`."""
_LABELS = word_set(
    """
    version release edition model type class category level grade phase stage step round chapter section clause article
    part volume book season episode issue appendix annex schedule table figure room floor building gate platform
    terminal line route flight track zone unit block lot batch tier group team division district ward week day lesson
    module course exercise question rule option method plan mode channel port slot bay generation mark series
    """
)
"""Nouns that a number behind them makes a name of: `version 3`. A word with a capital letter is one too: `Fjord 15`."""
_LABELLED = re.compile(
    r"(?P<label>[^\W\d_]{3,})\s+(?:no\.?\s*|number\s+)?(?P<number>\d{1,4})(?![\w%]|[.,:]\d|\s?[-–/]|\s(?:to|or|and)\s\d)",
    re.I,
)
_YEAR = re.compile(r"[a-z]+-(?:19|20)\d\d", re.I)
_SHORT = 3
"""Letters with which a code that somebody types in lower case may begin: `e12`, `pw-4011`."""


def codes_of(text: str) -> tuple[str, ...]:
    """The codes of a text as they are written, in order, each once."""
    return tuple(dict.fromkeys(one for one in _STRETCH.findall(_TAIL.sub("", text)) if _is_code(one)))


def is_code(text: str) -> bool:
    """Whether a whole text is one code."""
    return codes_of(text) == (text.strip(),)


def names_code(text: str, code: str) -> bool:
    """Whether a text names a code, however it joins its letters and digits: `KX 1003 A` names `KX-1003-A`.

    `K40-E` does not name `K40`, nor does `E120` name `E12`.
    """
    runs = r"[-./_ ]?".join(map(re.escape, _RUN.findall(code)))
    whole = rf"(?<![^\W_])(?<![^\W_][-.]){runs}(?![^\W_])(?![-.][^\W_])"
    return bool(re.search(whole, _TAIL.sub("", text), re.I))


def are_of_one_series(first: str, second: str) -> bool:
    """Whether two codes begin with the same letters and are not one: `PW-4011` and `PW-4012`."""
    mine, theirs = _RUN.findall(first.casefold()), _RUN.findall(second.casefold())
    return mine[0] == theirs[0] and mine != theirs


def numbered_of(text: str) -> frozenset[tuple[str, str]]:
    """The names of a text that end with a number, as (word in lower case, number): `version 3`, `Fjord 15`."""
    found = _LABELLED.finditer(text)
    return frozenset(
        (match["label"].casefold().removesuffix("s"), match["number"])
        for match in found
        if match["label"].casefold().removesuffix("s") in _LABELS
        or (match["label"][0].isupper() and match.start() and match["label"].casefold() not in STOPWORDS)
    )


def _is_code(stretch: str) -> bool:
    if not any(map(str.isdigit, stretch)) or _YEAR.fullmatch(stretch):
        return False
    return not stretch.islower() or len(_RUN.findall(stretch)[0]) <= _SHORT
