"""What a checkpoint may contain: the allow-list that every saver's serializer is held to.

Checkpoints store `module.ClassName`, and loading one calls the class; so only plain records are on the list.
Moving or renaming one of them is a data migration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import ERROR

from memory import records

STATE_MODULE = "graphs.state"
STATE_TYPES = ("State", "Verdict", "Degraded", "Respelled", "Part")
"""The state's own types, by name: memory imports nothing of the graph. A test holds the list against the module."""


def allowed_types() -> list[tuple[str, ...]]:
    """Return (module, class) of every record and of the state's own types."""
    found = [item for item in vars(records).values() if isinstance(item, type) and dataclasses.is_dataclass(item)]
    own = [item for item in found if item.__module__ == records.__name__]  # what it re-exports is in no state
    return [*((item.__module__, item.__name__) for item in own), *((STATE_MODULE, name) for name in STATE_TYPES)]


def open_serializer() -> JsonPlusSerializer:
    """Return a strict serializer: an unknown type in a checkpoint is not built, whoever wrote it there."""
    return JsonPlusSerializer(allowed_msgpack_modules=allowed_types())


def whole_writes(writes: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    """Return what may be kept of a task's writes: of a task that failed or was cancelled, only how.

    LangGraph hands over what such a task had written so far together with its error, and at the next start takes a task
    with any output for finished: one that was cancelled between its result and the choice of the next node would end
    the graph without an answer (`langgraph.pregel._task_status`, "What these rules cannot see").
    """
    if all(channel != ERROR for channel, _ in writes):
        return writes
    return [(channel, value) for channel, value in writes if channel in WRITES_IDX_MAP]
