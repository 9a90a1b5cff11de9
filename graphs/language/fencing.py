"""Passages are data: they go to a model between fences that nothing inside them can forge."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from memory.records import Hit


def new_nonce(texts: Sequence[str]) -> str:
    """Return 16 random hex digits that occur in none of the texts."""
    while True:
        nonce = secrets.token_hex(8)
        if not any(nonce in text for text in texts):
            return nonce


def fence(label: str, number: int, text: str, nonce: str) -> str:
    """Put a text between fences that carry the nonce."""
    return f"<{label} {number} {nonce}>\n{text}\n</{label} {number} {nonce}>"


def fence_passages(hits: Sequence[Hit], nonce: str) -> str:
    """Number passages from 1 and fence each; title and heading stay inside, for they are the source's words too."""
    return "\n\n".join(fence("passage", number, _shown(hit), nonce) for number, hit in enumerate(hits, 1))


def texts_of(hits: Sequence[Hit]) -> list[str]:
    """Everything of hits that a model will see."""
    return [_shown(hit) for hit in hits]


def _shown(hit: Hit) -> str:
    above = hit.passage.context or " > ".join(part for part in (hit.title, *hit.passage.heading) if part)
    return f"{above}\n{hit.passage.text}" if above else hit.passage.text
