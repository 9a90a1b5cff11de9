"""An assistant that says what it was told to, for what the command makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from api import events
from api.client import Question

CITATION: dict[str, Any] = {
    "passage_id": "p1",
    "document_id": "d1",
    "version_id": "v1",
    "source": "a.pdf",
    "title": "Manual",
    "start": 0,
    "end": 5,
    "quote": "Press\nthe \x1b[31mred knob.",
    "page": 3,
}


def started() -> events.RunStarted:
    return events.RunStarted(seq=1, run_id="r1", session_id="s1", turn_id="t1", answer_turn_id="t2", effort="standard")


def delta(claim: str, text: str) -> events.AnswerDelta:
    return events.AnswerDelta(seq=2, claim_id=claim, text=text)


def stands(claim: str) -> events.ClaimSupported:
    return events.ClaimSupported(seq=3, claim_id=claim, citations=())


def struck(claim: str) -> events.ClaimRetracted:
    return events.ClaimRetracted(seq=3, claim_id=claim, verdict="unsupported", reason="no")


def completed(text: str, *, abstained: bool = False) -> events.AnswerCompleted:
    citation = events.CitationModel(**CITATION)
    claim = events.ClaimModel(id="c1", text=text, citations=(citation,), verdict="supported", reason="it says so")
    return events.AnswerCompleted(
        seq=4,
        text=text,
        short_answer="red",
        claims=() if abstained else (claim,),
        citations=() if abstained else (citation,),
        confidence=0.0 if abstained else 0.9,
        abstained=abstained,
        suggestions=("What is the blue knob for?",),
    )


def ended() -> events.RunCompleted:
    return events.RunCompleted(seq=5)


class Scripted:
    """Yields one script a question; a None in a script waits for cancel, whose event then comes."""

    def __init__(self, *scripts: Sequence[events.Event | None]) -> None:
        self.scripts = list(scripts)
        self.asked: list[Question] = []
        self.waiting = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def ask(self, question: Question) -> AsyncIterator[events.Event]:
        self.asked.append(question)
        for event in self.scripts.pop(0):
            if event is None:
                self.waiting.set()
                await asyncio.wait_for(self.cancelled.wait(), 5)
                yield events.RunCancelled(seq=9)
                return
            yield event

    async def cancel(self, run_id: str) -> None:
        assert run_id == "r1"
        self.cancelled.set()
