"""`POST /api/v1/search`: passages, without an answer. What `multidb search` asks."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.parts import Parts
from api.schemas import FoundOut, SearchIn, SearchOut, filters_of
from api.security import Caller
from memory.ports import SearchQuery
from memory.records import Hit

router = APIRouter(prefix="/api/v1", tags=["documents"])


@router.post("/search")
async def search_passages(body: SearchIn, caller: Caller, parts: Parts) -> SearchOut:
    """The passages that the caller may read, best first."""
    vector = None if body.mode == "lexical" else await parts.stores.embedder.embed_query(body.query)
    query = SearchQuery(body.query, vector, filters_of(body.filters), mode=body.mode, top_k=body.top_k)
    found = await parts.stores.index.search(caller, query)
    return SearchOut(passages=tuple(map(_found, found.hits)))


def _found(hit: Hit) -> FoundOut:
    passage = hit.passage
    return FoundOut(
        document_id=passage.document_id,
        source=hit.source,
        title=hit.title,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=hit.score,
    )
