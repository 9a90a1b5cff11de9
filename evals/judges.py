"""Judging models over rated responses: each by itself, some twice; or in pairs, each in both orders."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from evals.card import Card, Rated
from evals.grading import Grader
from evals.house import Tell
from evals.recorded import Item
from evals.rubric import Verdict
from evals.statistics import Metric, bootstrap, mean, share


async def judge_responses(grader: Grader, rated: Sequence[Rated], repeats: int, seed: int, tell: Tell) -> Card:
    """Judge every response by a pointwise rubric, and so many of them a second time."""
    items, threads = [row.item for row in rated], [row.thread for row in rated]
    verdicts = await judge_all(grader, items, "responses judged", tell)
    same = await repeat_agreement(grader, Judged(items, verdicts, threads), repeats, seed, tell)
    scores = np.array([_value(verdict) for verdict in verdicts])
    why = Counter(verdict.unscored for verdict in verdicts if verdict.score is None)
    return Card(rated, scores, further={"repeat_agreement": same}, why=why)


async def judge_all(grader: Grader, items: Sequence[Item], what: str, tell: Tell) -> list[Verdict]:
    """The verdicts on items, in their order."""
    return await _told([grader.weigh(item) for item in items], what, tell)


class Judged(NamedTuple):
    """What was judged, the verdicts, and the conversation of each, "" where there is none."""

    items: Sequence[Item]
    verdicts: Sequence[Verdict]
    threads: Sequence[str]


async def repeat_agreement(grader: Grader, judged: Judged, repeats: int, seed: int, tell: Tell) -> Metric:
    """Judge some of what is scored once more; the share that got the same score, of those that got one."""
    scored = [place for place, verdict in enumerate(judged.verdicts) if verdict.score is not None]
    again = sorted(random.Random(seed).sample(scored, min(repeats, len(scored))))
    if not again:
        return mean([])
    seconds = await _told([grader.weigh(judged.items[place], 1) for place in again], "judged a second time", tell)
    firsts = [judged.verdicts[place] for place in again]
    same = np.array([float(one.score == two.score) for one, two in zip(firsts, seconds, strict=True)])
    known = np.array([float(two.score is not None) for two in seconds])
    return bootstrap(share, same, known, seed, [judged.threads[place] or f"item {place}" for place in again])


class Pair(NamedTuple):
    """Two responses to the same input. wanted: 1 if people prefer the first, 0 the second, 0.5 neither."""

    item: Item
    wanted: float
    thread: str


@dataclass(frozen=True, slots=True)
class PairCard:
    """What a judge said of pairs. there, back: its verdicts in both orders, both told of the pair's own first."""

    pairs: Sequence[Pair]
    there: Sequence[Verdict]
    back: Sequence[Verdict]

    @property
    def scores(self) -> list[float]:
        """(n,) 1, 0.5 or 0; NaN where a verdict is missing or changes with the order."""
        both = zip(self.there, self.back, strict=True)
        return [_value(one) if one.score == two.score else float("nan") for one, two in both]

    @property
    def n(self) -> int:
        """Pairs that were judged."""
        return len(self.pairs)

    @property
    def unscored(self) -> int:
        """Pairs without a score."""
        return int(np.isnan(self.scores).sum())

    @property
    def why(self) -> dict[str, int]:
        """Reasons for unscored pairs, with how many."""
        reasons = [
            one.unscored or two.unscored or "it changed with the order"
            for one, two in zip(self.there, self.back, strict=True)
            if one.score != two.score or one.score is None
        ]
        return dict(Counter(reasons))

    def metrics(self, seed: int = 0) -> dict[str, Metric]:
        """Return every figure, with its interval over whole conversations."""
        scores, wanted = np.array(self.scores), np.array([pair.wanted for pair in self.pairs])
        given = np.array([[_value(one), _value(two)] for one, two in zip(self.there, self.back, strict=True)])
        both = ~np.isnan(given).any(axis=1)
        decided = both & (given != 0.5).all(axis=1)
        # Of a pair whose order was turned, the answer that stood first is its second.
        first = (given[:, 0] + 1 - given[:, 1]) / 2
        asked = {
            "agreement": (scores == wanted, ~np.isnan(scores) & (wanted != 0.5)),
            "swap_agreement": (given[:, 0] == given[:, 1], both),
            "first_chosen": (np.nan_to_num(first), decided),
            "unscored": (np.isnan(scores), np.ones(len(scores))),
        }
        groups = [pair.thread or f"pair {place}" for place, pair in enumerate(self.pairs)]
        return {
            name: bootstrap(share, values.astype(float), chosen.astype(float), seed, groups)
            for name, (values, chosen) in asked.items()
        }

    def as_object(self, seed: int = 0) -> dict[str, Any]:
        """What `eval judge --json` prints for a rubric that compares."""
        metrics = {name: metric.as_object() for name, metric in self.metrics(seed).items()}
        return {"n": self.n, "unscored": self.unscored, "metrics": metrics}


async def judge_pairs(grader: Grader, rated: Sequence[Rated], seed: int, tell: Tell) -> PairCard:
    """Judge every pair of responses to the same input by a pairwise rubric, in both orders."""
    pairs = pairs_of(rated, seed)
    there = await judge_all(grader, [pair.item for pair in pairs], "pairs judged", tell)
    turned = [pair.item._replace(responses=pair.item.responses[::-1]) for pair in pairs]
    back = await judge_all(grader, turned, "pairs judged the other way round", tell)
    return PairCard(pairs, there, [_turned(verdict) for verdict in back])


def pairs_of(rated: Sequence[Rated], seed: int) -> list[Pair]:
    """Pairs of responses to the same input; which of two stands first is drawn."""
    groups: dict[tuple[str, tuple[str, ...]], list[Rated]] = {}
    for row in rated:
        groups.setdefault((row.asked, row.contexts), []).append(row)
    chance, pairs = random.Random(seed), list[Pair]()
    for rows in groups.values():
        for drawn in combinations(rows, 2):
            one, two = drawn if chance.random() < 0.5 else drawn[::-1]
            wanted = 0.5 if one.grade == two.grade else float(one.grade > two.grade)
            pairs.append(Pair(Item(one.asked, one.contexts, (one.response, two.response)), wanted, one.thread))
    return pairs


def _turned(verdict: Verdict) -> Verdict:
    return verdict if verdict.score is None else Verdict(1 - verdict.score, verdict.why)


def _value(verdict: Verdict) -> float:
    return float("nan") if verdict.score is None else verdict.score


async def _told(asked: Sequence[Awaitable[Verdict]], what: str, tell: Tell) -> list[Verdict]:
    """Await everything, saying how much is done."""
    done = 0

    async def one(verdict: Awaitable[Verdict]) -> Verdict:
        nonlocal done
        found = await verdict
        done += 1
        tell(what, done, len(asked))
        return found

    return list(await asyncio.gather(*(one(verdict) for verdict in asked)))
