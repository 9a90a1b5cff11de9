"""What a node may say while it works: custom stream parts that `api.events` turns into numbered events.

Each function writes one plain dict with a `type` out of the event list in `docs/events.md`. The graph never emits
run.*, usage.settled or answer.restarted: those belong to the run, not to the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from memory.records import Answer, Claim, Hit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Writer = Callable[[dict[str, Any]], None]
Stage = Literal["researching", "reading", "writing", "judging"]


def stage_changed(write: Writer, stage: Stage, round: int) -> None:
    """Say what the run does now."""
    write({"type": "stage.changed", "stage": stage, "round": round})


def query_searched(write: Writer, query: str, original: str, found: int) -> None:
    """Say what was looked for; `condensed` tells that it was rewritten from a follow-up."""
    write({"type": "query.searched", "query": query, "condensed": query != original, "found": found})


def sources_found(write: Writer, hits: Sequence[Hit]) -> None:
    """Name the sources that will be read, best first."""
    sources = [
        {
            "passage_id": hit.passage.passage_id,
            "document_id": hit.passage.document_id,
            "source": hit.source,
            "title": hit.title,
            "page": hit.passage.page,
            "row": hit.passage.row,
        }
        for hit in hits
    ]
    write({"type": "sources.found", "sources": sources})


def answer_delta(write: Writer, claim_id: str, text: str) -> None:
    """Stream a piece of a claim."""
    write({"type": "answer.delta", "claim_id": claim_id, "text": text})


def claim_supported(write: Writer, claim: Claim) -> None:
    """Say that a claim stands, and on what."""
    write(
        {
            "type": "claim.supported",
            "claim_id": claim.id,
            "citations": [fields_of(citation) for citation in claim.citations],
        }
    )


def claim_retracted(write: Writer, claim: Claim) -> None:
    """Strike a claim; its verdict says why."""
    write({"type": "claim.retracted", "claim_id": claim.id, "verdict": claim.verdict, "reason": claim.reason})


def clarification_requested(write: Writer, question: str, options: Sequence[str]) -> None:
    """Ask the user back instead of guessing."""
    write({"type": "clarification.requested", "question": question, "options": list(options)})


def answer_completed(write: Writer, answer: Answer) -> None:
    """Give the finished answer."""
    write({"type": "answer.completed", **fields_of(answer)})


def degraded(write: Writer, part: str, reason: str) -> None:
    """Say which part is gone and what that means for the answer."""
    write({"type": "degraded", "part": part, "reason": reason})


def fields_of(record: DataclassInstance) -> dict[str, Any]:
    """A record's fields by name, the records in them left whole: orjson writes those itself, fifty times as fast."""
    return {each.name: getattr(record, each.name) for each in fields(record)}
