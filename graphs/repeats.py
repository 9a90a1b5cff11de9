"""Passages that repeat another one word for word: they come after all that say something else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from graphs.answers.said import stems
from memory.records import Hit


def repeats_last(query: str, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Put the repeats of a better passage behind the others; what few passages are read say more so.

    The same words under another title or heading are no repeat where the question names it: "3 kg" of one product is
    not "3 kg" of another. Otherwise the order stays.
    """
    told: defaultdict[str, list[Hit]] = defaultdict(list)
    first: list[Hit] = []
    again: list[Hit] = []
    for hit in hits:
        alike = told[" ".join(hit.passage.text.casefold().split())]
        is_repeat = bool(alike) and _named(query, hit) in [_named(query, other) for other in alike]
        (again if is_repeat else first).append(hit)
        alike.append(hit)
    return (*first, *again)


def _named(query: str, hit: Hit) -> frozenset[str]:
    """What of a question the title, the headings and the context of a passage name."""
    return stems(query) & stems(" ".join((hit.title, *hit.passage.heading, hit.passage.context)))
