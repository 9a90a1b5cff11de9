"""Mints ids. Time-ordered ones are uuid7; a thread's turn ids only grow, whatever the clock does."""

from __future__ import annotations

import hashlib

import uuid_utils


def new_id() -> str:
    """Return a fresh uuid7 as text."""
    return str(uuid_utils.uuid7())


def next_turn_id(after: str | None) -> str:
    """Return a turn id above `after` (a uuid7 as text): a fresh uuid7, or after + 1 if the clock went back."""
    fresh = new_id()
    if after is None or fresh > after:
        return fresh
    return str(uuid_utils.UUID(int=uuid_utils.UUID(after).int + 1))


def digest(*parts: str) -> str:
    """Return 32 hex digits that stand for these parts; ("ab", "c") and ("a", "bc") differ."""
    joined = b"".join(
        len(raw).to_bytes(8, "big") + raw for raw in (part.encode("utf-8", "surrogatepass") for part in parts)
    )
    return hashlib.sha256(joined).hexdigest()[:32]
