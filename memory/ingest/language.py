"""Which language a text is in. Runs in the parser child, so that the server does not hold the model."""

from __future__ import annotations

import re
from functools import cache
from typing import Protocol, cast

from memory.sentences import STOPWORDS, words

SAMPLE = 1_000
MIN_LETTERS = 32
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)


class _Classifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, "" if there is too little to tell."""
    sample = text[:SAMPLE]
    letters = sum(mark.isalpha() for mark in sample)
    for language, script in _SCRIPTS:
        if len(script.findall(sample)) > letters // 4:
            return language
    if _is_english(words(sample)):
        return "en"
    return str(_classifier().classify(sample)[0]) if letters >= MIN_LETTERS else ""


def _is_english(tokens: list[str]) -> bool:
    """Whether so many words are common English ones that the classifier (a second to load) need not be asked."""
    share = sum(token in STOPWORDS for token in tokens) / max(1, len(tokens))
    return share >= (0.25 if len(tokens) >= 8 else 0.4) and len(tokens) >= 3


@cache
def _classifier() -> _Classifier:
    import py3langid

    return cast(_Classifier, py3langid)
