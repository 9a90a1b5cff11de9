"""Typed calls of the `vector_search` server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from memory.records import Passage, Scope
from tools.calls import Found, SearchRequest
from tools.link import Link


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class _Similarities:
    similarities: tuple[float, ...]


_request = TypeAdapter(SearchRequest)
_found = TypeAdapter(Found)
_neighbourhood = TypeAdapter(_Neighbourhood)
_similarities = TypeAdapter(_Similarities)


async def search(link: Link, scope: Scope, request: SearchRequest) -> Found:
    """Search passages."""
    arguments: dict[str, Any] = _request.dump_python(request, mode="json")
    return await link.call(scope, "search", arguments, _found)


async def read_around(link: Link, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
    """Return a passage with its neighbours in reading order."""
    arguments = {"passage_id": passage_id, "before": before, "after": after}
    return (await link.call(scope, "read_around", arguments, _neighbourhood)).passages


async def similarities(link: Link, scope: Scope, query: str, texts: tuple[str, ...]) -> tuple[float, ...]:
    """Return the cosine of each text to the query, in the order of the texts; no texts need no call."""
    if not texts:
        return ()
    arguments = {"query": query, "texts": list(texts)}
    return (await link.call(scope, "similarities", arguments, _similarities)).similarities
