"""What an ingestion is told, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from memory.ingest.parsed import Limits
from memory.ingest.parser import Parser
from memory.ports import DocumentStore, Embedder, PassageIndex
from memory.records import Access


class Target(Protocol):
    """Where documents go: `memory.stores.Stores` is one."""

    @property
    def documents(self) -> DocumentStore:
        """The truth."""
        ...

    @property
    def index(self) -> PassageIndex:
        """What makes it searchable."""
        ...

    @property
    def embedder(self) -> Embedder:
        """What reads its passages."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is: files done of files, documents kept, unchanged and refused, and the file in work.

    page of pages: where it is in that file, 0 where that is not told.
    """

    files: int
    files_done: int
    kept: int
    unchanged: int
    refused: int
    source: str
    page: int = 0
    pages: int = 0


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to ingest. base: the folder that sources are relative to. prune: forget what is gone from the folders.

    parser: one that is open, with limits of its own, to read an upload with; None opens one for it.
    on_progress: hears how far an upload is.
    """

    prune: bool = False
    collection: str = "default"
    access: Access = Access()
    limits: Limits = field(default_factory=Limits)
    base: Path = field(default_factory=Path.cwd)
    parser: Parser | None = None
    on_progress: OnProgress | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one document."""

    document_id: str
    version_id: str
    source: str
    title: str
    outcome: Literal["kept", "unchanged", "alias"]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingestion did. kept, unchanged and pruned (forgotten) count documents; refused holds (path, reason)."""

    kept: int
    unchanged: int
    refused: tuple[tuple[str, str], ...]
    pruned: int
    documents: tuple[Ingested, ...] = ()
