"""Fetches all of a table that a question asks through: search finds only some of its rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from graphs.answers.tables.choosing import may_ask_for_rows
from graphs.answers.tables.selecting import told_of_table
from graphs.context import LIMITS, Context
from graphs.language.parting import parts_of
from memory.records import Hit, Passage, Scope
from tools.calls import Tools
from tools.errors import ToolCallError

MOST_PASSAGES = 500
"""Of a longer table nothing is said that would have to be complete."""
STEP = 20
"""Neighbours that one call reads on either side."""
WITHIN_S = 5.0
LEADING, FOLLOWING = 5, 20
"""Best hits among which the table has to be; if none there answers, prose on prices may stand before a list of them."""
MOST_TABLES = 3
_ROWS = ("record", "table")

Side = Literal["before", "behind"]


async def table_asked_through(tools: Tools, context: Context, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return all passages of the one table that answers a question over its rows, in reading order; else ().

    Empty too where two tables answer it, where a table is longer than MOST_PASSAGES or cannot be had in full, where
    filters leave rows out, and at an effort of one round: what search found is then read as ever, and nothing is told
    as complete.
    """
    leading, following = _of_tables(hits[:LEADING]), _of_tables(hits[:FOLLOWING])
    is_whole = LIMITS[context.effort].rounds > 1 and not context.filters
    if not following or not is_whole or not may_ask_for_rows(question) or parts_of(question):
        return ()
    known = {_table(hit) for hit in leading}
    try:
        async with asyncio.timeout(WITHIN_S):
            answers = await _answering(tools, context.scope, question, leading)
            if not answers:
                others = [hit for hit in following if _table(hit) not in known]
                answers = await _answering(tools, context.scope, question, others)
    except (TimeoutError, ToolCallError):
        return ()
    return answers[0] if len(answers) == 1 else ()


async def _answering(tools: Tools, scope: Scope, question: str, leading: Sequence[Hit]) -> list[tuple[Hit, ...]]:
    """Those of some tables, whole, that answer a question."""
    tables = await asyncio.gather(*(_whole(tools, scope, hit) for hit in leading))
    return [whole for whole in tables if whole and await asyncio.to_thread(told_of_table, question, whole)]


def _of_tables(hits: Sequence[Hit]) -> list[Hit]:
    """The best hit of each table, of those with most rows among the hits.

    One that spreads over pages may go on unseen, and OCR may have lost a row.
    """
    found = [(hit, hit.passage) for hit in hits]
    told = [hit for hit, one in found if one.kind in _ROWS and one.page is None and not one.is_ocr]
    rows = [hit for hit in told if not _is_line(hit)]
    of_table = Counter(map(_table, rows))
    first = {_table(hit): hit for hit in reversed(rows)}
    return sorted(first.values(), key=lambda hit: (-of_table[_table(hit)], rows.index(hit)))[:MOST_TABLES]


def _is_line(hit: Hit) -> bool:
    """Whether a hit is a line of a file that is a document of its own, with no rows beside it."""
    return "#" in hit.source.rpartition("/")[2]


def _table(hit: Hit) -> tuple[str, tuple[str, ...]]:
    return hit.passage.document_id, hit.passage.heading


async def _whole(tools: Tools, scope: Scope, hit: Hit) -> tuple[Hit, ...]:
    """All passages of a hit's table; () unless both its ends were seen."""
    near = await tools.read_around(scope, hit.passage.passage_id, STEP, STEP)
    before, behind = await asyncio.gather(
        *(_side(tools, scope, hit.passage, side, _beside(hit.passage, near, side)) for side in ("before", "behind"))
    )
    if before is None or behind is None or len(before) + len(behind) >= MOST_PASSAGES:
        return ()
    passages = (*reversed(before), hit.passage, *behind)
    return tuple(replace(hit, passage=passage) for passage in passages)


async def _side(
    tools: Tools, scope: Scope, passage: Passage, side: Side, near: Sequence[Passage]
) -> list[Passage] | None:
    """The table's passages on one side of one of them, the nearest first; None if its end was not found.

    near: what stands next to it on that side, as far as one call reads.
    """
    found: list[Passage] = []
    last = passage
    steps = (STEP, 0) if side == "before" else (0, STEP)
    while True:
        for one in near:
            if not _goes_on(last, one, side):
                return found if _is_end(last, one) else None
            found.append(one)
            last = one
        if len(near) < STEP:
            return found
        if len(found) >= MOST_PASSAGES:
            return None
        near = _beside(last, await tools.read_around(scope, last.passage_id, *steps), side)


def _beside(passage: Passage, around: Sequence[Passage], side: Side) -> list[Passage]:
    """The passages on one side of one of them, the nearest first; `around` is in reading order."""
    if side == "before":
        return [one for one in reversed(around) if one.ordinal < passage.ordinal]
    return [one for one in around if one.ordinal > passage.ordinal]


def _goes_on(last: Passage, one: Passage, side: Side) -> bool:
    """Whether the next passage is of the same table: of a written one, with no more than a line's end between."""
    first, second = (one, last) if side == "before" else (last, one)
    is_alike = (last.kind, last.heading, last.version_id) == (one.kind, one.heading, one.version_id)
    is_next = first.ordinal + 1 == second.ordinal
    return is_alike and is_next and (one.kind == "record" or second.start - first.end == 1)


def _is_end(last: Passage, other: Passage) -> bool:
    """Whether a table ends with a passage, beside another: records may go on behind what is under their heading."""
    if other.version_id != last.version_id or abs(other.ordinal - last.ordinal) != 1:
        return False
    return last.kind == "table" or other.heading[: len(last.heading)] != last.heading
