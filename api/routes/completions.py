"""`POST /v1/chat/completions` and `GET /v1/models`, for clients that speak OpenAI's protocol.

The last user message is the question; what came before is kept by the session, not read from the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.encoders.completions import Completion, error_of
from api.errors import Problem, problem_of
from api.routes.parts import OpenStreams, Parts
from api.runs.message import Message
from api.schemas import MAX_MESSAGE, FiltersIn, Id, filters_of
from api.security import scope_of
from api.streaming import EventStream, Streams
from api.wiring import App
from memory.errors import StoreError
from memory.records import Effort, RunRecord, Scope

router = APIRouter(prefix="/v1", tags=["openai"])
MODELS: Mapping[str, Effort] = {"multidb-quick": "quick", "multidb-standard": "standard", "multidb-deep": "deep"}


class _Given(BaseModel):
    """What is used of a request; sampling parameters and the like are accepted and change nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PartIn(_Given):
    """A piece of a message; only text is understood."""

    type: Literal["text"]
    text: StrictStr


class ChatMessageIn(_Given):
    """One message of the conversation as the client tells it."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: StrictStr | list[PartIn] | None = None

    @property
    def text(self) -> str:
        """Its text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content or ())


class StreamOptionsIn(_Given):
    """include_usage: a last chunk tells what it cost."""

    include_usage: bool = False


class CompletionIn(_Given):
    """A request for a completion. session_id and filters are ours: `extra_body` of their clients."""

    model: StrictStr
    messages: Annotated[list[ChatMessageIn], Field(min_length=1, max_length=1000)]
    stream: bool = False
    stream_options: StreamOptionsIn | None = None
    session_id: Id | None = None
    filters: FiltersIn = Field(default_factory=dict)


_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": CompletionIn.model_json_schema()}}}
}


@router.post("/chat/completions", response_model=None, openapi_extra=_BODY)
async def complete(request: Request, parts: Parts, streams: OpenStreams) -> Response:
    """Answer the last user message from the sources; every sentence sent has passed the judge."""
    try:
        return await _completed(request, parts, streams)
    except ValidationError as error:
        first = error.errors()[0]
        problem = Problem("invalid_request", str(first["msg"]), param=".".join(map(str, first["loc"])))
    except (HTTPException, StoreError) as error:
        problem = problem_of(error)
    return JSONResponse(error_of(problem), problem.status_code)


@router.get("/models")
async def list_models(request: Request) -> Response:
    """A model for each effort."""
    try:
        scope_of(request)
    except Problem as problem:
        return JSONResponse(error_of(problem), problem.status_code)
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "multidb"} for name in MODELS]
    return JSONResponse({"object": "list", "data": models})


async def _completed(request: Request, parts: App, streams: Streams) -> Response:
    caller = scope_of(request)
    asked = CompletionIn.model_validate_json(await request.body())
    message = _message(asked)
    if asked.stream:
        streams.refuse_if_full()
    record = await parts.runs.start(caller, message)
    url = f"{request.base_url}api/v1/documents/"
    tells_usage = asked.stream_options is not None and asked.stream_options.include_usage
    completion = Completion(record.run_id, record.thread_id, asked.model, url, tells_usage)
    headers = {"X-Session-ID": record.thread_id}
    if asked.stream:
        events = parts.stores.runs.follow(caller, record.run_id, 0)
        return EventStream(events, streams, headers, completion)
    return await _whole(caller, parts, completion, record)


async def _whole(caller: Scope, parts: App, completion: Completion, record: RunRecord) -> Response:
    reply = await parts.runs.result(caller, record.run_id)
    if reply["status"] == "failed":
        raise Problem(reply["code"], reply["message"])
    return JSONResponse(completion.whole(reply))


def _message(asked: CompletionIn) -> Message:
    if asked.model not in MODELS:
        known = ", ".join(MODELS)
        raise Problem("not_found", f"there are {known}", param="model", openai_code="model_not_found")
    last = asked.messages[-1]
    if last.role != "user" or not last.text.strip() or len(last.text) > MAX_MESSAGE:
        detail = f"the last message must be a user's, with text of at most {MAX_MESSAGE:,} characters"
        raise Problem("invalid_request", detail, param="messages")
    return Message(last.text, asked.session_id, MODELS[asked.model], filters_of(asked.filters))
