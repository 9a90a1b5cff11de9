"""Which judging model, rubric and bounds somebody asked for, on the command line or in a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphs.models import NO_MODEL


@dataclass(frozen=True, slots=True)
class Wanted:
    """A judge by rubric.

    model: a spec as MULTIDB_MODEL_JUDGE takes it. rubric: a name of ours or the path of a .toml. verdicts: file of
    recorded verdicts. is_offline: replay them and ask nothing. repeats: items that are judged twice. at_once: calls
    at a time. budget_tokens: of all calls together.
    """

    model: str
    rubric: str = "faithfulness"
    verdicts: Path | None = None
    is_offline: bool = False
    repeats: int = 20
    at_once: int = 4
    budget_tokens: int = 2_000_000

    @property
    def is_model(self) -> bool:
        """Whether a chat model is asked for, rather than the rules that serve users."""
        return self.model not in NO_MODEL

    @property
    def name(self) -> str:
        """The model's name without its address: verdicts that were recorded here are found elsewhere."""
        return self.model.partition("@http")[0]
