"""Asks the graph that serves users, in this process, and notes what came back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from evals.house import House, Tell
from evals.journal import Journal
from evals.sets import EvalSet, Question
from evals.turns import Said
from graphs.context import Context
from graphs.state import State
from memory.ids import digest
from memory.records import LOCAL, Answer, Effort, FilterValue, Scope, Turn

PAGE = 500
_ANSWER = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered to a question. texts: of the passages that were cited; sources: of all passages found."""

    question: Question
    answer: Answer
    latency_ms: float
    tokens: int
    texts: tuple[str, ...] = ()
    stored: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: tuple[str, ...] = ()

    @property
    def quotes(self) -> list[str]:
        """What it cites, word for word."""
        return [citation.quote for citation in self.answer.citations]


@dataclass(frozen=True, slots=True)
class Manner:
    """How to ask. gold_only: search nothing but the documents that answer. scope: on whose behalf."""

    effort: Effort = "standard"
    gold_only: bool = False
    scope: Scope = LOCAL


async def ask_all(
    house: House, found: EvalSet, manner: Manner, tell: Tell, journal: Journal | None = None
) -> list[Given]:
    """Ask every question, one after the other; a conversation hears what was really answered before.

    journal: what it holds already is not asked again.
    """
    journal = Journal(None, "answers") if journal is None else journal
    sources = await _sources(house, found) if manner.gold_only else {}
    said: dict[str, list[Said]] = {}
    given: list[Given] = []
    for number, question in enumerate(found.questions, 1):
        before = (*said.get(question.thread, ()), *question.before)
        filters: dict[str, FilterValue] = {}
        if manner.gold_only and question.gains:
            filters["source"] = [source for name in question.gains for source in sources.get(name, ())]
        key = digest(question.id, question.text, *(part for turn in before for part in turn))
        kept = journal.get(key)
        one = _restored(question, kept) if kept else await ask(house, question, before, manner, filters)
        if not kept:
            journal.keep(key, _kept(one))
        if question.thread:
            turns = (*question.before, Said("user", question.text), Said("assistant", one.answer.text))
            said.setdefault(question.thread, []).extend(turns)
        given.append(one)
        tell("questions asked", number, len(found.questions))
    return given


def _kept(given: Given) -> dict[str, Any]:
    """What was answered, for a journal."""
    return {
        "answer": _ANSWER.dump_python(given.answer, mode="json"),
        "latency_ms": given.latency_ms,
        "tokens": given.tokens,
        "texts": given.texts,
        "stored": given.stored,
        "sources": given.sources,
    }


def _restored(question: Question, kept: Mapping[str, Any]) -> Given:
    """What a journal kept of a question."""
    return Given(
        question,
        _ANSWER.validate_python(kept["answer"]),
        kept["latency_ms"],
        kept["tokens"],
        tuple(kept["texts"]),
        kept["stored"],
        tuple(kept["sources"]),
    )


async def ask(
    house: House,
    question: Question,
    before: Sequence[Said],
    manner: Manner,
    filters: Mapping[str, FilterValue] | None = None,
) -> Given:
    """Ask one question."""
    context = Context(question.id, question.thread or question.id, manner.scope, manner.effort, filters or {})
    state = State(question=question.text, history=history_of(before))
    graph: Any = house.agent.graph
    started = time.perf_counter()
    ended = await graph.ainvoke(state, {"configurable": {"thread_id": f"eval-{question.id}"}}, context=context)
    latency_ms = (time.perf_counter() - started) * 1000
    answer: Answer = ended["answer"]
    passages = await house.stores.documents.passages(manner.scope, [one.passage_id for one in answer.citations])
    names = list(dict.fromkeys(citation.document_id for citation in answer.citations))
    kept = {passage.document_id for passage in passages}
    stored = {name: (await house.stores.documents.get(manner.scope, name)).text for name in names if name in kept}
    return Given(
        question,
        answer,
        latency_ms,
        ended.get("used_tokens", 0),
        tuple(f"{passage.context}\n{passage.text}" for passage in passages),
        stored,
        tuple(hit.source for hit in ended.get("hits", ())),
    )


def history_of(before: Sequence[Said]) -> tuple[Turn, ...]:
    """What was said before, as the graph remembers it."""
    return tuple(_turn(place, said) for place, said in enumerate(before))


async def _sources(house: House, found: EvalSet) -> dict[str, list[str]]:
    """The sources behind each name that gold uses."""
    names: dict[str, list[str]] = {}
    after: str | None = None
    while True:
        page = await house.stores.documents.page(LOCAL, "", after, PAGE)
        for item in page.items:
            names.setdefault(found.name_of(item.source), []).append(item.source)
        if (after := page.next) is None:
            return names


def _turn(place: int, said: Said) -> Turn:
    return Turn(f"before-{place:04}", "eval", said.role, said.text, "complete", datetime.now(UTC), "eval")
