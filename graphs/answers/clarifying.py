"""When to ask back, and what to offer. Rather answer than ask: only a question that names nothing is asked back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.comparing import price_fields
from graphs.answers.measures import Measure, measures, of_kind
from graphs.answers.said import Said, sentences_of, stems
from graphs.answers.subjects import topic_of
from graphs.language.condense import dangles
from graphs.language.picking import asks_back
from graphs.reader.question import Question, understand
from memory.records import Hit, Turn

READ = 10
MOST_OPTIONS = 5
_MOST_TERMS = 4
_MOST_DANGLING = 2
_ALIKE = 0.6
_NAME_FIELD = re.compile(r"(?:^|;\s+)(?:name|title|product|item|model):\s+(?P<name>[^;]{2,60})", re.I)
_MEASURED = frozenset({"money", "duration", "number", "date"})
_MEASURE_WORDS = {
    "money": stems("cost costs price fee much pay expensive charge"),
    "duration": stems("long last take time period duration days"),
    "number": stems("many much number amount"),
    "date": stems("when date year day time"),
}
_ATTRIBUTE = re.compile(r"^\W*what(?:'s| is| are) (?:the|its|their) [\w-]+(?: [\w-]+)?\s*\??$", re.I)
_CATAPHORA = re.compile(r"\b(?:it|this|that)\b.*\b(?:when|if|that|to|like|called|mean|take|for)\b|\bthere\b|\"|“", re.I)


class Bearing(NamedTuple):
    """A thing that could be meant, with the sentence that would answer for it."""

    thing: str
    said: Said
    value: Measure | None


def options_for(question: str, history: Sequence[Turn], hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return two to five things, one of which must be meant; empty where the question can be answered as it stands.

    Args:
        question: the user's message.
        history: the turns before it, oldest first; after a question that was asked back none is asked again.
        hits: what was found for it, best first.
    """
    if asks_back(history) or any(turn.role == "user" for turn in history):
        return ()
    known = understand(question, {})
    if known.names or (known.kind not in _MEASURED and not _ATTRIBUTE.match(question)):
        return ()
    if dangles(question):
        return _things(_pointed_at(known, hits)) if not _CATAPHORA.search(question) else ()
    return _things(_siblings(known, hits))


def _pointed_at(question: Question, hits: Sequence[Hit]) -> list[Bearing]:
    """What "it" could be: things of which the sources give the value that is asked for."""
    asked = _asked(question)
    if len(asked) > _MOST_DANGLING:
        return []
    return [row for row in _bearings(question, hits) if row.value and asked <= row.said.stems | row.said.around]


def _siblings(question: Question, hits: Sequence[Hit]) -> list[Bearing]:
    """Things with the same attribute, told in the same words or under the same heading, where none is named."""
    asked = _asked(question)
    if not 1 <= len(asked) <= _MOST_TERMS:
        return []
    rows = [row for row in _bearings(question, hits) if row.value and asked <= row.said.stems | _heading(row.said)]
    if not rows or any(not topic_of(row.said.hit) or topic_of(row.said.hit) & asked for row in rows):
        return []
    alike = [row for row in rows if _are_alike(rows[0].said, row.said)]
    return alike if len({(row.value.low, row.value.high, row.value.day) for row in alike if row.value}) > 1 else []


def _asked(question: Question) -> frozenset[str]:
    return stems(question.text) - _MEASURE_WORDS.get(question.kind, frozenset())


def _bearings(question: Question, hits: Sequence[Hit]) -> list[Bearing]:
    """Every sentence with one value of the kind that is asked for, and the thing that it is about."""
    rows: list[Bearing] = []
    for said in sentences_of(hits[:READ]):
        found = measures(said.text)
        found = of_kind(found, question.kind) if question.kind in _MEASURED else found
        if not found and question.kind == "money" and said.hit.passage.kind == "record":
            found = price_fields(said)
        thing = _thing(said)
        if thing and len(found) == 1:
            rows.append(Bearing(thing, said, found[0]))
    return rows


def _thing(said: Said) -> str:
    """What a sentence's document or record is about; "" for a title that asks something."""
    if said.hit.passage.kind == "record":
        match = _NAME_FIELD.search(said.text)
        return match["name"].strip() if match else ""
    return "" if said.hit.title.rstrip().endswith("?") or not topic_of(said.hit) else said.hit.title.strip()


def _heading(said: Said) -> frozenset[str]:
    return stems(said.hit.passage.heading[-1]) if said.hit.passage.heading else frozenset()


def _are_alike(first: Said, second: Said) -> bool:
    """Whether two sentences stand under the same heading or say the same but for their values."""
    if (
        _heading(first)
        and _heading(first) == _heading(second)
        and first.hit.passage.document_id != second.hit.passage.document_id
    ):
        return True
    mine, theirs = first.stems - first.around, second.stems - second.around
    return len(mine & theirs) >= _ALIKE * max(1, len(mine | theirs))


def _things(rows: Sequence[Bearing]) -> tuple[str, ...]:
    """The different things, best first; none if there is only one."""
    things = {stems(row.thing): row.thing for row in reversed(rows)}
    options = list(dict.fromkeys(things[stems(row.thing)] for row in rows))[:MOST_OPTIONS]
    return tuple(options) if len(options) > 1 else ()
