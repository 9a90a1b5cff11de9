"""Lucene's language analyzers, approximately: lower case, stop words, Snowball stems; CJK by pairs of characters."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import snowballstemmer

from tests.support.atlas.matching import Refused

ENGLISH_STOPS = """a an and are as at be but by for if in into is it no not of on or such that the their then there
these they this to was will with"""
STOPS = {"english": frozenset(ENGLISH_STOPS.split())}
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
WORD = re.compile(r"\w+")
PLAIN = {"standard", "simple", "whitespace", "keyword"}


@lru_cache(maxsize=65_536)
def terms(text: str, analyzer: str) -> tuple[str, ...]:
    """Return the terms that an analyzer makes of a text."""
    name = analyzer.removeprefix("lucene.")
    if not analyzer.startswith("lucene.") or name not in PLAIN | {"cjk"} | set(snowballstemmer.algorithms()):
        raise Refused(f"unknown analyzer {analyzer}")
    if name == "cjk":
        pairs = [pair for run in CJK.findall(text) for pair in _pairs(run)]
        return (*pairs, *WORD.findall(CJK.sub(" ", text.lower())))
    found = WORD.findall(text.lower())
    if name in PLAIN:
        return tuple(found)
    return tuple(_stem(name, word) for word in found if word not in STOPS.get(name, ()))


@cache
def _stem(name: str, word: str) -> str:
    return snowballstemmer.stemmer(name).stemWord(word)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
