"""Rows that a column marks with yes, where a question asks for those: `what are the required parameters?`.

Only rows among the passages that were found are named; that they are all is not said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphs.answers.said import Said, stems
from graphs.answers.tables.rows import Field, fields_of, naming_field, tellings, truth
from graphs.reader.question import understand
from memory.records import Claim

MOST = 12
_ASKS = re.compile(r"^\W*(?:which\b|what are\b|(?:please )?(?:list|name|show me|give me|tell me)\b)", re.I)
_OTHERWISE = re.compile(
    r"\b(?:not|no|non|never|without|except|or|if|most|least|only|how|why|who|when|where|about|does|do|did)\b", re.I
)
_OF_LISTS = stems("list name show give tell all every one ones there have")


def marked_claims(question: str, sentences: Sequence[Said]) -> tuple[Claim, ...]:
    """A sentence for each row of the first table that is marked so; () where a word of the question is left over."""
    if not _ASKS.match(question) or _OTHERWISE.search(question):
        return ()
    rows = [(row, cell) for row in sentences if (cell := _mark(question, row))]
    mine = [(row, cell) for row, cell in rows if _table(row) == _table(rows[0][0]) and truth(cell) == "Yes"]
    known = understand(question, {})
    lines = [(tellings(known, row).get(cell, ""), row) for row, cell in mine]
    return tuple(Claim("", text, (row.citation(),)) for text, row in lines if text) if len(mine) <= MOST else ()


def _mark(question: str, row: Said) -> Field | None:
    """The cell of yes or no whose column the question names, and no other word of which is strange to the table."""
    fields = fields_of(row)
    naming = naming_field(fields)
    asked = stems(question) - _OF_LISTS
    found = [one for one in fields if truth(one) and stems(one.label) and stems(one.label) <= asked]
    if naming is None or len(found) != 1 or found[0] == naming:
        return None
    return found[0] if asked <= stems(found[0].label) | stems(naming.label) | row.around else None


def _table(row: Said) -> tuple[str, tuple[str, ...]]:
    return row.hit.passage.document_id, row.hit.passage.heading
