"""Words of a passage or a query as the lexical side compares them: stems by language, CJK by pairs of characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Protocol, cast

import snowballstemmer

from memory.sentences import STOPWORDS, stem, words

_NAMES = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""Languages with a stemmer of their own, by ISO 639-1; every other one is read as English."""


_STRETCH = re.compile(r"\w+(?:[-./]\w+)*")
_RUN = re.compile(r"[^\W\d_]+|\d+")
"""What a code is made of: letters, or digits."""


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


_lock = Lock()


def passage_terms(text: str, language: str) -> list[str]:
    """Return the terms of a passage in order, stop words included."""
    return [term_of(word, language) for word in words(text)]


def query_terms(text: str, languages: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the English stem of each query word with its terms in the languages of the passages.

    Stop words are left out, unless the query has nothing else.
    """
    found = list(dict.fromkeys(words(text)))
    telling = [word for word in found if word not in STOPWORDS] or found
    terms: dict[str, frozenset[str]] = {}
    for word in telling:
        variants = frozenset(term_of(word, language) for language in languages)
        terms[stem(word)] = terms.get(stem(word), frozenset()) | variants
    return terms


def with_codes(
    text: str, languages: Sequence[str], terms: dict[str, frozenset[str]], is_held: Callable[[frozenset[str]], bool]
) -> dict[str, frozenset[str]]:
    """Return a query's terms with its codes as the passages write them, where they write them otherwise.

    `KX1003A` that no passage has is looked for as `KX`, `1003` and `A`, as `KX-1003-A` is filed; and `KX-1003-A` as
    `KX1003A`, too, where a passage has that.

    Args:
        text: the query.
        languages: of the passages.
        terms: by `query_terms`.
        is_held: whether any passage has one of some terms.
    """
    found = dict(terms)
    for stretch in _STRETCH.findall(text.casefold()):
        runs: list[str] = _RUN.findall(stretch)
        whole = "".join(runs)
        if len(runs) < 2 or whole.isalpha() or whole.isdigit():
            continue
        filed = frozenset(term_of(whole, language) for language in languages)
        if is_held(filed):
            found.setdefault(stem(whole), filed)
        elif found.pop(stem(whole), None):
            found |= {run: frozenset(term_of(run, language) for language in languages) for run in runs}
    return found


def term_of(word: str, language: str) -> str:
    """Return what a lower-case word is filed under in a language."""
    name = _NAMES.get(language)
    return _stem(word, name) if name else stem(word)


@lru_cache(maxsize=65_536)
def _stem(word: str, name: str) -> str:
    # The pure Python stemmers keep the word they work on in themselves: one caller at a time.
    with _lock:
        return _stemmer(name).stemWord(word)


@lru_cache
def _stemmer(name: str) -> _Stemmer:
    return cast(_Stemmer, snowballstemmer.stemmer(name))  # pyright: ignore[reportUnknownMemberType] untyped library
