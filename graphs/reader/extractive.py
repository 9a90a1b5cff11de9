"""The reader that needs no model: sentences are scored by a few features and small committed weights."""

from __future__ import annotations

import re

from graphs.reading import Reading, ReadRequest
from memory.records import Citation, Claim, Hit

MAX_CLAIMS = 3
MAX_QUOTE = 400


class ExtractiveReader:
    """Reads passages for an answer by choosing sentences of theirs."""

    async def read(self, request: ReadRequest) -> Reading:
        """Read the hits for a question; see `graphs.reading.Reader`."""
        asked = set(re.findall(r"\w+", request.question.casefold()))
        best = [(score, hit, start, end) for hit in request.hits for score, start, end in _scored(hit, asked)][:200]
        best.sort(key=lambda row: -row[0])
        claims = tuple(_claim(i, hit, start, end) for i, (_, hit, start, end) in enumerate(best[:MAX_CLAIMS], 1))
        return Reading(claims=claims, ranked=request.hits, answerable=min(1.0, best[0][0]) if best else 0.0)


def _scored(hit: Hit, asked: set[str]) -> list[tuple[float, int, int]]:
    """Sentences of a hit as (score, start, end) in its text."""
    rows: list[tuple[float, int, int]] = []
    for match in re.finditer(r"[^.!?]+[.!?]?", hit.passage.text):
        text = match.group()
        start = match.start() + len(text) - len(text.lstrip())
        end = min(match.start() + len(text.rstrip()), start + MAX_QUOTE)
        if end > start:
            said = set(re.findall(r"\w+", text.casefold()))
            rows.append((len(asked & said) / max(1, len(asked)), start, end))
    return rows


def _claim(number: int, hit: Hit, start: int, end: int) -> Claim:
    """A claim that is one sentence of a passage."""
    passage = hit.passage
    quote = passage.text[start:end]
    citation = Citation(
        passage_id=passage.passage_id,
        document_id=passage.document_id,
        version_id=passage.version_id,
        source=hit.source,
        title=hit.title,
        start=passage.start + start,
        end=passage.start + end,
        quote=quote,
        page=passage.page,
        row=passage.row,
    )
    return Claim(id=f"c{number}", text=quote, citations=(citation,))
