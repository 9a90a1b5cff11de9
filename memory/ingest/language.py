"""Which language a text is in. Runs in the parser child, so that the server does not hold the model."""

from __future__ import annotations

from functools import cache
from typing import Protocol, cast

from memory.sentences import STOPWORDS, words

SAMPLE = 1_000
MIN_LETTERS = 12
ENGLISH_SHARE = 0.25
"""A text of which every fourth word is a common English one is English: no need to load the classifier (1 s)."""


class _Classifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, "" if there is too little to tell."""
    sample = text[:SAMPLE]
    if sum(mark.isalpha() for mark in sample) < MIN_LETTERS:
        return ""
    tokens = words(sample)
    if len(tokens) >= 8 and sum(token in STOPWORDS for token in tokens) >= ENGLISH_SHARE * len(tokens):
        return "en"
    return str(_classifier().classify(sample)[0])


@cache
def _classifier() -> _Classifier:
    import py3langid

    return cast(_Classifier, py3langid)
