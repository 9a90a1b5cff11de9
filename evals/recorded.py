"""Verdicts of judging models as they came: a JSON Lines file to read, to replay without a model, and to go on from.

A line holds `key`, what was judged in short, what was read out of the reply, and the `reply` itself. Only `key` and
`reply` are read again. The key is a digest of the model's name, the rubric, the input and the output that was judged:
change any of them and it is another question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from evals.rows import rows_of
from evals.rubric import Rubric, Verdict
from memory.ids import digest

_SHOWN = 200


class Item(NamedTuple):
    """What is judged: a conversation, the passages that were at hand, and one response to it, or two."""

    asked: str
    contexts: tuple[str, ...]
    responses: tuple[str, ...]


def key_of(model: str, rubric: Rubric, item: Item, attempt: int = 0) -> str:
    """The name of a verdict. attempt: 0, or which repetition."""
    parts = [model, rubric.mark, str(attempt), item.asked, *item.contexts, "\0", *item.responses]
    return digest(*parts)


@dataclass(slots=True)
class Records:
    """The verdicts of a file. path: None keeps nothing."""

    path: Path | None = None
    replies: dict[str, str] = field(default_factory=dict[str, str])

    def keep(self, key: str, model: str, rubric: Rubric, item: Item, reply: str, verdict: Verdict) -> None:
        """Add a verdict at the file's end, at once: a run that is interrupted has it."""
        self.replies[key] = reply
        if self.path is None:
            return
        row: dict[str, Any] = {
            "key": key,
            "model": model,
            "rubric": rubric.mark,
            "asked": item.asked[-_SHOWN:],
            "responses": [text[:_SHOWN] for text in item.responses],
            "score": verdict.score,
            "why": verdict.why,
            "unscored": verdict.unscored,
            "reply": reply,
        }
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def open_records(path: Path | None) -> Records:
    """Read the verdicts of a file, one that is still to be made included; a line that was cut off at the end goes.

    Raises:
        InvalidSet: a line is not as above.
    """
    if path is None or not path.exists():
        return Records(path)
    whole, mark, rest = path.read_bytes().rpartition(b"\n")
    if rest:
        path.write_bytes(whole + mark)
    return Records(path, {str(row["key"]): str(row["reply"]) for row in rows_of(path, ("key", "reply"))})
