"""How well a judge agrees with people: `multidb eval judge --data FILE`.

The judge is the one that serves users, or a chat model with a rubric (`evals.judges`). Ours cuts every response into
sentences and weighs each by `graphs.weighing` against all passages that the response was written from.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from evals.card import Card, Rated, load_rated
from evals.grading import open_grader
from evals.house import Tell
from evals.journal import Journal
from evals.judges import PairCard, judge_pairs, judge_responses
from evals.wanted import Wanted
from graphs.language.grounding import Evidence
from graphs.weighing import Weighed, weigh_text
from memory.ids import digest
from memory.ports import Embedder
from memory.sentences import split_sentences
from memory.settings import StoreSettings
from memory.stores import open_stores


@dataclass(frozen=True, slots=True)
class Choice:
    """Which responses to judge, and by whom.

    wanted: a chat model, None for the judge that serves users. home: where its weighings are kept, to go on.
    """

    wanted: Wanted | None = None
    limit: int = 0
    seed: int = 0
    home: Path | None = None


async def measure(path: Path, choice: Choice, tell: Tell) -> Card | PairCard:
    """Judge the responses of a file, or pairs of them where the rubric compares.

    Raises:
        InvalidRow: the file is not as documented.
    """
    rated = _drawn(load_rated(path), choice)
    if choice.wanted is None:
        with tempfile.TemporaryDirectory() as home:
            async with open_stores(StoreSettings(home=Path(home)), command="evals judge") as stores:
                return await weigh_responses(rated, stores.embedder, tell, Journal(choice.home, "judge"))
    async with open_grader(choice.wanted) as grader:
        if grader.rubric.kind == "pairwise":
            return await judge_pairs(grader, rated, choice.seed, tell)
        return await judge_responses(grader, rated, choice.wanted.repeats, choice.seed, tell)


def _drawn(rated: Sequence[Rated], choice: Choice) -> list[Rated]:
    """So many responses, in their order; 0 is all."""
    if not 0 < choice.limit < len(rated):
        return list(rated)
    places = sorted(random.Random(choice.seed).sample(range(len(rated)), choice.limit))
    return [rated[place] for place in places]


async def weigh_responses(
    rated: Sequence[Rated], embedder: Embedder, tell: Tell, journal: Journal | None = None
) -> Card:
    """Weigh every response by the judge that serves users; what a journal holds is not weighed again."""
    likeness = Likeness(embedder)
    journal = Journal(None, "judge") if journal is None else journal
    weighed: list[list[tuple[float, bool]]] = []
    for number, row in enumerate(rated, 1):
        key = digest(row.response, row.heard, *row.contexts)
        found = journal.get(key)
        if found is None:
            found = [(one.score, one.label == "supported") for one in await weigh_response(row, likeness)]
            journal.keep(key, found)
        weighed.append(found)
        tell("responses weighed", number, len(rated))
    journal.finish()
    scores = [fmean(score for score, _ in row) if row else float("nan") for row in weighed]
    unscored = sum(not row for row in weighed)
    why = {"nothing to weigh: courtesy only": unscored} if unscored else {}
    return Card(rated, np.array(scores), [[stands for _, stands in row] for row in weighed], why=why)


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
