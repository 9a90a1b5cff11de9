"""What every document store asks of its callers, whatever it keeps documents in."""

from __future__ import annotations

from collections.abc import Sequence

from memory.errors import AccessDenied, DimensionMismatch, InvalidInput
from memory.ports import Vectors
from memory.records import Document, Passage, Scope

MAX_PAGE = 1000
KEPT_VERSIONS = 5
"""Versions of a document that are kept, the current one among them."""


def check_system(scope: Scope) -> None:
    """Refuse anybody but the process itself."""
    if "system" not in scope.roles:
        raise AccessDenied("only the process itself changes whose vectors are kept")


def check_limit(limit: int) -> None:
    """Refuse a page of no or too many documents."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"limit must be 1 to {MAX_PAGE}")


def check_shape(document: Document, passages: Sequence[Passage], vectors: Vectors) -> None:
    """Refuse passages of another document, and vectors that do not fit them."""
    if vectors.ndim != 2 or vectors.shape[0] != len(passages):
        raise DimensionMismatch(f"{len(passages)} passages came with vectors of shape {vectors.shape}")
    if not document.document_id or not document.version_id:
        raise InvalidInput("a document needs a document_id and a version_id")
    for passage in passages:
        if (passage.document_id, passage.version_id) != (document.document_id, document.version_id):
            raise InvalidInput(f"passage {passage.passage_id} is of another document or version")
