"""Codes of things, letters and digits together: `E12`, `PW-4011`, `K40-E`. One is never another, however alike.

A year with a word before it (`mid-2024`), a number with its unit (`5kg`) and a name without digits are none.
"""

from __future__ import annotations

import re

_STRETCH = re.compile(r"(?<![\w-])[^\W\d_][^\W_]*(?:[-.][^\W_]+)*")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_TAIL = re.compile(
    r"(?<=\w)-(?:based|capable|certified|class|compatible|compliant|format|like|only|related|series|sized|specific|style"
    r"|type)\b",
    re.I,
)
"""What a code is made part of: `K40-based`."""
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


def _is_code(stretch: str) -> bool:
    if not any(map(str.isdigit, stretch)) or _YEAR.fullmatch(stretch):
        return False
    return not stretch.islower() or len(_RUN.findall(stretch)[0]) <= _SHORT
