"""Words of an English question that are typed wrong, read as what they were most likely meant to be.

A word is taken to be wrong only if neither a dictionary nor what was found knows it, and one slip of the fingers
(Damerau 1964: one letter more, less, another, or two exchanged) makes it one that they do know. Names, codes and quoted
words stand as they were typed: another name is another thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, cast

from graphs.language.verbs import BASE_VERBS, word_set
from graphs.state import Respelled
from memory.sentences import stem

_QUOTED = re.compile(r"[\"“„«`][^\"”“»`]*[\"”»`]")
_TYPED = re.compile(r"(?<![\w'’@./#-])[a-z]{2,}(?![\w'’@/#-]|\.\w)")
_ISE = re.compile(r"([iy])s(e|es|ed|ing|er|ers|ation|ations)$")
_LONG, _SHORT = 5, 3
"""Letters of words that are looked at, and of those by which it is told whether a question is English."""
_ASKING = BASE_VERBS | word_set(
    """
    which what when where whose whom there their does about between before after during
    cheapest cheaper dearest dearer expensive heaviest heavier heavy lightest lighter longest longer shortest shorter
    biggest bigger largest larger smallest smaller oldest older newest newer youngest younger highest higher lowest
    lower fastest faster slowest slower earliest earlier latest later nearest nearer closest closer strongest weakest
    average total difference differences available possible allowed included required necessary recommended
    """
)
"""What questions are asked with, and sources need not say."""


def unknown_words(question: str, said: Collection[str]) -> tuple[str, ...]:
    """Words of a question that neither a dictionary nor the sources know in any form; () where it is not English.

    The first call that has to ask the dictionary loads it: about .2 s and 20 MB.

    Args:
        question: as it was typed.
        said: words of what was found, in lower case.
    """
    typed = list(dict.fromkeys(_TYPED.findall(_QUOTED.sub(" ", question))))
    strange = [word for word in typed if len(word) >= _LONG and word not in said]
    if not strange or any(len(word) <= _SHORT and not _is_word(word) for word in typed):
        return ()
    unknown = [word for word in strange if not _is_word(word)]
    forms = {stem(word) for word in said} if unknown else frozenset[str]()
    return tuple(word for word in unknown if stem(word) not in forms)


def respell(unknown: Collection[str], said: Collection[str]) -> tuple[Respelled, ...]:
    """Read unknown words as words of the sources, else of the dictionary; those without a like are left out.

    The first letter is taken to be right: few slips are made there. Of several the most frequent is taken.
    """
    found = ((word, _likeliest(word, said)) for word in unknown)
    return tuple(Respelled(word, read) for word, read in found if read)


def is_asking(word: str) -> bool:
    """Whether a word is one that questions are asked with, so that it is likely meant although no source says it."""
    return word in _ASKING


def replaced(question: str, respelled: Collection[Respelled]) -> str:
    """The question with the words as they are read."""
    reading = {one.typed: one.read for one in respelled}
    return _TYPED.sub(lambda match: reading.get(match[0], match[0]), question)


def told(respelled: Collection[Respelled]) -> str:
    """What an answer says of it; "" where every word was read as it stands."""
    pairs = ", ".join(f"“{one.typed}” as “{one.read}”" for one in respelled)
    return f"I read {pairs}." if pairs else ""


def _likeliest(word: str, said: Collection[str]) -> str:
    near = {other for other in _edits()(word) if other[:1] == word[:1]}
    known = near & frozenset(said) or {other for other in near if _is_word(other)}
    return max(sorted(known), key=_frequency, default="")


def _is_word(word: str) -> bool:
    """Whether the dictionary has a word, perhaps as it is written in America: `colours`, `organised`."""
    return any(_frequency(form) > 0 for form in (word, word.replace("our", "or"), _ISE.sub(r"\1z\2", word)))


def _frequency(word: str) -> int:
    return _counts().get(word, 0)


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    from spellchecker import SpellChecker  # here: it would cost a start some 20 ms

    return SpellChecker(language="en", distance=1)


def _counts() -> dict[str, int]:
    return cast("dict[str, int]", _dictionary().word_frequency.dictionary)


def _edits() -> Callable[[str], set[str]]:
    return cast("Callable[[str], set[str]]", _dictionary().edit_distance_1)
