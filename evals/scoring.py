"""Scores of one answer: exact match and F1 of short answers, and whether quotes hold the gold answer."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case without punctuation, articles and extra white space.

    Source: the official evaluation script of SQuAD 1.1 (rajpurkar/SQuAD-explorer).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_MARKS)).split())


def exact_match(answer: str, gold: Iterable[str]) -> float:
    """1 if the answer equals a gold answer after normalising, else 0."""
    return float(any(normalise(answer) == normalise(one) for one in gold))


def f1(answer: str, gold: Iterable[str]) -> float:
    """Best harmonic mean of word precision and recall over the gold answers."""
    return max((_f1(normalise(answer).split(), normalise(one).split()) for one in gold), default=0.0)


def holds(quotes: Sequence[str], gold: Iterable[str]) -> bool:
    """Whether a gold answer stands in one of the quotes, letter by letter but for case and white space."""
    plain = [" ".join(quote.casefold().split()) for quote in quotes]
    return any(" ".join(one.casefold().split()) in quote for one in gold for quote in plain)


def interval(hits: float, n: int) -> tuple[float, float]:
    """95 % Wilson interval of a share.

    Source: Wilson, JASA 1927.
    """
    if not n:
        return 0.0, 1.0
    z, share = 1.96, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - reach, middle + reach


def _f1(answer: Sequence[str], gold: Sequence[str]) -> float:
    common = sum((Counter(answer) & Counter(gold)).values())
    if not common:
        return 0.0
    return 2 * common / (len(answer) + len(gold))
