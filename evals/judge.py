"""How well the judge agrees with people: `multidb eval judge --data FILE`. docs/evals.md describes the rows.

Every response is cut into sentences, and each is weighed by `graphs.weighing`, the code that serves users, against
all passages that the response was written from.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from evals.fitting import Floats
from evals.statistics import Metric, bootstrap, kappa, separation, spearman
from graphs.language.grounding import GROUNDED, Evidence
from graphs.weighing import Weighed, weigh_text
from memory.ports import Embedder
from memory.sentences import split_sentences
from memory.settings import StoreSettings
from memory.stores import open_stores

UNFAITHFUL = 2.5
"""Mean of the graders, 1 to 4, up to which a response counts as unfaithful."""
WHOLLY_FAITHFUL = 4.0
UNDECIDED = GROUNDED
"""Stands for a response in which there was nothing to weigh, where responses are ranked."""


class InvalidRow(ValueError):
    """A row of the data is not as docs/evals.md says; the message names it."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A response with what it was written from and what people made of it. grade: their mean, 1 to 4."""

    response: str
    contexts: tuple[str, ...]
    heard: str
    grade: float


@dataclass(frozen=True, slots=True)
class Card:
    """What the judge said. scores: (n,) NaN where there was nothing to weigh; standing: of each weighed sentence."""

    rated: Sequence[Rated]
    scores: Floats
    standing: Sequence[Sequence[bool]]

    @property
    def unscored(self) -> int:
        """Responses in which there was nothing to weigh."""
        return int(np.isnan(self.scores).sum())

    def metrics(self, seed: int = 0) -> dict[str, Metric]:
        """Return every figure; an unscored response is ranked in the middle and not accepted."""
        grades = np.array([row.grade for row in self.rated])
        fair = (grades > UNFAITHFUL).astype(float)
        ranked = np.nan_to_num(self.scores, nan=UNDECIDED)
        accepted = (np.nan_to_num(self.scores, nan=0.0) >= GROUNDED).astype(float)
        return {
            "spearman": bootstrap(spearman, ranked, grades, seed),
            "auroc_unfaithful": bootstrap(separation, ranked, fair, seed),
            "kappa": bootstrap(kappa, accepted, fair, seed),
            "false_accept": bootstrap(_share, accepted, 1 - fair, seed),
            "fair_accept": bootstrap(_share, accepted, fair, seed),
            "fair_sentences_stand": self._sentences(grades >= WHOLLY_FAITHFUL, seed),
            "unscored": bootstrap(_share, np.isnan(self.scores).astype(float), np.ones(len(grades)), seed),
        }

    def _sentences(self, chosen: Any, seed: int) -> Metric:
        """The share of sentences that stand, mean over the chosen responses."""
        shares = [fmean(row) if row else float("nan") for row in self.standing]
        known = np.array([pick and share == share for pick, share in zip(chosen, shares, strict=True)], dtype=float)
        return bootstrap(_share, np.nan_to_num(np.array(shares)), known, seed)


def load_rated(path: Path) -> list[Rated]:
    """Read the rows of a JSON Lines file.

    Raises:
        InvalidRow: naming the line.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_rated(line, number) for number, line in enumerate(lines, 1) if line.strip()]


async def weigh_responses(rated: Sequence[Rated], embedder: Embedder) -> Card:
    """Weigh every response."""
    likeness = Likeness(embedder)
    weighed = [await weigh_response(row, likeness) for row in rated]
    scores = [fmean(one.score for one in row) if row else float("nan") for row in weighed]
    return Card(rated, np.array(scores), [[one.label == "supported" for one in row] for row in weighed])


async def measure(path: Path) -> Card:
    """Weigh the responses of a file with the default embedder."""
    rated = load_rated(path)
    if not rated:
        raise InvalidRow(f"{path} holds no rows")
    with tempfile.TemporaryDirectory() as home:
        async with open_stores(StoreSettings(home=Path(home)), command="evals judge") as stores:
            return await weigh_responses(rated, stores.embedder)


def as_object(card: Card) -> dict[str, Any]:
    """The documented object of `eval judge --json`."""
    metrics = {name: metric.as_object() for name, metric in card.metrics().items()}
    return {"n": len(card.rated), "unscored": card.unscored, "metrics": metrics}


class Likeness:
    """Cosines by the embedder, as the `vector_search` server gives them; a sentence is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        """Know nothing yet."""
        self._embedder = embedder
        self._known: dict[str, Any] = {}

    async def __call__(self, claim: str, sentences: tuple[str, ...]) -> Sequence[float]:
        """The cosine of each sentence to the claim."""
        fresh = [sentence for sentence in sentences if sentence not in self._known]
        if fresh:
            self._known.update(zip(fresh, await self._embedder.embed_passages(fresh), strict=True))
        query = await self._embedder.embed_query(claim)
        return [float(self._known[sentence] @ query) for sentence in sentences]


async def weigh_response(row: Rated, likeness: Likeness) -> list[Weighed]:
    """The sentences of a response that claim something; silence of the sources counts only where nothing else does."""
    sentences = [row.response[start:end] for start, end in split_sentences(row.response)]
    weighed = [one for one in await weigh_text(sentences, Evidence(row.contexts, row.heard), likeness) if one]
    return [one for one in weighed if not one.is_silence] or weighed


def _share(values: Floats, chosen: Floats) -> float:
    """The mean of the chosen values; NaN if none is chosen."""
    return float((values * chosen).sum() / chosen.sum()) if chosen.sum() else float("nan")


def _rated(line: str, number: int) -> Rated:
    try:
        row = json.loads(line)
        marks = [float(mark) for mark in row["human"]["faithfulness"].values()]
        return Rated(
            response=str(row["response"]),
            contexts=tuple(str(text) for text in row["contexts"]),
            heard="\n".join(str(turn["text"]) for turn in row["input"]),
            grade=fmean(marks),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRow(f"line {number}: {type(error).__name__} {error}") from error
