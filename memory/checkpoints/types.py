"""What a checkpoint may contain: the allow-list that every saver's serializer is held to.

Checkpoints store `module.ClassName`, and loading one calls the class; so only plain records are on the list.
Moving or renaming one of them is a data migration.
"""

from __future__ import annotations

import dataclasses

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from memory import records

STATE_MODULE = "graphs.state"
STATE_TYPES = ("State", "Verdict", "Degraded")
"""The state's own types, by name: memory imports nothing of the graph. A test holds the list against the module."""


def allowed_types() -> list[tuple[str, ...]]:
    """Return (module, class) of every record and of the state's own types."""
    found = [item for item in vars(records).values() if isinstance(item, type) and dataclasses.is_dataclass(item)]
    own = [item for item in found if item.__module__ == records.__name__]  # what it re-exports is in no state
    return [*((item.__module__, item.__name__) for item in own), *((STATE_MODULE, name) for name in STATE_TYPES)]


def open_serializer() -> JsonPlusSerializer:
    """Return a strict serializer: an unknown type in a checkpoint is not built, whoever wrote it there."""
    return JsonPlusSerializer(allowed_msgpack_modules=allowed_types())
