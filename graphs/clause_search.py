"""Searches for a clause by its number, beside the search for its meaning: what is exact goes before what is alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graphs.answers.clauses import alike, reference_of, search_words
from graphs.context import Context
from memory.records import Hit
from tools.calls import SearchRequest, Tools
from tools.errors import ToolCallError

LOOKED_AT = 100
"""Passages with the number among which the clause must be; most of them only mention it."""
MOST = 6
"""Passages of a clause that lead."""


async def clauses_for(tools: Tools, questions: Iterable[str], context: Context) -> Mapping[str, tuple[Hit, ...]]:
    """Find the passages of the clause that each question names; most questions name none and cost nothing."""
    naming = [text for text in questions if reference_of(text)]
    return dict(zip(naming, await asyncio.gather(*(_find(tools, text, context) for text in naming)), strict=True))


def led_by(first: Sequence[Hit], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Put some hits before others, as good as the best of them, so that they stay there when more is found."""
    if not first:
        return tuple(hits)
    best = max((hit.score for hit in hits), default=1.0)
    ids = {hit.passage.passage_id for hit in first}
    return (*(replace(hit, score=best) for hit in first), *(hit for hit in hits if hit.passage.passage_id not in ids))


async def _find(tools: Tools, question: str, context: Context) -> tuple[Hit, ...]:
    asked = reference_of(question)
    if asked is None:
        return ()
    texts = dict.fromkeys((search_words(asked), asked.written))
    replies = await asyncio.gather(*(_search(tools, text, context) for text in texts))
    documents = await asyncio.to_thread(alike, asked, [hit for hits in replies for hit in hits])
    found = [clause for at in range(MOST) for own in documents for clause in own[at : at + 1]]
    return tuple({clause.hit.passage.passage_id: clause.hit for clause in found}.values())[:MOST]


async def _search(tools: Tools, text: str, context: Context) -> tuple[Hit, ...]:
    """Search by words alone. A server that is gone is reported by the search that every question needs."""
    request = SearchRequest(text, filters=context.filters, mode="lexical", top_k=LOOKED_AT)
    try:
        return (await tools.search(context.scope, request)).hits
    except ToolCallError:
        return ()
