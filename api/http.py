"""`create_app(settings)`: the HTTP application. Routes are thin; what they do lives in `api.runs` and `memory`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.door import Door
from api.encoders.failures import failure_of
from api.errors import Problem, problem_of, response_of
from api.limits import Gate
from api.metrics import Metrics
from api.one_secret import one_secret
from api.routes import chat, completions, documents, feedback, health, me, pages, runs, search, sessions, uploads, users
from api.schemas import ProblemOut
from api.secret import load_secret_of
from api.settings import Settings
from api.streaming import Streams
from api.telemetry import telemetry_of
from api.wiring import App, Faults, open_app
from memory.errors import IngestError, InvalidToken, ModelUnavailable, StoreError

TITLE = "MultiDB Chatbot"


def create_app(settings: Settings, faults: Faults | None = None, *, url: str = "") -> FastAPI:
    """Return the application; it opens its parts when it starts and closes them when it stops.

    Raises:
        InvalidInput: bound beyond loopback without a usable MULTIDB_SECRET.
    """
    load_secret_of(settings)
    metrics = Metrics(telemetry_of(settings))

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncGenerator[None]:
        opened = open_app(settings, faults, metrics, command="multidb serve", url=url)
        async with opened as parts, one_secret(parts.stores, parts.secret):
            _install(api, parts)
            try:
                yield
            finally:
                api.state.streams.stopping.set()

    api = FastAPI(
        title=TITLE,
        version="1",
        lifespan=lifespan,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={"4XX": {"model": ProblemOut}, "5XX": {"model": ProblemOut}},
    )
    for room in (chat, completions, runs, sessions, feedback, uploads, documents, search, me, users, health, pages):
        api.include_router(room.router)
    api.router.routes.append(Route("/mcp/{name}", _Mcp()))
    for error in (HTTPException, StoreError, InvalidToken, IngestError, ModelUnavailable):
        api.add_exception_handler(error, _explain)
    api.add_exception_handler(RequestValidationError, _explain_fields)
    api.add_middleware(Door, settings=settings, metrics=metrics)
    return api


def _install(api: FastAPI, parts: App) -> None:
    api.state.parts = parts
    api.state.settings = parts.settings
    api.state.secret = parts.secret
    api.state.gate = Gate(parts.settings, parts.stores.limits, parts.metrics)
    api.state.streams = Streams.of(parts.settings, parts.metrics)


class _Mcp:
    """The MCP servers of this process at /mcp/<name>, for whoever brings a token of theirs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, once the agent is open."""
        state = scope["app"].state
        await state.gate.admit_address((scope.get("client") or ("",))[0])
        agent = await state.parts.agent.get()
        await agent.mcp(scope, receive, send)


async def _explain(request: Request, error: Exception) -> Response:
    return failure_of(request.url.path, problem_of(error), request.state.request_id)


async def _explain_fields(request: Request, error: Exception) -> Response:
    """Name the fields that are wrong, never their values."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        return response_of(Problem("malformed_json"), request.state.request_id)
    fields = [{"field": _name(one["loc"]), "reason": str(one["msg"])} for one in errors]
    detail = "; ".join(f"{one['field']}: {one['reason']}" for one in fields[:3])
    return response_of(Problem("invalid_request", detail, fields=fields), request.state.request_id)


def _name(location: tuple[int | str, ...]) -> str:
    """A field's name from where it was found: `filters.price.gte`; the first part says body, query, path or header."""
    return ".".join(map(str, location[1:])) or str(location[0])
