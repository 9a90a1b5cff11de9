from __future__ import annotations

import numpy as np
import pytest

from evals.fitting import auroc, fit_logistic, fit_ranking
from evals.quality import Figure
from evals.scoring import exact_match, f1, holds, interval


@pytest.mark.parametrize(
    ("answer", "gold", "em", "overlap"),
    [
        ("The Eiffel Tower!", ["eiffel tower"], 1.0, 1.0),
        ("Eiffel", ["Eiffel Tower"], 0.0, 2 / 3),
        ("", ["Paris"], 0.0, 0.0),
        ("Rome", ["Paris", "Rome"], 1.0, 1.0),
    ],
)
def test_short_answers_are_scored_as_squad_does(answer: str, gold: list[str], em: float, overlap: float) -> None:
    assert exact_match(answer, gold) == em
    assert f1(answer, gold) == pytest.approx(overlap)


def test_holds_ignores_case_and_white_space_only() -> None:
    assert holds(["It opened in  May\n1998."], ["may 1998"])
    assert not holds(["It opened in May."], ["May 1998"])


def test_interval_holds_the_share_and_narrows() -> None:
    wide, narrow = interval(8, 10), interval(800, 1000)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([0.9, 0.1]), np.array([1.0, 0.0])) == 1.0
    assert auroc(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 0.5


def test_fit_ranking_finds_the_feature_that_tells() -> None:
    source = np.random.default_rng(1)
    groups = []
    for _ in range(60):
        rows = source.normal(size=(8, 3))
        groups.append((rows, (rows[:, 1] == rows[:, 1].max()).astype(float)))
    weights = fit_ranking(groups)
    assert weights[1] > 5 * max(abs(weights[0]), abs(weights[2]))


def test_fit_logistic_finds_weights_and_bias() -> None:
    source = np.random.default_rng(2)
    rows = source.normal(size=(4000, 2))
    chance = 1 / (1 + np.exp(-(2 * rows[:, 0] - 1)))
    fitted = fit_logistic(rows, (source.random(4000) < chance).astype(float), np.ones(4000))
    assert fitted.weights[0] == pytest.approx(2, abs=0.25)
    assert fitted.weights[1] == pytest.approx(0, abs=0.25)
    assert fitted.bias == pytest.approx(-1, abs=0.25)


def test_a_figure_says_when_it_misses_its_goal() -> None:
    assert Figure("x", 0.9, 100, 0.85).is_met
    assert not Figure("x", 0.2, 100, 0.15, at_most=True).is_met
    assert "MISSED" in Figure("x", 0.2, 100, 0.15, at_most=True).line()
