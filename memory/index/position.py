"""Where a local index stands in its store's sequence: one small file, replaced as a whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from memory.index.schema import FORMAT


@dataclass(frozen=True, slots=True)
class Position:
    """The change that every shard has come to, the embedder that made the vectors, and the shards' folder.

    sequence 0: nothing yet. Replacing the position switches from one folder of shards to another, at once.
    """

    embedder: str
    sequence: int = 0
    document_id: str = ""
    version_id: str = ""
    shards: str = "shards"


def read_position(folder: Path) -> Position | None:
    """Return the folder's position; None if there is none, or it is of another format."""
    try:
        held = json.loads((folder / "position.json").read_text("utf-8"))
        return Position(**held["position"]) if held["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_position(folder: Path, position: Position) -> None:
    """Replace the folder's position, durably."""
    partial = folder / "position.partial"
    with partial.open("w", encoding="utf-8") as out:
        json.dump({"format": FORMAT, "position": asdict(position)}, out)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(folder / "position.json")
