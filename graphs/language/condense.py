"""Making a follow-up stand alone: only when it depends on the conversation, by rules that need no model."""

from __future__ import annotations

from collections.abc import Sequence

from memory.records import Turn


def depends(question: str, history: Sequence[Turn]) -> bool:
    """Whether a question cannot be understood without the turns before it."""
    return False


def condense(question: str, history: Sequence[Turn]) -> str:
    """Return the question as it would be asked alone; itself if it does not depend on the conversation."""
    return question
