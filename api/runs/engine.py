"""What every part of a run reaches, as one frozen bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from api.metrics import Metrics
from api.settings import Settings
from memory.ids import new_id
from memory.stores import Stores

if TYPE_CHECKING:
    from graphs.graph import Graph

Crash = Callable[[str], None]
"""Called with the name of each point where a crash would hurt; the chaos harness dies there, others do nothing."""


def no_crash(point: str) -> None:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The opened parts.

    graph: gives the compiled graph, once it is open. versions: what goes into a run's record. replica: the name that
    this process's leases carry; no other living process has it.
    """

    settings: Settings
    stores: Stores
    graph: Callable[[], Awaitable[Graph]]
    versions: Mapping[str, str]
    metrics: Metrics
    crash: Crash = no_crash
    replica: str = field(default_factory=new_id)

    def holder(self, run_id: str) -> str:
        """Name who holds the lease of a run's thread: the run, in this process."""
        return f"{self.replica}/{run_id}"

    @property
    def durability(self) -> Literal["sync"] | None:
        """When checkpoints are kept: after each step, or never, as the graph then has no checkpointer."""
        return "sync" if self.settings.resumes else None


def ledger_key(run_id: str) -> str:
    """The one key under which a run reserves and is charged."""
    return f"run:{run_id}"
