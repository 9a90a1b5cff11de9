"""How much of a claim its sources carry: four measures of the same weight, each in [0, 1], none of them fitted.

Word by word, `align` tells whether a claim repeats a sentence. A chat model retells: it takes words from several
sentences, in another order. Here the share of the claim's words, of its rare words close together, of its neighbouring
words, and the nearness in meaning are averaged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log
from statistics import fmean

from graphs.language.lexicon import meaning
from memory.sentences import STOPWORDS, split_sentences, words

GROUNDED = 0.5
"""From here on a claim is taken to be carried by its sources. The middle of the scale, not a fitted number."""
COMPARED = 8
"""Sentences whose likeness in meaning to a claim is computed, at some 5 ms each."""


@dataclass(frozen=True)
class Evidence:
    """The passages that a claim may rest on.

    passages: their texts, without sentences that speak to an assistant. heard: what was said in the conversation, and
    titles: a name or number that stands there is not invented.
    """

    passages: tuple[str, ...]
    heard: str = ""

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Every sentence, in reading order."""
        return tuple(text[start:end] for text in self.passages for start, end in split_sentences(text))

    @cached_property
    def said(self) -> frozenset[str]:
        """Stems of all content words."""
        return frozenset(stem for row in self._stems for stem in row)

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Neighbouring stems."""
        return frozenset(pair for text in self.passages for pair in pairwise(stems(text)))

    @cached_property
    def windows(self) -> tuple[frozenset[str], ...]:
        """Stems of each sentence with the one before and the one after it."""
        around: list[frozenset[str]] = []
        for text in self.passages:
            rows = [frozenset(stems(text[start:end])) for start, end in split_sentences(text)]
            around += [frozenset().union(*rows[max(0, at - 1) : at + 2]) for at in range(len(rows))]
        return tuple(around)

    def rarity(self, stem: str) -> float:
        """Inverse document frequency of a stem among the sentences; highest for what stands in none."""
        return log(1 + (len(self.sentences) + 1) / (self._counts[stem] + 0.5))

    def nearest(self, claim: str, most: int = COMPARED) -> tuple[str, ...]:
        """The sentences that share most words with a claim, short ones first among equals."""
        wanted = frozenset(stems(claim))
        rows = zip(self.sentences, self._stems, strict=True)
        ranked = sorted(rows, key=lambda row: (-len(wanted & row[1]), len(row[0])))
        return tuple(dict.fromkeys(sentence for sentence, _ in ranked))[:most]

    @cached_property
    def _stems(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(stems(sentence)) for sentence in self.sentences)

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(stem for row in self._stems for stem in row)


def stems(text: str) -> list[str]:
    """Stems of a text's content words in order; words that say the same have the same one."""
    return [meaning(word) for word in words(text) if word not in STOPWORDS]


def grounding(claim: str, evidence: Evidence, likeness: float | None) -> float:
    """Return how much of a claim its sources carry, in [0, 1].

    Args:
        claim: one sentence.
        evidence: what it may rest on.
        likeness: highest cosine of the claim to a sentence of the sources; None where it cannot be had.
    """
    inside = list(dict.fromkeys(stems(claim)))
    if not inside or not evidence.said:
        return 0.0
    measures = [_share(inside, evidence), _together(inside, evidence), _in_order(claim, inside, evidence)]
    return fmean(measures if likeness is None else [*measures, min(1.0, max(0.0, likeness))])


def _share(inside: Sequence[str], evidence: Evidence) -> float:
    """The share of its words that the sources have anywhere."""
    return fmean(float(stem in evidence.said) for stem in inside)


def _together(inside: Sequence[str], evidence: Evidence) -> float:
    """The share of its words, by rarity, that the best three neighbouring sentences have."""
    weights = {stem: evidence.rarity(stem) for stem in inside}
    best = max(sum(weight for stem, weight in weights.items() if stem in window) for window in evidence.windows)
    return best / sum(weights.values())


def _in_order(claim: str, inside: Sequence[str], evidence: Evidence) -> float:
    """The share of its neighbouring words that are neighbours in the sources too."""
    pairs = list(pairwise(stems(claim)))
    if not pairs:
        return float(set(inside) <= evidence.said)
    return fmean(float(pair in evidence.pairs) for pair in pairs)
