"""Typed calls of the `knowledge_base` server."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from memory.records import Scope
from tools.calls import Match
from tools.link import Link


@dataclass(frozen=True, slots=True)
class _Matches:
    matches: tuple[Match, ...]


_matches = TypeAdapter(_Matches)


async def look_up(link: Link, scope: Scope, question: str, top_k: int) -> tuple[Match, ...]:
    """Return curated entries that are near the question, best first."""
    return (await link.call(scope, "look_up", {"question": question, "top_k": top_k}, _matches)).matches
