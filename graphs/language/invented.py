"""What a claim says and its sources nowhere do: numbers, dates and names, and denials of what they do not deny."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphs.language.grounding import Evidence, stems
from graphs.language.lexicon import meaning
from graphs.language.quantities import Found, Quantity, agree, find_values
from graphs.language.tokens import read_sentence
from memory.sentences import STOPWORDS, words

_LABEL = re.compile(r"^[^.:]{1,60}:\s")
_CAPITAL = re.compile(r"(?<![\w'’-])[A-Z][\w'’-]*")
_OPENS = re.compile(r"(?:^|[.!?:;•*_\"“‘(\[\n–—-])\W*$")
_DENIAL = re.compile(
    r"un(?!der|it|iv|if|io)\w{4,}|non\w+|dis(?:allow|agree|able)|in(?:valid|eligible|capable|sufficient)|im(?:possib|proper)"
    r"|avoid|prevent|prohibit|forbid|reject|lack|fail|refus|deni|deny|exclu|except|miss|declin|rather|instead|illegal",
    re.I,
)
_LOOKED_AT = 3
_LEAST_COUNTED = 10
"""Small whole numbers may be counted in the sources (`two plans:`), larger ones must stand there."""


def invented(claim: str, evidence: Evidence) -> str:
    """Return the first value or name of a claim that nobody gave it, as it is written there; "" if there is none."""
    known = "\n".join((*evidence.passages, evidence.heard))
    return _value(claim, known) or _name(_LABEL.sub("", claim), known)


def denied_alone(claim: str, evidence: Evidence) -> str:
    """Return the first word of a claim that is negated there, while no sentence of the sources with it denies a thing.

    A word that they do not have is looked for in the sentences nearest to the claim.
    """
    for token in read_sentence(claim).tokens:
        if not token.negation:
            continue
        holding = [sentence for sentence in evidence.sentences if token.key in stems(sentence)]
        if not any(_denies(sentence) for sentence in holding or evidence.nearest(claim, _LOOKED_AT)):
            return token.text
    return ""


def _denies(sentence: str) -> bool:
    """Whether a sentence holds a negation, or a word that stands for one."""
    read = read_sentence(sentence)
    return bool(read.loose_negations) or any(token.negation or _DENIAL.match(token.text) for token in read.tokens)


def _value(claim: str, known: str) -> str:
    given = [found.value for found in find_values(known)]
    for found in find_values(claim):
        if not _may_be_counted(found, claim) and not any(agree(found.value, value) for value in given):
            return claim[found.start : found.end]
    return ""


def _may_be_counted(found: Found, claim: str) -> bool:
    """Whether a number can be true though no source writes it: a small count, or a spelled-out `half` and `once`."""
    value = found.value
    written = claim[found.start : found.end]
    if not isinstance(value, Quantity):
        return False
    return value.dimension in ("", "ordinal") and (value.raw <= _LEAST_COUNTED and not re.search(r"[\d.]", written))


def _name(claim: str, known: str) -> str:
    if _capitals_mean_nothing(claim, 4, 0.7) or _capitals_mean_nothing(known, 30, 0.3):
        return ""
    said = {meaning(word) for word in words(known)}
    letters = None
    for match in _CAPITAL.finditer(claim):
        parts = [word for word in words(match.group()) if word not in STOPWORDS]
        if not parts or _OPENS.search(claim[: match.start()]) or all(meaning(word) in said for word in parts):
            continue
        letters = letters or _initials(known)
        if not (match.group().isupper() and match.group().casefold() in letters):
            return match.group()
    return ""


def _capitals_mean_nothing(text: str, least: int, share: float) -> bool:
    """Whether so many words inside sentences are capitalised that the letter tells no name: German, or a heading."""
    inside = re.findall(r"(?<=[a-zà-ÿ,] )[^\W\d_]{4,}", text)
    return len(inside) >= least and sum(word[0].isupper() for word in inside) / len(inside) > share


def _initials(text: str) -> str:
    """First letters of the words in order, so that `in vitro fertilisation` explains IVF."""
    return "".join(_first(words(text)))


def _first(found: Sequence[str]) -> list[str]:
    return [word[0] for word in found if word]
