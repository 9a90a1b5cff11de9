"""Whether tenants are apart: what one finds must not depend on what others keep, nor hold any of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evals.asking import Manner, ask
from evals.house import House, Tell, fill, open_house
from evals.sets import EvalSet
from evals.statistics import Metric, mean
from evals.suite import Part
from memory.ingest import pipeline
from memory.records import Scope
from tools.calls import SearchRequest

GUEST = Scope("guest", "guest")
TOP = 24


class Apart(NamedTuple):
    """What became of one question that the guest asked."""

    question: str
    leaked: tuple[str, ...]
    changed: bool
    found: bool


async def measure(part: Part, found: EvalSet, tell: Tell) -> list[Apart]:
    """Ask as a tenant that keeps the part's `own` documents, before and after another one brings the set's."""
    async with open_house(None) as house:
        report = await pipeline.ingest(GUEST, [part.own] if part.own else [], house.stores)
        kept = {document.source for document in report.documents}
        questions = found.drawn(part.limit, part.seed).questions
        before = [await _found(house, one.text) for one in questions]
        await fill(house, found, None, tell)
        apart: list[Apart] = []
        for question, alone in zip(questions, before, strict=True):
            beside = await _found(house, question.text)
            given = await ask(house, question, (), Manner(part.effort, scope=GUEST))
            seen = {*given.sources, *(source for source, _ in beside)}
            seen |= {citation.source for citation in given.answer.citations}
            apart.append(Apart(question.text, tuple(sorted(seen - kept)), alone != beside, bool(beside)))
        return apart


def metrics_of(apart: Sequence[Apart]) -> dict[str, Metric]:
    """Shares of questions."""
    return {
        "leaks": mean([float(bool(one.leaked)) for one in apart]),
        "found": mean([float(one.found) for one in apart]),
        "changed": mean([float(one.changed) for one in apart]),
    }


async def _found(house: House, text: str) -> list[tuple[str, float]]:
    result = await house.agent.tools.search(GUEST, SearchRequest(text, top_k=TOP))
    return [(hit.source, hit.score) for hit in result.hits]
