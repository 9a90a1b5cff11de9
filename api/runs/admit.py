"""Accepts a message: lease -> record -> reservation -> user turn -> run.started.

The record comes before the reservation, so that whatever a crash leaves behind is found again: an unfinished run is
taken up by the next process and repeats every step, each idempotent under the run's own ids. A reservation
made before its record would be an orphan that nobody finds. See docs/decisions/admission.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from api.errors import Problem, quota_problem
from api.runs.close import refuse
from api.runs.engine import Engine, ledger_key
from api.runs.message import NO_PARENT, Message, effort_of, keyed_run_id
from api.runs.writer import body_of, numbered
from graphs.context import LIMITS
from memory.errors import Conflict, NotFound, QuotaExceeded
from memory.ids import new_id, next_turn_id
from memory.records import Lease, RunRecord, Scope, Turn

LEASE_POLL_S = 0.05


class Place(NamedTuple):
    """Which run on which thread."""

    run_id: str
    thread_id: str


def place_of(scope: Scope, message: Message) -> Place:
    """Name the run, and the thread that it opens if the message names none."""
    key = message.idempotency_key
    return Place(new_id() if key is None else keyed_run_id(scope, key), message.thread_id or new_id())


async def first_run(engine: Engine, scope: Scope, message: Message) -> RunRecord | None:
    """Return the run that this message's Idempotency-Key stands for already, if there is one.

    Raises:
        Problem: the key belongs to another request, or its run was refused.
    """
    if message.idempotency_key is None:
        return None
    try:
        record = await engine.stores.runs.get(scope, keyed_run_id(scope, message.idempotency_key))
    except NotFound:
        return None
    return _same_request(record, message)


async def lease_thread(engine: Engine, scope: Scope, place: Place, wait_s: float | None) -> Lease:
    """Wait for the right to act on a thread; wait_s None waits as long as it takes.

    Raises:
        Problem: thread_busy.
    """
    deadline = None if wait_s is None else time.monotonic() + wait_s
    while True:
        holder, ttl_s = engine.holder(place.run_id), engine.settings.lease_ttl_s
        lease = await engine.stores.runs.lease(scope, place.thread_id, holder, ttl_s)
        if lease is not None:
            return lease
        if deadline is not None and time.monotonic() >= deadline:
            raise Problem("thread_busy", "wait for the running answer, or cancel it")
        await asyncio.sleep(LEASE_POLL_S)


async def record_run(engine: Engine, scope: Scope, message: Message, place: Place) -> RunRecord:
    """Keep the run durably; the thread must be leased. A repeat returns the first run.

    Raises:
        Problem: quota_exceeded, or parent_turn_id is no turn of the thread.
    """
    await _affordable(engine, scope, message)
    recent = await _recent(engine, scope, message)
    parent = _parent(recent, message)
    user_turn_id = next_turn_id(recent[-1].turn_id if recent else None)
    record = RunRecord(
        run_id=place.run_id,
        scope=scope,
        thread_id=place.thread_id,
        user_turn_id=user_turn_id,
        answer_turn_id=next_turn_id(user_turn_id),
        message=message.text,
        context=message.settings,
        versions=engine.versions,
        reserved_tokens=LIMITS[message.effort].tokens,
        status="running",
        created_at=datetime.now(UTC),
        parent_turn_id=parent,
        attempt=1 + sum(turn.role == "user" and turn.parent_turn_id == parent for turn in recent),
        idempotency_key=message.idempotency_key,
        fingerprint=message.fingerprint,
    )
    engine.crash("admit.record")
    return _same_request(await engine.stores.runs.admit(record), message)


async def accept(engine: Engine, record: RunRecord) -> None:
    """Reserve, keep the user's turn, write run.started; repeating it completes what is missing.

    Raises:
        Problem: quota_exceeded; the run has then ended.
        NotFound: the thread is another user's; likewise.
    """
    try:
        engine.crash("admit.reserve")
        await engine.stores.ledger.reserve(record.scope, ledger_key(record.run_id), record.reserved_tokens)
        engine.crash("admit.turn")
        await _keep_user_turn(engine, record)
    except QuotaExceeded as error:
        await refuse(engine, record, "quota_exceeded", str(error))
        raise quota_problem(error) from error
    except NotFound:
        await refuse(engine, record, "not_found", "there is no such session")
        raise
    engine.crash("admit.started")
    with suppress(Conflict):  # an earlier attempt wrote it, perhaps in another version's words, or ended the run
        await engine.stores.runs.append(record.scope, record.run_id, [numbered(1, "run.started", _started(record))])
    engine.crash("admit.accepted")


def _same_request(record: RunRecord, message: Message) -> RunRecord:
    if record.fingerprint != message.fingerprint:
        raise Problem("idempotency_key_reused")
    refused: dict[str, Any] = orjson.loads(record.result) if record.result else {}
    if "refused" in refused:
        raise Problem(refused["refused"], f"{refused['detail']}; try again with another Idempotency-Key")
    return record


async def _affordable(engine: Engine, scope: Scope, message: Message) -> None:
    """Turn a hopeless message away before anything is written; the reservation decides."""
    quota = await engine.stores.ledger.usage(scope)
    needed = LIMITS[message.effort].tokens
    if quota.remaining_tokens is not None and quota.remaining_tokens < needed:
        raise quota_problem(
            QuotaExceeded(
                f"a {message.effort} run may cost {needed} tokens, {quota.remaining_tokens} are left",
                remaining_tokens=quota.remaining_tokens,
                resets_at=quota.resets_at,
            )
        )


async def _recent(engine: Engine, scope: Scope, message: Message) -> Sequence[Turn]:
    """The newest turns of the thread; one that the message opens has none."""
    if message.thread_id is None:
        return ()
    return await engine.stores.turns.recent(scope, message.thread_id, 4 * engine.settings.history_turns + 2)


def _parent(recent: Sequence[Turn], message: Message) -> str | None:
    if message.parent_turn_id is NO_PARENT:
        return recent[-1].turn_id if recent else None
    if message.parent_turn_id is None:
        return None
    if message.parent_turn_id not in {turn.turn_id for turn in recent}:
        raise Problem("invalid_request", "parent_turn_id is no recent turn of this session", field="parent_turn_id")
    return str(message.parent_turn_id)


async def _keep_user_turn(engine: Engine, record: RunRecord) -> None:
    turn = Turn(
        turn_id=record.user_turn_id,
        thread_id=record.thread_id,
        role="user",
        text=record.message,
        status="complete",
        created_at=record.created_at,
        run_id=record.run_id,
        parent_turn_id=record.parent_turn_id,
        attempt=record.attempt,
    )
    await engine.stores.turns.append(record.scope, turn)


def _started(record: RunRecord) -> bytes:
    return body_of(
        {
            "type": "run.started",
            "version": 1,
            "run_id": record.run_id,
            "session_id": record.thread_id,
            "turn_id": record.user_turn_id,
            "answer_turn_id": record.answer_turn_id,
            "effort": effort_of(record),
        }
    )
