"""Ends a run: the charge, the answer turn, the terminal events; each exactly once, whatever dies in between.

The order is the proof. The charge is keyed by the run, so repeating it changes nothing. The turn's id is in the
record, so whoever repeats the close finds it. The terminal events and the result are one atomic write, the last.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from api.errors import Code
from api.runs.engine import Engine, ledger_key
from api.runs.message import effort_of
from api.runs.writer import EventWriter, body_of
from graphs.emit import fields_of
from memory.errors import NotFound
from memory.records import Answer, Claim, RunEvent, RunRecord, RunStatus, Turn, TurnStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    used_tokens None: nothing was produced, the reservation is given back. cached: the answer was made before.
    """

    status: RunStatus
    turn_status: TurnStatus
    answer: Answer
    used_tokens: int | None
    code: Code | None = None
    message: str = ""
    cached: bool = False


def partial(text: str) -> Answer:
    """An answer that was stopped: what was streamed, unjudged."""
    claims = (Claim("partial", text, verdict="unjudged"),) if text else ()
    return Answer(text, "", claims, (), 0.0, abstained=False)


async def close(engine: Engine, record: RunRecord, writer: EventWriter, outcome: Outcome) -> None:
    """Settle, keep the answer's turn, finish.

    Raises:
        StoreError: a store refused; calling again later completes what is missing.
    """
    await writer.flush()
    engine.crash("close.settle")
    settled = await _charge(engine, record, outcome)
    engine.crash("close.turn")
    await engine.stores.turns.append(record.scope, _turn(record, outcome))
    engine.crash("close.finish")
    await _finish(engine, record, writer, (outcome, settled))
    engine.crash("close.finished")
    _count(engine, record, outcome, settled)


async def close_from_turn(
    engine: Engine, record: RunRecord, writer: EventWriter, turn: Turn, *, cached: bool = False
) -> None:
    """Finish a run whose answer turn was kept already: the charge came before it, only the end is missing."""
    answer = Answer(
        turn.text, turn.short_answer, turn.claims, turn.citations, turn.confidence, abstained=turn.abstained
    )
    status: RunStatus = {"complete": "completed", "cancelled": "cancelled"}.get(turn.status, "failed")  # pyright: ignore[reportAssignmentType]
    failed: Code | None = "internal" if status == "failed" else None
    outcome = Outcome(status, turn.status, answer, record.reserved_tokens, failed, cached=cached)
    settled = await _charge(engine, record, outcome)
    await _finish(engine, record, writer, (outcome, settled))
    _count(engine, record, outcome, settled)


async def refuse(engine: Engine, record: RunRecord, code: Code, detail: str) -> None:
    """End a run that was recorded but never accepted: no turn, no charge."""
    with suppress(NotFound):
        await engine.stores.ledger.release(record.scope, ledger_key(record.run_id))
    result = orjson.dumps({"run_id": record.run_id, "refused": code, "detail": detail}).decode()
    last = RunEvent(1, "run.failed", orjson.dumps({"seq": 1, "type": "run.failed", "code": code, "message": detail}))
    await engine.stores.runs.finish(record.scope, record.run_id, "failed", result, [last])


def reply_of(record: RunRecord, outcome: Outcome, charged: int) -> dict[str, Any]:
    """The finished answer as HTTP and `ask --json` give it."""
    answer = fields_of(outcome.answer)
    return {
        "run_id": record.run_id,
        "session_id": record.thread_id,
        "turn_id": record.user_turn_id,
        "answer_turn_id": record.answer_turn_id,
        "status": outcome.status,
        "answer": answer.pop("text"),
        **answer,
        "used_tokens": charged,
        "cached": outcome.cached,
        **({"code": outcome.code, "message": outcome.message} if outcome.code else {}),
    }


async def _charge(engine: Engine, record: RunRecord, outcome: Outcome) -> int:
    key = ledger_key(record.run_id)
    if outcome.used_tokens is None:
        reservation = await engine.stores.ledger.release(record.scope, key)
    else:
        reservation = await engine.stores.ledger.settle(
            record.scope, key, min(outcome.used_tokens, record.reserved_tokens)
        )
    return reservation.settled_tokens


def _turn(record: RunRecord, outcome: Outcome) -> Turn:
    answer = outcome.answer
    return Turn(
        turn_id=record.answer_turn_id,
        thread_id=record.thread_id,
        role="assistant",
        text=answer.text,
        status=outcome.turn_status,
        created_at=datetime.now(UTC),
        run_id=record.run_id,
        parent_turn_id=record.user_turn_id,
        attempt=record.attempt,
        short_answer=answer.short_answer,
        abstained=answer.abstained,
        confidence=answer.confidence,
        citations=answer.citations,
        claims=answer.claims,
    )


async def _finish(engine: Engine, record: RunRecord, writer: EventWriter, ended: tuple[Outcome, int]) -> None:
    outcome, settled = ended
    quota = await engine.stores.ledger.usage(record.scope)
    parts: list[dict[str, Any]] = []
    if outcome.status == "completed":
        parts.append({"type": "answer.completed", **fields_of(outcome.answer)})
    parts.append({"type": "usage.settled", "used_tokens": settled, "remaining_tokens": quota.remaining_tokens})
    parts.append(_terminal(outcome))
    events = [writer.number(part["type"], body_of(part)) for part in parts]
    result = orjson.dumps(reply_of(record, outcome, settled)).decode()
    await engine.stores.runs.finish(record.scope, record.run_id, outcome.status, result, events)


def _terminal(outcome: Outcome) -> dict[str, Any]:
    if outcome.status == "failed":
        return {"type": "run.failed", "code": outcome.code or "internal", "message": outcome.message}
    return {"type": f"run.{outcome.status}"}


def _count(engine: Engine, record: RunRecord, outcome: Outcome, settled: int) -> None:
    effort = effort_of(record)
    engine.metrics.runs.labels(outcome.status, effort).inc()
    engine.metrics.tokens.inc(settled)
    engine.metrics.run_seconds.labels(effort).observe(max(0.0, (datetime.now(UTC) - record.created_at).total_seconds()))
