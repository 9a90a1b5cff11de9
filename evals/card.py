"""The report card of a judge: how well its scores agree with people's marks. docs/evals.md describes the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import numpy as np

from evals.fitting import Floats
from evals.recorded import Item
from evals.sets import InvalidSet
from evals.statistics import Metric, Statistic, bootstrap, kappa, separation, share, spearman
from graphs.language.grounding import GROUNDED

LEAST, MOST = 1.0, 4.0
"""Ends of the people's scale."""
UNFAITHFUL = 2.5
"""Mean of the graders up to which a response counts as unfaithful."""
UNDECIDED = GROUNDED
"""Stands for a response in which there was nothing to weigh, where responses are ranked."""

BY_ROWS = ("spearman", "auroc_unfaithful", "kappa", "false_accept")
"""Figures whose interval over single responses is given beside that over conversations."""


class InvalidRow(InvalidSet):
    """A row of the data is not as docs/evals.md says; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A response with what it was written from and what people made of it.

    heard: what was said before it, as texts. grade: mean of the marks, 1 to 4. asked: what was said, with who said
    it. thread: the conversation that it is part of; "" where nobody knows.
    """

    response: str
    contexts: tuple[str, ...]
    heard: str
    grade: float
    asked: str = ""
    thread: str = ""

    @property
    def item(self) -> Item:
        """What of it a judging model is shown."""
        return Item(self.asked or self.heard, self.contexts, (self.response,))


@dataclass(frozen=True, slots=True)
class Card:
    """What a judge said. scores: (n,) in [0, 1], NaN for unscored; standing: of each sentence that was weighed.

    further: figures that only this judge has. why: reasons for unscored responses, with how many.
    """

    rated: Sequence[Rated]
    scores: Floats
    standing: Sequence[Sequence[bool]] = ()
    further: Mapping[str, Metric] = field(default_factory=dict[str, Metric])
    why: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def n(self) -> int:
        """Responses that were judged."""
        return len(self.rated)

    @property
    def unscored(self) -> int:
        """Responses without a score."""
        return int(np.isnan(self.scores).sum())

    @property
    def threads(self) -> list[str]:
        """The conversation of each response; one of which nothing is known is one by itself."""
        return [row.thread or f"response {place}" for place, row in enumerate(self.rated)]

    def metrics(self, seed: int = 0) -> dict[str, Metric]:
        """Return every figure, its interval over whole conversations; `*_rows` has it over single responses.

        An unscored response is ranked in the middle and not accepted.
        """
        threads = self.threads
        asked = self._asked()
        together = {name: bootstrap(*one, seed, threads) for name, one in asked.items()}
        rows = {f"{name}_rows": bootstrap(*asked[name], seed) for name in BY_ROWS}
        count = Metric(float(len(set(threads))), float("nan"), float("nan"))
        return {**together, **self.further, **rows, "conversations": count}

    def as_object(self, seed: int = 0) -> dict[str, Any]:
        """The documented object of `eval judge --json`."""
        metrics = {name: metric.as_object() for name, metric in self.metrics(seed).items()}
        return {"n": self.n, "unscored": self.unscored, "metrics": metrics}

    def _asked(self) -> dict[str, tuple[Statistic, Floats, Floats]]:
        """Name -> a statistic and what it is of."""
        grades = np.array([row.grade for row in self.rated])
        fair = (grades > UNFAITHFUL).astype(float)
        ranked = np.nan_to_num(self.scores, nan=UNDECIDED)
        accepted = (np.nan_to_num(self.scores, nan=0.0) >= GROUNDED).astype(float)
        stands, known = self._sentences(grades)
        return {
            "spearman": (spearman, ranked, grades),
            "auroc_unfaithful": (separation, ranked, fair),
            "kappa": (kappa, accepted, fair),
            "false_accept": (share, accepted, 1 - fair),
            "fair_accept": (share, accepted, fair),
            "fair_sentences_stand": (share, stands, known),
            "unscored": (share, np.isnan(self.scores).astype(float), np.ones(len(grades))),
        }

    def _sentences(self, grades: Floats) -> tuple[Floats, Floats]:
        """Which share of its sentences stands, and which responses count: those that everybody marked best."""
        shares = [fmean(row) if row else float("nan") for row in self.standing or [()] * len(grades)]
        known = (grades >= MOST) & ~np.isnan(shares)
        return np.nan_to_num(np.array(shares)), known.astype(float)


def load_rated(path: Path) -> list[Rated]:
    """Read the rows of a JSON Lines file.

    Raises:
        InvalidRow: there is none, or one is not as documented; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidRow(f"{path} is not in UTF-8: {error}") from error
    found = [_rated(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InvalidRow(f"{path} holds no rows")
    return found


def _rated(line: str, place: str) -> Rated:
    try:
        row = json.loads(line)
        marks = [float(mark) for mark in row["human"]["faithfulness"].values()]
        said = [(str(turn.get("speaker") or turn.get("role") or "user"), str(turn["text"])) for turn in row["input"]]
        rated = Rated(
            response=str(row["response"]),
            contexts=tuple(_text(one) for one in row["contexts"]),
            heard="\n".join(text for _, text in said),
            grade=fmean(marks),
            asked="\n".join(f"{speaker}: {text}" for speaker, text in said),
            # Conversations are told apart by how they begin where nothing names them.
            thread=str(row.get("conversation") or (said[0][1] if said else "")),
        )
    except KeyError as error:
        raise InvalidRow(f"{place}: there is no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidRow(f"{place}: {type(error).__name__}: {error}") from error
    if not all(LEAST <= mark <= MOST for mark in marks):
        raise InvalidRow(f"{place}: a mark for faithfulness is not from {LEAST:g} to {MOST:g}")
    return rated


def _text(context: Any) -> str:
    """A passage, given as a text or as an object with title and text."""
    if not isinstance(context, dict):
        return str(context)
    fields = cast("dict[str, Any]", context)
    return f"{fields.get('title', '')}\n{fields['text']}".strip()
