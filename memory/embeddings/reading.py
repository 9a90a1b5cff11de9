"""What an embedder is given of a passage; the same when it is first kept and when it is embedded again."""

from __future__ import annotations

from memory.ports import Embedder
from memory.records import Passage


def embedded_text(embedder: Embedder, passage: Passage) -> str:
    """Return a passage's text with its context before it, where both fit."""
    whole = f"{passage.context}\n{passage.text}" if passage.context else passage.text
    fits = embedder.count_tokens(whole) <= embedder.max_tokens - 2
    return whole if fits else passage.text
