"""What one run may vary: plain data, kept with the run's record, reached through `Runtime[Context]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from memory.records import Effort, FilterValue, Scope


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, how hard to try, and within what limits.

    scope: from authentication, set by `api.runs`, never by the caller. filters: narrow every search of the run.
    synthesizer, judge: model specs that override the deployment's ("" keeps it, "extractive" uses no model).
    """

    run_id: str
    thread_id: str
    scope: Scope
    effort: Effort = "standard"
    filters: Mapping[str, FilterValue] = field(default_factory=dict[str, FilterValue])
    synthesizer: str = ""
    judge: str = ""


class Limits(NamedTuple):
    """What an effort buys. tokens is the price ceiling that is reserved before a run."""

    rounds: int
    search_top_k: int
    read_passages: int
    tokens: int


LIMITS: Mapping[Effort, Limits] = {
    "quick": Limits(rounds=1, search_top_k=12, read_passages=8, tokens=2_000),
    "standard": Limits(rounds=2, search_top_k=24, read_passages=16, tokens=6_000),
    "deep": Limits(rounds=4, search_top_k=40, read_passages=32, tokens=20_000),
}
