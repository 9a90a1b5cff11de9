"""`POST /api/v1/chat/message`: accept a message, then stream its run or wait for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from api.encoders import sse
from api.routes.parts import OpenStreams, Parts
from api.runs.message import NO_PARENT, Message
from api.schemas import AnswerOut, MessageIn, filters_of
from api.security import Caller
from api.streaming import EventStream

router = APIRouter(prefix="/api/v1/chat", tags=["chat"])

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
STREAMED: Mapping[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON, or the run's events for `Accept: text/event-stream` (docs/events.md).",
        "content": {
            sse.MEDIA_TYPE: {
                "schema": {"type": "string"},
                "example": 'id: 1\nevent: run.started\ndata: {"seq":1,"type":"run.started"}\n\n',
            }
        },
    }
}


@router.post("/message", response_model=AnswerOut, responses={**STREAMED})
async def post_message(
    body: MessageIn, request: Request, caller: Caller, parts: Parts, streams: OpenStreams, key: IdempotencyKey = None
) -> Response:
    """Ask. The run goes on when the client leaves; its events stay readable under `Location`."""
    streaming = sse.MEDIA_TYPE in request.headers.get("accept", "")
    if streaming:
        streams.refuse_if_full()
    record = await parts.runs.start(caller, _message(body, key))
    headers = {"Location": f"/api/v1/runs/{record.run_id}", "Cache-Control": "no-store"}
    if streaming:
        return EventStream(parts.stores.runs.follow(caller, record.run_id, 0), streams, headers)
    request.state.deadline.lift()  # waiting for a run has the run's limit
    return JSONResponse(await parts.runs.result(caller, record.run_id), headers=headers)


def _message(body: MessageIn, key: str | None) -> Message:
    parent = body.parent_turn_id if "parent_turn_id" in body.model_fields_set else NO_PARENT
    return Message(body.message, body.session_id, body.effort, filters_of(body.filters), parent, key)
