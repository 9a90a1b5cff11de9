"""What was asked, as the run's record keeps it: plain JSON, never a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import orjson

from graphs.context import Context
from memory.ids import digest
from memory.records import Effort, FilterValue, Range, RunRecord, Scalar, Scope, Turn, TurnRole

NO_PARENT = object()
"""Tells "the last turn of the thread" (nothing said) from "the beginning" (None)."""


class Said(NamedTuple):
    """A part of a conversation that the client keeps, not we."""

    role: TurnRole
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted request. parent_turn_id: NO_PARENT, None for the beginning, or the turn that it follows.

    before: the conversation as the client tells it, oldest first, for a thread of which we know nothing.
    """

    text: str
    thread_id: str | None = None
    effort: Effort = "standard"
    filters: Mapping[str, FilterValue] = field(default_factory=dict[str, FilterValue])
    parent_turn_id: object = NO_PARENT
    idempotency_key: str | None = None
    before: tuple[Said, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Stands for everything but the key."""
        parent = "" if self.parent_turn_id is NO_PARENT else f"={self.parent_turn_id}"
        return digest(self.text, self.thread_id or "", parent, self.settings)

    @property
    def settings(self) -> str:
        """The run's Context as JSON text, in a fixed order; who asks is not in it."""
        plain: dict[str, Any] = {"effort": self.effort}
        plain["filters"] = {key: _plain(value) for key, value in self.filters.items()}
        if self.before:
            plain["before"] = [list(said) for said in self.before]
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def context_of(record: RunRecord) -> Context:
    """Make the graph's Context again from a record."""
    settings = orjson.loads(record.context)
    return Context(
        run_id=record.run_id,
        thread_id=record.thread_id,
        scope=record.scope,
        effort=settings["effort"],
        filters={key: _value(value) for key, value in settings["filters"].items()},
        synthesizer=settings.get("synthesizer", ""),
        judge=settings.get("judge", ""),
    )


def told_before(record: RunRecord) -> tuple[Turn, ...]:
    """The conversation as the client told it, oldest first; empty where it told none."""
    said = enumerate(orjson.loads(record.context).get("before", ()))
    return tuple(
        Turn(f"told-{number}", record.thread_id, role, text, "complete", record.created_at, record.run_id)
        for number, (role, text) in said
    )


def effort_of(record: RunRecord) -> Effort:
    """How hard the run was asked to try."""
    return orjson.loads(record.context)["effort"]


def checkpoint_id(scope: Scope, thread_id: str, run_id: str) -> str:
    """Name a run's checkpoints so that no tenant or user can name another's."""
    return f"{digest(scope.tenant_id, scope.user_id, thread_id)}.{run_id}"


def keyed_run_id(scope: Scope, key: str) -> str:
    """The run id that an Idempotency-Key stands for, so that a repeat finds the first run by its id."""
    return f"key-{digest(scope.tenant_id, scope.user_id, key)}"


def _plain(value: FilterValue) -> Any:
    if isinstance(value, Range):
        return {"gte": value.gte, "lte": value.lte}
    if isinstance(value, str | int | float | bool):
        return value
    return list(value)


def _value(value: Any) -> FilterValue:
    if isinstance(value, dict):
        return Range(**cast(dict[str, float | None], value))
    if isinstance(value, list):
        return tuple(cast(list[Scalar], value))
    return cast(Scalar, value)
