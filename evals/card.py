"""The report card of a judge: how well its scores agree with people's marks. docs/evals.md describes the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import numpy as np

from evals.fitting import Floats
from evals.recorded import Item
from evals.rows import InvalidSet, listed, numbered_rows
from evals.statistics import Metric, Statistic, bootstrap, kappa, separation, share, spearman
from evals.turns import USERS
from graphs.language.grounding import GROUNDED

FIELDS = ("input", "contexts", "response", "human")
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
        InvalidRow: there is none, or one is not as documented; the message names the line and the field.
    """
    try:
        found = [_rated(row, f"{path}, line {number}") for number, row in numbered_rows(path, FIELDS)]
    except InvalidSet as error:
        raise InvalidRow(str(error)) from error
    if not found:
        raise InvalidRow(f"{path} holds no rows")
    return found


def _rated(row: Mapping[str, Any], place: str) -> Rated:
    said = [_said(turn, f"{place}: `input`") for turn in listed(row["input"])]
    return Rated(
        response=_text(row["response"], f"{place}: `response`"),
        contexts=tuple(_passage(one, f"{place}: `contexts`") for one in listed(row["contexts"])),
        heard="\n".join(text for _, text in said),
        grade=fmean(_marks(row["human"], place)),
        asked="\n".join(f"{speaker}: {text}" for speaker, text in said),
        # Conversations are told apart by how they begin where nothing names them.
        thread=str(row["conversation"]) if row.get("conversation") is not None else _beginning(said),
    )


def _beginning(said: Sequence[tuple[str, str]]) -> str:
    """The first thing that a user says, since an agent may greet everybody alike; else the first thing."""
    users = [text for speaker, text in said if speaker.casefold() in USERS]
    return (users or [text for _, text in said] or [""])[0]


def _marks(human: Any, place: str) -> list[float]:
    """The marks that were given; a rater without one (null) did not rate this response."""
    given: Any = human.get("faithfulness") if isinstance(human, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] checked below
    field = f"{place}: `human.faithfulness`"
    if not isinstance(given, dict):
        raise InvalidRow(f'{field} must be an object of raters with their marks, as {{"rater-a": 4}}')
    marks = {str(rater): mark for rater, mark in cast("dict[Any, Any]", given).items() if mark is not None}
    if not marks:
        raise InvalidRow(f"{field} holds no mark; leave rows out that nobody marked")
    for rater, mark in marks.items():
        if isinstance(mark, bool) or not isinstance(mark, int | float) or not LEAST <= mark <= MOST:
            raise InvalidRow(f"{field}.{rater} is {mark!r}; a mark is a number from {LEAST:g} to {MOST:g}")
    return [float(mark) for mark in marks.values()]


def _said(turn: Any, field: str) -> tuple[str, str]:
    """Who said what; a plain text is the user's."""
    if not isinstance(turn, dict):
        return "user", _text(turn, field)
    fields = cast("dict[str, Any]", turn)
    return str(fields.get("speaker") or fields.get("role") or "user"), _text(fields.get("text"), f"{field}.text")


def _passage(context: Any, field: str) -> str:
    """A passage, given as a text or as an object with title and text."""
    if not isinstance(context, dict):
        return _text(context, field)
    fields = cast("dict[str, Any]", context)
    return f"{fields.get('title') or ''}\n{_text(fields.get('text'), f'{field}.text')}".strip()


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidRow(f"{field} is {value!r:.60}; it must be a text")
    return value
