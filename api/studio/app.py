"""Opens the house once for `langgraph dev`, which asks for its graph again with every request.

Studio's page comes from another site, and the API behind it knows no passwords: so whoever names another host, or
calls from the page of any site but that one, is turned away before anything else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Problem, response_of
from api.runs.hosted import HostedRuns
from api.samples import ingest_samples
from api.security import refuse_strangers
from api.settings import Settings
from api.studio.conversation import Conversations
from api.studio.graph import StudioGraph, build_studio_graph
from api.wiring import open_app
from graphs.graph import nodes_of
from memory.ids import new_id
from memory.records import SYSTEM

PAGE = "https://smith.langchain.com"
COMMAND = "make studio"


@asynccontextmanager
async def lifespan(studio: Starlette) -> AsyncGenerator[None]:
    """Hold the data folder while Studio runs; what is under way at the end is cancelled.

    Raises:
        FolderLocked: a server holds the data folder.
    """
    async with open_app(Settings(), command=COMMAND) as parts:
        if await parts.stores.documents.last_sequence(SYSTEM) == 0:
            await ingest_samples(parts.stores, parts.settings.home, _tell_nobody)
        runs = HostedRuns(parts.engine, parts.runs)
        agent = await parts.agent.get()
        studio.state.graph = build_studio_graph(nodes_of(agent.deps), Conversations(parts.engine, runs))
        studio.state.on_ready()
        try:
            yield
        finally:
            await runs.stop()


def _tell_nobody(done: int, total: int, source: str) -> None:
    """A new folder's samples take a second or two."""


async def studio_graph() -> StudioGraph:
    """Return the graph of the house that is open."""
    return app.state.graph


class Strangers:
    """ASGI middleware: lets in what names this machine, from no page or from Studio's."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app
        given = Settings()
        self._settings = given.model_copy(update={"allowed_origins": (*given.allowed_origins, PAGE)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] == "http":
            try:
                refuse_strangers(self._settings, scope["method"], Headers(scope=scope))
            except Problem as problem:
                return await response_of(problem, new_id())(scope, receive, send)
        await self._app(scope, receive, send)


app = Starlette(lifespan=lifespan, middleware=[Middleware(Strangers)])
app.state.on_ready = lambda: None
