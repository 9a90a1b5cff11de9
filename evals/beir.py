"""Reading data in the BEIR layout: `corpus.jsonl`, `queries.jsonl`."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """A question. answers: gold answers; answerable: its passage answers it; document: the id of that passage."""

    id: str
    text: str
    answers: tuple[str, ...]
    answerable: bool
    document: str


def load_samples(folder: Path) -> list[Sample]:
    """Read the questions of a set, in the order of the file."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [_sample(json.loads(line)) for line in lines if line.strip()]


def draw(samples: list[T], count: int, seed: int) -> tuple[list[T], list[T]]:
    """Return a random sample without repeats, and the rest in the same shuffled order."""
    shuffled = list(samples)
    random.Random(seed).shuffle(shuffled)
    return shuffled[:count], shuffled[count:]


def _sample(row: dict[str, Any]) -> Sample:
    answers = row.get("all_answers") or row.get("answers") or ()
    return Sample(
        id=str(row["id"]),
        text=" ".join(str(row["text"]).split()),
        answers=tuple(str(answer) for answer in answers),
        answerable=bool(row.get("answerable", True)),
        document=str(row.get("source_doc", "")),
    )
