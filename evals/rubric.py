"""What a judging model is asked: a file of `evals/rubrics`, or anyone's own. docs/evals.md describes the fields."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.ids import digest

HERE = Path(__file__).parent / "rubrics"
Kind = Literal["pointwise", "pairwise"]
Better = Literal["first", "second", "tie"]


class InvalidRubric(ValueError):
    """A rubric is not there, or not as documented; the message names the file."""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What to judge by. low, high: ends of the scale of a pointwise rubric, whole numbers, high is best."""

    name: str
    version: str
    kind: Kind
    ask: str
    low: int = 1
    high: int = 4

    @property
    def mark(self) -> str:
        """Name and version, and a digest, so that a rubric that was changed under its version is another."""
        return f"{self.name}@{self.version}#{digest(self.kind, self.ask, str(self.low), str(self.high))[:8]}"

    @property
    def shape(self) -> str:
        """The one JSON object that a reply has to be."""
        if self.kind == "pairwise":
            return '{"why": "one sentence", "better": "first"}, where better is "first", "second" or "tie"'
        return f'{{"why": "one sentence", "score": {self.high}}}, where score is from {self.low} to {self.high}, whole'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was read out of a reply. score: in [0, 1]; of two, 1 is the first, 0.5 a tie; None: `unscored` says why."""

    score: float | None
    why: str = ""
    unscored: str = ""


class _Point(BaseModel):
    model_config = ConfigDict(strict=True)

    why: str = ""
    score: int


class _Pair(BaseModel):
    model_config = ConfigDict(strict=True)

    why: str = ""
    better: Better


_WORTH: dict[Better, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}


def load_rubric(named: str) -> Rubric:
    """Read a rubric of ours by its name, or any by its path.

    Raises:
        InvalidRubric: naming what is wrong.
    """
    path = Path(named) if named.endswith(".toml") else HERE / f"{named}.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        rubric = Rubric(**found)
    except OSError as error:
        known = ", ".join(sorted(one.stem for one in HERE.glob("*.toml")))
        raise InvalidRubric(f"there is no rubric {named!r}; there are {known}, or the path of a .toml") from error
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise InvalidRubric(f"{path}: {error}") from error
    if rubric.kind not in get_args(Kind) or not rubric.ask.strip() or not rubric.low < rubric.high:
        raise InvalidRubric(f"{path}: kind is pointwise or pairwise, ask says what to judge by, low is below high")
    return rubric


def read_verdict(reply: str, rubric: Rubric) -> Verdict:
    """Read a verdict out of a reply, be it fenced or among words; never a guess where there is none, or two."""
    found = [one for one in (_verdict(row, rubric) for row in _objects(reply)) if one is not None]
    if not found:
        return Verdict(None, unscored="no verdict that can be read")
    if len({one.score for one in found}) > 1:
        return Verdict(None, unscored="two verdicts")
    return found[0]


def _verdict(row: dict[str, Any], rubric: Rubric) -> Verdict | None:
    """The verdict that an object is; None if it is none, or off the scale."""
    try:
        if rubric.kind == "pairwise":
            pair = _Pair.model_validate(row)
            return Verdict(_WORTH[pair.better], pair.why)
        point = _Point.model_validate(row)
    except ValidationError:
        return None
    if not rubric.low <= point.score <= rubric.high:
        return None
    return Verdict((point.score - rubric.low) / (rubric.high - rubric.low), point.why)


def _objects(text: str) -> list[dict[str, Any]]:
    """The outermost JSON objects in a text; one that names a key twice is none."""
    decoder, found, place = json.JSONDecoder(object_pairs_hook=_once), list[dict[str, Any]](), text.find("{")
    while place >= 0:
        try:
            row, end = decoder.raw_decode(text, place)
            found.append(row)
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key occurs twice")
    return row
