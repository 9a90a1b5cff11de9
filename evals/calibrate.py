"""Fits the reader's weights and its threshold: `python -m evals.calibrate --data DIR [--write]`.

Sentences are ranked by what was learned from articles of squad1_train_rest; the probability that what was found
answers comes from the same, with and without the right passage, and from those questions of clapnq_dev that
`evals.quality` does not report at the same seed. Both sets of weights are fitted: those of `quick`, which only
compares, and those of `standard` and `deep`, where the small reader reads. `--home FOLDER` keeps all that is slow, so
that a run that was stopped goes on, and another reader only has to read.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path

import numpy as np

from evals.calibration import ARTICLES, TRAINING_SET, Case, refusal_cases, training_cases
from evals.fitting import Floats, Logistic, auroc, fit_logistic, fit_ranking
from evals.quality import REFUSED_SET
from evals.scoring import f1
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reader.edges import SPAN_FEATURES
from graphs.reader.evidence import (
    READ_ANSWER_FEATURES,
    READ_SENTENCE_FEATURES,
    read_answer_features,
)
from graphs.reader.extractive import COMPARED_BESIDE, rank
from graphs.reader.features import ANSWER_FEATURES, SENTENCE_FEATURES, answer_features
from graphs.reader.spans import shortest_answer
from graphs.reader.weights import AllWeights, ReadWeights, Weights, load_weights, logistic, save_weights
from memory.settings import StoreSettings
from memory.stores import open_span_reader

SYNTHETIC_WEIGHT = 0.35
"""How much a question counts whose right passage was taken away, or that was made of another, beside a real one.

They are nearly four times as many, and the reader learned from their articles. Held out, refusals of the real ones have
an AUROC of .899 at .7, .903 at .35 and .906 at .1, those of the made ones of .920, .915 and .905.
"""
WRONGLY_REFUSED = 0.10
"""Share that the threshold refuses of the answerable questions which the reader did not learn from."""
BESIDE_THE_SCORE = 0.2
"""How far the looks of a short answer are trusted: where the reader was trained, it is surer of itself than elsewhere.

The more it learned, the less they add. Of 996 questions of other articles, with the paragraph given, exact match and F1
are 69.2 / 80.7 without them, 69.2 / 80.6 by a fifth, 68.4 / 80.2 by half and less in full; what looks like no answer of
the kind asked for still gives way. A half was right for the reader of 6 layers (52.7 without, 57.8 by half).
"""
PATIENCE_S = 600.0
"""For reading the passages of a question, on a machine that is busy with other things too."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Cases of the training set with the right passage and without it, and of the set with real refusals."""

    present: Sequence[Case]
    hidden: Sequence[Case]
    rest: Sequence[Case]

    def all(self) -> list[Case]:
        """All of them, in this order."""
        return [*self.present, *self.hidden, *self.rest]

    def labels(self) -> Floats:
        """1 for those that can be answered, (n,)."""
        known = [1.0] * len(self.present) + [0.0] * len(self.hidden)
        return np.array([*known, *(float(case.sample.answerable) for case in self.rest)])

    def counts(self) -> Floats:
        """How much each counts, (n,); 1 for real ones only."""
        made = len(self.present) + len(self.hidden)
        return np.where(np.arange(made + len(self.rest)) < made, SYNTHETIC_WEIGHT, 1.0)


def fit_plain(cases: Gathered, origin: str) -> Weights:
    """Fit what compares only, and print its threshold."""
    sentence = fit_ranking([(case.features(), case.labels(case.found)) for case in cases.present])
    ranking = Weights(_named(SENTENCE_FEATURES, sentence), {}, 0.0, origin)
    rows = np.array(
        [answer_features(case.question, rank(ranking, case.question, case.found, case.cosines)) for case in cases.all()]
    )
    fitted = _fitted("plain", rows, cases)
    weights = replace(ranking, answer=_named(ANSWER_FEATURES, fitted.weights), bias=round(fitted.bias, 3))
    print(f"ANSWERABLE_THRESHOLD in graphs/language/verdicts.py: {_threshold(fitted, rows, cases):.2f}")
    return weights


def fit_sentences(cases: Gathered, reader: str, origin: str) -> ReadWeights:
    """Fit which sentence to cite; nothing else is known yet."""
    sentence = _named(
        READ_SENTENCE_FEATURES, fit_ranking([(c.read_features(), c.labels(c.sentences)) for c in cases.present])
    )
    return ReadWeights(sentence, {}, 0.0, {}, 0.0, reader, origin)


