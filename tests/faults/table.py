"""The committed table: dependency and fault -> what a user sees, within how long, and how fast it is over.

docs/faults.md is written from it and the cells are tested from it, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

Dependency = Literal["PostgreSQL", "Redis", "Cassandra", "MongoDB", "MCP server", "chat model"]
Fault = Literal["down", "black hole", "too slow", "half-open", "flapping", "slow", "thin line", "sliced"]
Limit = Literal["store", "tool", "model"]

RECOVERS_S = 4.0
"""How long after the end of a fault the user may still see it.

A Cassandra that was replaced without a word takes longest: asked after 1 s, given up 2 s later, tried within 1 s.
"""


class Sight(NamedTuple):
    """What a user sees. outcome: how the answer ended, or the problem's code. degraded: the part that is named."""

    words: str
    status: int
    outcome: str
    degraded: str = ""
    incomplete: bool = False


class Loss(NamedTuple):
    """What it means that a dependency cannot be used.

    limits: how many time limits a question may wait for it, until it is known to be away. kept: what becomes of what
    was asked meanwhile, once it is back.
    """

    limit: Limit
    limits: int
    question: Sight
    history: Sight
    upload: Sight
    kept: str


ANSWERED = Sight("answered", 200, "completed")
READ = Sight("read", 200, "read")
KEPT = Sight("kept", 201, "kept")
UNAVAILABLE = Sight("503 `store_unavailable`, Retry-After", 503, "store_unavailable")
BUSY = Sight("409 `thread_busy`", 409, "thread_busy")
UNDER_WAY = Sight("accepted, and ended once it can be charged and kept", 200, "under way")
WAITING = Sight("what waits for it alone, `may_be_incomplete`", 200, "read", incomplete=True)

LOSSES: Mapping[Dependency, Loss] = {
    "PostgreSQL": Loss(
        *("store", 1, UNAVAILABLE, READ, UNAVAILABLE),
        "Nothing is free and nothing is charged twice; an accepted message is answered, an upload is sent again.",
    ),
    "Redis": Loss(
        *("store", 1, UNAVAILABLE, READ, KEPT),
        "No run starts without its log; an accepted message is answered.",
    ),
    "Cassandra": Loss(
        *("store", 2, Sight("answered, `degraded`: knowledge_base", 200, "completed", "knowledge_base")),
        *(WAITING, KEPT, "Turns wait in the outbox and are brought in order; the history is whole again."),
    ),
    "MongoDB": Loss(
        *(
            "store",
            2,
            Sight("says what was not searched, `degraded`: vector_search", 200, "completed", "vector_search"),
        ),
        *(READ, UNAVAILABLE, "An upload is sent again; what it kept before is found unchanged."),
    ),
    "MCP server": Loss(
        *("tool", 1, Sight("says what was not searched, `degraded`: vector_search", 200, "completed", "vector_search")),
        *(READ, KEPT, "Nothing is left to be done."),
    ),
    "chat model": Loss(
        *("model", 1, Sight("answered by the rules, `degraded`: synthesizer", 200, "completed", "synthesizer")),
        *(READ, KEPT, "Nothing is left to be done."),
    ),
}
FAULTS: Mapping[Fault, str] = {
    "down": "connections end, new ones at once",
    "black hole": "connections are taken, nothing is answered",
    "too slow": "each answer comes later than the time limit",
    "half-open": "what was connected is gone without a word, new connections work",
    "flapping": "gone and back, once a second",
    "slow": "each answer comes 0.05 s later",
    "thin line": "20 kB/s",
    "sliced": "answers come in pieces of 7 bytes",
}
SELECTING: frozenset[Dependency] = frozenset({"PostgreSQL", "MongoDB"})
"""Their drivers look for a server that can be used for as long as a call may take, also where none is there."""
STRAINS: frozenset[Fault] = frozenset({"slow", "thin line", "sliced"})
"""What makes things slower and nothing else."""
WAVERS: frozenset[Fault] = frozenset({"half-open", "flapping"})
"""What is there for one call and away for the next: the user sees either."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One dependency under one fault. Each sight is a set of which any may be seen."""

    dependency: Dependency
    fault: Fault
    limits: int
    question: tuple[Sight, ...]
    history: tuple[Sight, ...]
    upload: tuple[Sight, ...]

    @property
    def limit(self) -> Limit:
        """The time limit that a call of this dependency has."""
        return LOSSES[self.dependency].limit

    @property
    def name(self) -> str:
        """The cell, for reports."""
        return f"{self.dependency} {self.fault}"


