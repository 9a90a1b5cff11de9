"""Live objects that the process opened; bound to the nodes when the graph is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.calls import Tools

if TYPE_CHECKING:
    from graphs.models import Models
    from graphs.reading import Reader


@dataclass(frozen=True, slots=True)
class Deps:
    """What nodes reach beyond their state."""

    tools: Tools
    models: Models
    reader: Reader
