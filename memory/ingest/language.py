"""Which language a text is in. Runs in the parser child, so that the server does not hold the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol, cast

from memory.ingest.parsed import Block
from memory.sentences import STOPWORDS, words

SAMPLE = 1_000
MIN_LETTERS = 32
BLOCK_LETTERS = 60
SURE = 0.99
FOREIGN_SHARE = 0.12
"""With more common English words than this a block of an English document is taken for English."""
MAX_ASKED = 2_000
"""Blocks of one document that the classifier is asked about, a fifth of a millisecond each."""
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)


class _Classifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def in_other_languages(text: str, blocks: Sequence[Block], language: str) -> tuple[Block, ...]:
    """Mark the blocks of prose that are surely in another language than their document's."""
    out: list[Block] = []
    asked = 0
    for block in blocks:
        own = ""
        if block.kind == "text" and block.end - block.start >= BLOCK_LETTERS and asked < MAX_ASKED:
            piece = text[block.start : block.end]
            if language != "en" or _english_share(words(piece[:SAMPLE])) < FOREIGN_SHARE:
                asked += 1
                own = _surely(piece[:SAMPLE])
        out.append(block if own in ("", language) else replace(block, language=own))
    return tuple(out)


def _surely(piece: str) -> str:
    if sum(mark.isalpha() for mark in piece) < BLOCK_LETTERS:
        return language_of(piece) if any(script.search(piece) for _, script in _SCRIPTS) else ""
    if _is_english(words(piece)):
        return "en"
    language, sureness = _classifier().classify(piece)
    return str(language) if sureness >= SURE else ""


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
    return _english_share(tokens) >= (0.25 if len(tokens) >= 8 else 0.4) and len(tokens) >= 3


def _english_share(tokens: list[str]) -> float:
    return sum(token in STOPWORDS for token in tokens) / max(1, len(tokens))


@cache
def _classifier() -> _Classifier:
    from py3langid import langid

    untyped: Any = langid
    return cast(_Classifier, untyped.LanguageIdentifier.from_model_file(untyped.MODEL_FILE, norm_probs=True))
