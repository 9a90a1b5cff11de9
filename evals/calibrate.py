"""Fits the reader's weights and its threshold: `python -m evals.calibrate --data DIR [--write]`.

Sentences are ranked by what was learned from articles of squad1_train_rest; the probability that what was found
answers comes from the same, with and without the right passage, and from those questions of clapnq_dev that
`evals.quality` does not report at the same seed.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.beir import Sample, draw, load_samples
from evals.fitting import Floats, auroc, fit_logistic, fit_ranking
from evals.quality import REFUSED_EACH, REFUSED_SET
from evals.scoring import holds
from graphs.context import LIMITS
from graphs.reader.extractive import find_promising, rank
from graphs.reader.features import ANSWER_FEATURES, SENTENCE_FEATURES, Candidate, answer_features, sentence_features
from graphs.reader.question import Question, understand
from graphs.reader.weights import Weights, save_weights
from memory.ingest.pipeline import ingest
from memory.ports import SearchQuery
from memory.records import LOCAL
from memory.settings import StoreSettings
from memory.stores import Stores, open_stores

TRAINING_SET = "squad1_train_rest.jsonl.gz"
ARTICLES = 60
SYNTHETIC_WEIGHT = 0.4
"""How much a question whose right passage was taken away counts beside a really unanswerable one."""
WRONGLY_REFUSED = 0.08
"""Share of answerable calibration questions that the threshold refuses."""
EFFORT = "standard"


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what the reader would compare, and the cosines."""

    sample: Sample
    question: Question
    found: Sequence[Candidate]
    cosines: Sequence[float]

    def features(self) -> Floats:
        """Sentence features (n, k)."""
        best = max((candidate.hit.lexical_score or 0.0 for candidate in self.found), default=0.0)
        pairs = zip(self.found, self.cosines, strict=True)
        return np.array([sentence_features(self.question, candidate, cosine, best) for candidate, cosine in pairs])

    def labels(self) -> Floats:
        """1 for sentences of the right passage that hold the answer, (n,)."""
        right = (row.hit.source.endswith(f"#{self.sample.document}") for row in self.found)
        said = (holds([row.text], self.sample.answers) for row in self.found)
        return np.array([float(a and b) for a, b in zip(right, said, strict=True)])


async def calibrate(data: Path, home: Path, questions: int, seed: int) -> tuple[Weights, float]:
    """Return fitted weights and the threshold."""
    training = write_training_set(data, home, seed)
    samples, _ = draw(load_samples(training), questions, seed)
    async with _searchable(training, home / "training") as stores:
        with_passage = await gather(stores, samples)
        without = await gather(stores, samples, is_right_hidden=True)
    rest = await _calibration_cases(data / REFUSED_SET, home / "refusals", seed)
    sentence = fit_ranking([(case.features(), case.labels()) for case in with_passage])
    origin = f"{TRAINING_SET} ({ARTICLES} articles, {questions} questions), {REFUSED_SET} less reported; seed {seed}"
    ranking = Weights(_named(SENTENCE_FEATURES, sentence), {}, 0.0, origin)
    groups = [(with_passage, 1.0), (without, 0.0), *(([case], float(case.sample.answerable)) for case in rest)]
    rows = np.array([_answer(ranking, case) for cases, _ in groups for case in cases])
    labels = np.array([label for cases, label in groups for _ in cases])
    counts = np.where(np.arange(len(rows)) < len(with_passage) + len(without), SYNTHETIC_WEIGHT, 1.0)
    fitted = fit_logistic(rows, labels, counts)
    weights = Weights(ranking.sentence, _named(ANSWER_FEATURES, fitted.weights), round(fitted.bias, 3), origin)
    return weights, _threshold(weights, rows[counts == 1.0], labels[counts == 1.0])


def _threshold(weights: Weights, rows: Floats, labels: Floats) -> float:
    """The probability below which the agreed share of answerable calibration questions falls."""
    scores = np.array([weights.answerable(list(row)) for row in rows])
    threshold = float(np.quantile(scores[labels == 1], WRONGLY_REFUSED))
    refused = float((scores[labels == 0] < threshold).mean())
    print(f"calibration: n={len(rows)} auroc={auroc(scores, labels):.3f} unanswerable refused={refused:.3f}")
    return threshold


def write_training_set(data: Path, home: Path, seed: int) -> Path:
    """Write some articles of the training set in the BEIR layout, one question a paragraph; return the folder."""
    folder = home / "training_set"
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(data / TRAINING_SET, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    chance = random.Random(seed)
    titles = set(chance.sample(sorted({row["title"] for row in rows}), ARTICLES))
    kept = [row for row in rows if row["title"] in titles]
    corpus = [{"id": row["id"], "title": row["title"], "text": row["text"]} for row in kept]
    asked = [{**chance.choice(row["questions"]), "source_doc": row["id"]} for row in kept]
    queries = [{**row, "text": row["question"], "answers": [row["answer"]]} for row in asked]
    for name, items in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return folder


async def gather(stores: Stores, samples: Sequence[Sample], *, is_right_hidden: bool = False) -> list[Case]:
    """Search for each question as the researcher does and compare as the reader does."""
    cases = [await _case(stores, sample, is_right_hidden) for sample in samples]
    return [case for case in cases if case.found]


async def _case(stores: Stores, sample: Sample, is_right_hidden: bool) -> Case:
    vector = await stores.embedder.embed_query(sample.text)
    top_k = LIMITS[EFFORT].search_top_k
    result = await stores.index.search(LOCAL, SearchQuery(sample.text, vector, top_k=top_k))
    hits = [hit for hit in result.hits if not (is_right_hidden and hit.source.endswith(f"#{sample.document}"))]
    question = understand(sample.text, result.term_weights)
    found = find_promising(question, hits, EFFORT)
    vectors = await stores.embedder.embed_passages([candidate.shown for candidate in found])
    return Case(sample, question, found, [float(cosine) for cosine in vectors @ vector])


async def _calibration_cases(folder: Path, home: Path, seed: int) -> list[Case]:
    """The questions that are not reported."""
    samples = load_samples(folder)
    kinds = ([sample for sample in samples if sample.answerable == kind] for kind in (True, False))
    rest = [sample for kind in kinds for sample in draw(kind, REFUSED_EACH, seed)[1]]
    async with _searchable(folder, home) as stores:
        return await gather(stores, rest)


@asynccontextmanager
async def _searchable(folder: Path, home: Path) -> AsyncGenerator[Stores]:
    """Stores that hold a set's corpus."""
    async with open_stores(StoreSettings(home=home), command="evals.calibrate") as stores:
        await ingest(LOCAL, [folder / "corpus.jsonl"], stores)
        yield stores


def _answer(weights: Weights, case: Case) -> list[float]:
    return answer_features(case.question, rank(weights, case.question, case.found, case.cosines))


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in zip(names, values, strict=True)}


def main() -> None:
    """Fit, print, and with --write keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="keep the data folders here, so that a second run starts faster")
    parser.add_argument("--write", action="store_true", help="replace graphs/reader/weights.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        weights, threshold = asyncio.run(calibrate(options.data, home, options.questions, options.seed))
    print(weights)
    print(f"ANSWERABLE_THRESHOLD in graphs/language/verdicts.py: {threshold:.2f}")
    if options.write:
        save_weights(weights)


if __name__ == "__main__":
    main()
