"""`/v1/chat/completions` and `/v1/models`, for clients that speak OpenAI's protocol."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from api.asked import MODELS, CompletionIn, message_of, no_model
from api.encoders.completions import Completion
from api.errors import Problem
from api.routes.parts import OpenStreams, Parts
from api.security import Caller
from api.streaming import EventStream

router = APIRouter(prefix="/v1", tags=["openai"])
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": CompletionIn.model_json_schema()}}}
}
MAX_KEY = 200


@router.post("/chat/completions", response_model=None, openapi_extra=_BODY)
async def complete(request: Request, caller: Caller, parts: Parts, streams: OpenStreams) -> Response:
    """Answer the last user message from the sources; every sentence sent has passed the judge."""
    asked = await _asked(request)
    message = message_of(asked, (request.headers.get("idempotency-key") or "")[:MAX_KEY] or None)
    if asked.stream:
        streams.refuse_if_full()
    record = await parts.runs.start(caller, message)
    completion = Completion(
        record.run_id,
        record.thread_id,
        asked.model,
        f"{request.base_url}api/v1/documents/",
        tells_usage=asked.stream_options is not None and asked.stream_options.include_usage,
        limit=asked.limit,
    )
    headers = {"X-Session-ID": record.thread_id}
    if asked.stream:
        events = parts.stores.runs.follow(caller, record.run_id, 0)
        return EventStream(events, streams, headers, completion)
    request.state.deadline.lift()  # waiting for a run has the run's limit
    reply = await parts.runs.result(caller, record.run_id)
    if reply["status"] == "failed":
        raise Problem(reply["code"], reply["message"])
    return JSONResponse(completion.whole(reply), headers=headers)


@router.get("/models")
async def list_models(caller: Caller) -> dict[str, Any]:
    """A model for each effort."""
    return {"object": "list", "data": [_model(name) for name in MODELS]}


@router.get("/models/{name}")
async def get_model(name: str, caller: Caller) -> dict[str, Any]:
    """One of them."""
    if name not in MODELS:
        raise no_model(name)
    return _model(name)


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_the_rest(rest: str) -> None:
    """Say what of their protocol there is to whoever tries another part of it."""
    raise Problem("not_found", f"/v1/{rest[:80]} is not served; there are POST /v1/chat/completions and GET /v1/models")


async def _asked(request: Request) -> CompletionIn:
    try:
        return CompletionIn.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise Problem("malformed_json") from error
        where = _name(first["loc"])
        raise Problem("invalid_request", f"{where}: {first['msg']}", param=where) from error


def _name(location: tuple[int | str, ...]) -> str:
    """A field's name from where it was found; pydantic also names the alternative that did not fit."""
    return ".".join(str(part) for part in location if part != "str" and "[" not in str(part))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "multidb"}
