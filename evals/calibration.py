"""The questions that the reader's weights are fitted on: what was found for each, compared, and read."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evals.beir import Sample, draw, load_samples
from evals.fitting import Floats
from evals.kept import KeptCosines, KeptSpans
from evals.quality import REFUSED_EACH, REFUSED_SET
from evals.scoring import exact_match, holds
from graphs.context import LIMITS
from graphs.reader.edges import SPAN_FEATURES, span_features
from graphs.reader.evidence import READ_PASSAGES, Evidence, read_sentence_features, text_of
from graphs.reader.extractive import choose, find_promising, rank_read
from graphs.reader.features import Candidate, Scored, candidates, sentence_features
from graphs.reader.question import Question, understand
from graphs.reader.weights import ReadWeights
from memory.ingest.pipeline import ingest
from memory.ports import SearchQuery, SpanReader
from memory.records import LOCAL, Effort, Hit
from memory.settings import StoreSettings
from memory.stores import Stores, open_stores
from training.cases import Paragraph, paragraphs, swapped

TRAINING_SET = "squad1_train_rest.jsonl.gz"
ARTICLES = 60
EFFORT: Effort = "standard"


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what the reader would compare, and the cosines. hits, evidence: what was found and read.

    sentences: every one that could be cited after reading.
    """

    sample: Sample
    question: Question
    hits: tuple[Hit, ...]
    found: Sequence[Candidate]
    cosines: Sequence[float]
    sentences: Sequence[Candidate]
    evidence: Evidence

    def features(self) -> Floats:
        """Sentence features (n, k) of what was compared."""
        pairs = zip(self.found, self.cosines, strict=True)
        best = _best_lexical(self.found)
        return np.array([sentence_features(self.question, candidate, cosine, best) for candidate, cosine in pairs])

    def read_features(self) -> Floats:
        """Sentence features (n, k) of all sentences, after reading."""
        best = _best_lexical(self.sentences)
        return np.array([read_sentence_features(self.question, one, self.evidence, best) for one in self.sentences])

    def labels(self, found: Sequence[Candidate]) -> Floats:
        """1 for sentences of the right passage that hold the answer, (n,)."""
        said = (holds([row.text], self.sample.answers) for row in found)
        return np.array([float(_is_right(self.sample, row.hit) and b) for row, b in zip(found, said, strict=True)])

    def best(self, weights: ReadWeights) -> Scored:
        """The sentence that would be cited first."""
        return choose(rank_read(weights, self.question, self.sentences, self.evidence))[0]

    def cuts(self) -> tuple[Floats, Floats]:
        """Features (n, k) of the ways to begin and end the answer in a sentence that holds it, and 1 for the gold ones.

        No rows where there is no such sentence.
        """
        if (right := self._right()) is None:
            return np.zeros((0, len(SPAN_FEATURES))), np.zeros(0)
        text = right.hit.passage.text
        spans = self.evidence.variants(right)
        gold = [exact_match(text[span.start : span.end], self.sample.answers) for span in spans]
        return np.array(span_features(self.question, text, spans)), np.array(gold)

    def _right(self) -> Candidate | None:
        """The first sentence of the right passage that holds the answer."""
        pairs = zip(self.sentences, self.labels(self.sentences), strict=True)
        return next((candidate for candidate, is_right in pairs if is_right), None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What cases are made with. spans: None where nothing is read."""

    stores: Stores
    cosines: KeptCosines
    spans: KeptSpans | None


@asynccontextmanager
async def open_desk(folder: Path, home: Path, spans: SpanReader | None) -> AsyncGenerator[Desk]:
    """Open stores that hold a set's corpus; spans: a reader that has loaded."""
    async with open_stores(StoreSettings(home=home), command="evals.calibrate") as stores:
        await ingest(LOCAL, [folder / "corpus.jsonl"], stores)
        kept = KeptSpans(spans, home) if spans is not None else None
        yield Desk(stores, KeptCosines(stores.embedder, home), kept)


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


async def training_cases(
    data: Path, home: Path, questions: int, seed: int, spans: SpanReader | None
) -> tuple[list[Case], list[Case]]:
    """Cases of the training set with what answers, and such that have no answer.

    Of these the right passage was taken away, or they ask the same of another name, number or attribute.
    """
    training = write_training_set(data, home, seed)
    samples, _ = draw(load_samples(training), questions, seed)
    async with open_desk(training, home / "training", spans) as desk:
        present, hidden = await gather(desk, samples), await gather(desk, samples, is_right_hidden=True)
        return present, [*hidden, *await gather(desk, _swapped(data, samples, seed))]


def _swapped(data: Path, samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The samples that can be asked about something else of their article, asked so."""
    read = paragraphs(data / TRAINING_SET)
    asked: dict[str, list[str]] = defaultdict(list)
    of_question: dict[str, Paragraph] = {}
    for paragraph in read:
        for question, _ in paragraph.questions:
            asked[paragraph.title].append(question)
            of_question[" ".join(question.split())] = paragraph
    chance = random.Random(seed)
    pairs = ((sample, of_question[sample.text]) for sample in samples)
    others = ((sample, swapped(sample.text, own, asked[own.title], chance)) for sample, own in pairs)
    return [replace(sample, text=text, answers=(), answerable=False) for sample, text in others if text]


async def refusal_cases(data: Path, home: Path, seed: int, spans: SpanReader | None) -> list[Case]:
    """Cases of the questions that `evals.quality` does not report, answerable or not."""
    folder = data / REFUSED_SET
    samples = load_samples(folder)
    kinds = ([sample for sample in samples if sample.answerable == kind] for kind in (True, False))
    rest = [sample for kind in kinds for sample in draw(kind, REFUSED_EACH, seed)[1]]
    async with open_desk(folder, home / "refusals", spans) as desk:
        return await gather(desk, rest)


async def gather(desk: Desk, samples: Sequence[Sample], *, is_right_hidden: bool = False) -> list[Case]:
    """Search for each question as the researcher does, compare and read as the reader does."""
    cases = [await _case(desk, sample, is_right_hidden) for sample in samples]
    return [case for case in cases if case.found]


async def _case(desk: Desk, sample: Sample, is_right_hidden: bool) -> Case:
    vector = await desk.stores.embedder.embed_query(sample.text)
    top_k = LIMITS[EFFORT].search_top_k
    result = await desk.stores.index.search(LOCAL, SearchQuery(sample.text, vector, top_k=top_k))
    hits = tuple(hit for hit in result.hits if not (is_right_hidden and _is_right(sample, hit)))
    question = understand(sample.text, result.term_weights)
    found = find_promising(question, hits, EFFORT)
    cosines = await desk.cosines.cosines(sample.text, [candidate.shown for candidate in found])
    sentences = candidates(question, hits[: LIMITS[EFFORT].read_passages])
    evidence = await _evidence(desk, sample.text, hits)
    return Case(sample, question, hits, found, cosines, sentences, evidence)


async def _evidence(desk: Desk, question: str, hits: tuple[Hit, ...]) -> Evidence:
    if desk.spans is None:
        return Evidence({})
    read = hits[: READ_PASSAGES[EFFORT]]
    spans = await desk.spans.spans(question, [text_of(hit) for hit in read])
    return Evidence({hit.passage.passage_id: found for hit, found in zip(read, spans, strict=True)})


def _is_right(sample: Sample, hit: Hit) -> bool:
    return hit.source.endswith(f"#{sample.document}")


def _best_lexical(found: Sequence[Candidate]) -> float:
    return max((candidate.hit.lexical_score or 0.0 for candidate in found), default=0.0)
