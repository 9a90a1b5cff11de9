"""What a document store tells of its documents: a line of a listing, a change, what a put did. See `memory.records`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document in a listing. versions: how many are kept. brought: the one that its source brought last."""

    document_id: str
    version_id: str
    source: str
    title: str
    media_type: str
    collection: str
    characters: int
    passages: int
    updated_at: datetime
    versions: int = 1
    brought: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One place in the gap-free sequence of a document store, from 1."""

    sequence: int
    kind: Literal["put", "delete"]
    tenant_id: str
    document_id: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What putting a document did. `alias`: the same content is stored already under another source."""

    outcome: Literal["kept", "unchanged", "alias"]
    document_id: str
    version_id: str
    sequence: int