def _cell(dependency: Dependency, fault: Fault) -> Cell:
    loss = LOSSES[dependency]
    if fault in STRAINS:
        return Cell(dependency, fault, 0, (ANSWERED,), (READ,), (KEPT,))
    if fault in WAVERS:
        # A message that was accepted before the server went away again is still being answered when the next one comes.
        accepted = (UNDER_WAY, BUSY) if loss.question == UNAVAILABLE else ()
        return Cell(
            *(dependency, fault, loss.limits, _either(ANSWERED, loss.question, *accepted)),
            *(_either(READ, loss.history), _either(KEPT, loss.upload)),
        )
    limits = 0 if fault == "down" and dependency not in SELECTING else loss.limits
    return Cell(dependency, fault, limits, (loss.question,), (loss.history,), (loss.upload,))


def _either(*sights: Sight) -> tuple[Sight, ...]:
    return tuple(dict.fromkeys(sights))


CELLS = tuple(_cell(dependency, fault) for dependency, fault in product(LOSSES, FAULTS))
"""Every cell, dependency by dependency."""
EVERY_TIME = frozenset[tuple[Dependency, Fault]](
    {
        *(("PostgreSQL", "down"), ("PostgreSQL", "black hole"), ("PostgreSQL", "half-open"), ("PostgreSQL", "slow")),
        *(("Redis", "down"), ("Redis", "black hole"), ("Redis", "half-open"), ("Redis", "sliced")),
        *(("Cassandra", "down"), ("Cassandra", "black hole"), ("Cassandra", "sliced")),
        *(("MongoDB", "down"), ("MongoDB", "half-open"), ("MongoDB", "thin line")),
        *(("MCP server", "down"), ("chat model", "black hole")),
    }
)
"""The cells that are tested at each change; all of them by `make chaos`."""

Ill = Literal["hung", "password changed", "full"]


class Illness(NamedTuple):
    """A fault of the server itself, not of the way to it. limits: time limits that a call may take; 0: at once.

    writes_only: reads go on.
    """

    server: str
    ill: Ill
    words: str
    limits: int
    writes_only: bool = False
    every_time: bool = False


ILLNESSES: tuple[Illness, ...] = (
    Illness("redis", "hung", "SIGSTOP", 1, every_time=True),
    Illness("postgres", "hung", "SIGSTOP of all its processes", 1),
    Illness("mongo", "hung", "SIGSTOP", 1),
    Illness("cassandra", "hung", "SIGSTOP", 1),
    Illness("redis", "password changed", "`requirepass`, connections ended", 0, every_time=True),
    Illness("postgres", "password changed", "`ALTER ROLE`, connections ended", 1, every_time=True),
    Illness("redis", "full", "`maxmemory` reached, nothing may be evicted", 0, writes_only=True, every_time=True),
    Illness("sqlite", "full", "no page more (`max_page_count`)", 0, writes_only=True, every_time=True),
)
"""What was done to servers of their own; the other servers of `make services` know no passwords and no quota."""


class Sickness(NamedTuple):
    """A fault of a server itself, seen by a user of the whole house. Each sight is a set of which any may be seen.

    server: what is started for it. disk_mb: size of the disk that is filled; 0: the server hangs. starts_anew: it ends
    or closes its door over that, so that its operator starts it once there is space. limits: as of a cell.
    """

    dependency: Dependency
    server: str
    words: str
    limits: int
    question: tuple[Sight, ...]
    history: tuple[Sight, ...]
    upload: tuple[Sight, ...]
    disk_mb: int = 0
    starts_anew: bool = False

    @property
    def name(self) -> str:
        """For reports."""
        return f"{self.dependency} {self.words}"


def _sick(dependency: Dependency, server: str, words: str, disk_mb: int, *also: Sight) -> Sickness:
    """What is refused, or answered as long as the server finds room in the files that it has."""
    loss = LOSSES[dependency]
    question = _either(ANSWERED, loss.question, *also)
    sights = (question, _either(READ, loss.history), _either(KEPT, loss.upload))
    return Sickness(dependency, server, words, loss.limits, *sights, disk_mb)


_CASSANDRA = LOSSES["Cassandra"]
SICKNESSES: tuple[Sickness, ...] = (
    Sickness(
        *("Cassandra", "cassandra", "hung (SIGSTOP)", _CASSANDRA.limits),
        *((_CASSANDRA.question,), (_CASSANDRA.history,), (_CASSANDRA.upload,)),
    ),
    _sick("PostgreSQL", "postgres", "disk full", 100, UNDER_WAY, BUSY),
    _sick("Cassandra", "cassandra", "disk full", 100)._replace(starts_anew=True),
    _sick("MongoDB", "ferretdb", "disk full", 24),
)
"""Seen by `make chaos` only; a small disk can be mounted by root only."""
