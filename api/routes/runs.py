"""Runs: look at one, follow its events from anywhere, stop it."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from api.errors import Problem
from api.routes.chat import STREAMED
from api.routes.parts import OpenStreams, Parts, PathId
from api.runs.message import effort_of
from api.schemas import AnswerOut, RunOut
from api.security import Caller
from api.streaming import EventStream
from memory.errors import EventsExpired
from memory.records import RunRecord

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", pattern=r"^\d{0,9}$")]
AfterSeq = Annotated[int, Query(ge=0, le=10**9, description="The same as Last-Event-ID, for a link.")]


@router.get("/{run_id}")
async def get_run(run_id: PathId, caller: Caller, parts: Parts) -> RunOut:
    """A run and, once it has ended, its result."""
    return _run_out(await parts.stores.runs.get(caller, run_id))


@router.get("/{run_id}/events", response_model=None, responses={**STREAMED, 204: {"description": "Nothing follows."}})
async def get_events(
    run_id: PathId,
    caller: Caller,
    parts: Parts,
    streams: OpenStreams,
    last_event_id: LastEventId = None,
    after: AfterSeq = 0,
) -> Response:
    """The events above `Last-Event-ID`, then those to come, to the run's end. 410 once they have expired."""
    last = int(last_event_id) if last_event_id else after
    record = await parts.stores.runs.get(caller, run_id)
    try:
        ready = await parts.stores.runs.read(caller, run_id, last, 1)
    except EventsExpired as error:
        raise Problem("events_expired", result=f"/api/v1/runs/{run_id}") from error
    if not ready and record.status != "running":
        return Response(status_code=204)  # tells an EventSource not to come back
    streams.refuse_if_full()
    return EventStream(parts.stores.runs.follow(caller, run_id, last), streams, {})


@router.post("/{run_id}/cancel")
async def cancel_run(run_id: PathId, caller: Caller, parts: Parts) -> RunOut:
    """Stop a run; the partial answer is kept and marked so. One that has ended stays as it is."""
    return _run_out(await parts.runs.cancel(caller, run_id))


def _run_out(record: RunRecord) -> RunOut:
    result: dict[str, Any] = orjson.loads(record.result) if record.result else {}
    return RunOut(
        run_id=record.run_id,
        session_id=record.thread_id,
        turn_id=record.user_turn_id,
        answer_turn_id=record.answer_turn_id,
        status=record.status,
        effort=effort_of(record),
        created_at=record.created_at,
        attempt=record.attempt,
        parent_turn_id=record.parent_turn_id,
        versions=record.versions,
        result=AnswerOut.model_validate(result) if "answer" in result else None,
    )
