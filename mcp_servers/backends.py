"""What the servers need of the opened stores; `memory.stores.Stores` is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from mcp.server.mcpserver import MCPServer

from mcp_servers.callers import Caller
from memory.ports import AnswerStore, DocumentStore, Embedder, PassageIndex, QuotaLedger
from memory.records import Effort

Prices = Mapping[Effort, int]
"""What a run of each effort costs at most, in tokens."""


class Backends(Protocol):
    """The ports behind the servers, already open; whoever opened them closes them."""

    @property
    def documents(self) -> DocumentStore:
        """Documents and passages."""
        ...

    @property
    def index(self) -> PassageIndex:
        """Search over the passages."""
        ...

    @property
    def answers(self) -> AnswerStore:
        """Curated entries."""
        ...

    @property
    def ledger(self) -> QuotaLedger:
        """Token usage."""
        ...

    @property
    def embedder(self) -> Embedder:
        """The index's own embedder."""
        ...


Build = Callable[[Backends, Caller, Prices], MCPServer]