def fit_read(cases: Gathered, plain: Weights, sentences: ReadWeights) -> ReadWeights:
    """Fit the rest; the bias is such that the one threshold refuses the agreed share."""
    span = fit_ranking([case.cuts() for case in cases.present])
    span[1:] *= BESIDE_THE_SCORE
    weights = replace(sentences, span=_named(SPAN_FEATURES, span))
    rows = np.array([_read_row(plain, weights, case) for case in cases.all()])
    fitted = _fitted("read", rows, cases)
    bias = fitted.bias + _logit(ANSWERABLE_THRESHOLD) - _logit(_threshold(fitted, rows, cases))
    answer = _named(READ_ANSWER_FEATURES, fitted.weights)
    return replace(weights, answer=answer, bias=round(bias, 3), confident=_confident(weights, cases.present))


def _read_row(plain: Weights, weights: ReadWeights, case: Case) -> list[float]:
    count = COMPARED_BESIDE["standard"]
    compared = rank(plain, case.question, case.found[:count], case.cosines[:count])
    best = case.best(weights)
    return read_answer_features(case.question, compared, best, case.evidence)


def _fitted(name: str, rows: Floats, cases: Gathered) -> Logistic:
    """Fit on all cases; print how well a fit on every other case tells the rest apart."""
    labels, counts = cases.labels(), cases.counts()
    halves = np.arange(len(rows)) % 2
    scores = np.zeros(len(rows))
    for half in (0, 1):
        learned = fit_logistic(rows[halves != half], labels[halves != half], counts[halves != half])
        scores[halves == half] = rows[halves == half] @ learned.weights + learned.bias
    for kind, chosen in (("real", counts == 1.0), ("made", counts != 1.0)):
        right = auroc(scores[chosen], labels[chosen])
        refused = scores[chosen] < np.quantile(scores[chosen][labels[chosen] == 1], WRONGLY_REFUSED)
        share = float(refused[labels[chosen] == 0].mean())
        print(f"{name}, {kind}: n={chosen.sum()}, held out: auroc {right:.3f}, unanswerable refused {share:.3f}")
    return fit_logistic(rows, labels, counts)


def _threshold(fitted: Logistic, rows: Floats, cases: Gathered) -> float:
    """The probability below which the agreed share of the real answerable questions falls.

    What the reader learned from it is surer of than of anything else: counted too, it took the share from the others.
    """
    answerable = (cases.labels() == 1) & (cases.counts() == 1.0)
    scores = rows[answerable] @ fitted.weights + fitted.bias
    return logistic(float(np.quantile(scores, WRONGLY_REFUSED)))


def _confident(weights: ReadWeights, cases: Sequence[Case]) -> float:
    """The score from which the reader's span is a better short answer than that of the rules, by F1."""
    rows: list[tuple[float, float]] = []
    for case in cases:
        best = case.best(weights).candidate
        span = case.evidence.span(best)
        ruled = f1(shortest_answer(case.question, best.text), case.sample.answers)
        if span is not None:
            said = best.hit.passage.text[max(span.start, best.start) : min(span.end, best.end)]
            rows.append((span.score, f1(said, case.sample.answers) - ruled))
    gained = sorted(rows, reverse=True)
    sums = np.cumsum([gain for _, gain in gained])
    print(f"read: short answers by the reader gain {sums.max() / len(cases):+.3f} F1 over the rules, n={len(cases)}")
    return round(gained[int(sums.argmax())][0], 2)


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in zip(names, values, strict=True)}


def _logit(chance: float) -> float:
    return log(chance / (1.0 - chance))


async def gathered(options: argparse.Namespace, home: Path, origin: str) -> tuple[Gathered, ReadWeights | None]:
    """All cases, and how their sentences are ranked; None where nothing is read."""
    async with open_span_reader(StoreSettings(reader=options.reader, reader_timeout_s=PATIENCE_S)) as spans:
        if spans is not None:
            await spans.spans("", ())  # loaded: from now on its name says which file it is
        present, hidden = await training_cases(options.data, home, options.questions, options.seed, spans)
        cases = Gathered(present, hidden, await refusal_cases(options.data, home, options.seed, spans))
        return cases, fit_sentences(cases, spans.name, origin) if spans is not None else None


def main() -> None:
    """Fit, print, and with --write keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="keep what is slow here, so that a second run starts faster")
    parser.add_argument("--reader", default="", help="another file than the shipped one; off: fit what compares only")
    parser.add_argument("--only-read", action="store_true", help="leave the weights of `quick` as they are")
    parser.add_argument("--write", action="store_true", help="replace graphs/reader/weights.json")
    options = parser.parse_args()
    sets = f"{TRAINING_SET} ({ARTICLES} articles, {options.questions} questions), {REFUSED_SET} less reported"
    origin = f"{sets}; seed {options.seed}"
    with tempfile.TemporaryDirectory() as scratch:
        cases, sentences = asyncio.run(gathered(options, options.home or Path(scratch), origin))
    weights = load_weights()
    plain = weights.plain if options.only_read else fit_plain(cases, origin)
    read = weights.read if sentences is None else fit_read(cases, plain, sentences)
    print(AllWeights(plain, read))
    if options.write:
        save_weights(AllWeights(plain, read))


if __name__ == "__main__":
    main()
