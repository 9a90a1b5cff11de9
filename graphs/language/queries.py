"""What to look for when the first search was not enough."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from graphs.language.parting import parts_of
from memory.records import Hit
from memory.sentences import STOPWORDS, stem, words

_MOST = 3
_MAX_CHARACTERS = 1_000
_KEY_TERMS = 4
_READ = 4
_FOLLOWED = 3
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:of |the |de |von |van )?[A-Z][\w’'-]+)*")


def further_queries(
    query: str, missing: Sequence[str], hits: Sequence[Hit], searched: Sequence[str]
) -> tuple[str, ...]:
    """Return up to three queries that were not searched yet, the most promising first.

    Args:
        query: the stand-alone question.
        missing: words or questions that the judge found unanswered.
        hits: what was found so far, best first.
        searched: every query sent so far.
    """
    open_words = list(missing) or _unmet(query, hits)
    terms = key_terms(query, hits)
    candidates = [
        *parts_of(query),
        *(_following(query, hit) for hit in hits[:_FOLLOWED]),
        " ".join([*open_words, *terms]),
        " ".join([query, *terms[:2]]),
        " ".join(_content(query)),
    ]
    seen = {_key(text) for text in searched}
    fresh: dict[str, str] = {}
    for candidate in candidates:
        key = _key(candidate)
        if key and key not in seen:
            fresh.setdefault(key, candidate[:_MAX_CHARACTERS])
    return tuple(fresh.values())[:_MOST]


def key_terms(query: str, hits: Sequence[Hit]) -> list[str]:
    """Names that the best passages hold and the query does not, the most frequent first."""
    known = {stem(word) for word in words(query)}
    counts: Counter[str] = Counter()
    for hit in hits[:_READ]:
        names = {name for text in (hit.title, hit.passage.text) for name in _NAME.findall(text)}
        counts.update(sorted(name for name in names if not {stem(word) for word in words(name)} & known))
    ranked = sorted(counts, key=lambda name: (-counts[name], -len(name), name))
    return [name for name in ranked if name.casefold() not in STOPWORDS][:_KEY_TERMS]


def _following(query: str, hit: Hit) -> str:
    """Return what a passage leaves open, asked of the names that it brings; "" where it is no step to another one.

    Of "the president of the association that published J" a passage on J answers who published it: the name of the
    association, with the words that this passage lacks, finds the next one.
    """
    known = {stem(word) for word in words(query)}
    held = {stem(word) for word in words(f"{hit.title} {hit.passage.context} {hit.passage.text}")}
    left = [word for word in _content(query) if stem(word) not in held]
    names = _names(f"{hit.passage.context or hit.title}\n{hit.passage.text}", known)[:_KEY_TERMS]
    return " ".join([*left, *names]) if left and names else ""


def _names(text: str, known: set[str]) -> list[str]:
    """Names in a text that share no word with what is known, as they come."""
    found = (name for name in dict.fromkeys(_NAME.findall(text)) if name.casefold() not in STOPWORDS)
    return [name for name in found if not {stem(word) for word in words(name)} & known]


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOPWORDS]


def _unmet(query: str, hits: Sequence[Hit]) -> list[str]:
    """Words of the query that none of the best passages holds."""
    met = {stem(word) for hit in hits[:_READ] for word in words(f"{hit.title} {hit.passage.text}")}
    return [word for word in _content(query) if stem(word) not in met]


def _key(text: str) -> str:
    return " ".join(words(text))
