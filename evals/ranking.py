"""Figures of one ranking of documents against their grades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

CUTS = {"ndcg": (10,), "recall": (10, 100), "hit": (1, 5, 10), "all_gold": (10,)}
DEPTH = 100


def score_ranking(ranking: Sequence[str], gains: Mapping[str, float]) -> dict[str, float]:
    """Return every figure of a ranking, best first, of at least one graded document.

    nDCG takes 2^grade - 1 as gain. `all_gold@10` is 1 where every graded document is among the first ten.
    Source: Jaervelin and Kekaelaeinen, TOIS 2002; Burges et al., ICML 2005 (the gain).
    """
    ranked = list(dict.fromkeys(ranking))[:DEPTH]
    right = [name in gains for name in ranked]
    first = next((place for place, found in enumerate(right, 1) if found), 0)
    figures = {f"ndcg@{k}": _ndcg(ranked, gains, k) for k in CUTS["ndcg"]}
    figures |= {f"recall@{k}": sum(right[:k]) / len(gains) for k in CUTS["recall"]}
    figures["mrr"] = 1 / first if first else 0.0
    figures |= {f"hit@{k}": float(any(right[:k])) for k in CUTS["hit"]}
    figures |= {f"all_gold@{k}": float(sum(right[:k]) == len(gains)) for k in CUTS["all_gold"]}
    return figures


def _ndcg(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    got = [2.0 ** gains.get(name, 0.0) - 1 for name in ranked[:k]]
    best = sorted((2.0**grade - 1 for grade in gains.values()), reverse=True)[:k]
    return _discounted(got) / _discounted(best)


def _discounted(values: Sequence[float]) -> float:
    return float(np.asarray(values) @ (1 / np.log2(np.arange(2, len(values) + 2)))) if values else 0.0
