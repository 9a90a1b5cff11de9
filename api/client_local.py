"""The data folder itself as the command's door: stores and agent are opened in this process, as the local user."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api.client import FoundPassage, Ingested, Progress, Question, RefusedFile, at_page
from api.events import EVENT, Event
from api.settings import Settings
from api.terminal import EXIT_FAILED, EXIT_UNREACHABLE, CommandFailed
from api.uploads import limits_of
from memory.document_ports import Version
from memory.errors import NotFound
from memory.ingest import pipeline
from memory.ingest.parsed import Limits
from memory.ports import SearchQuery
from memory.records import LOCAL, Document, DocumentSummary, Filters, Hit, Scope
from memory.stores import Stores, open_stores

if TYPE_CHECKING:
    from api.wiring import App

PAGE = 500
PASSING = frozenset({"overloaded", "stopping", "store_unavailable", "thread_busy"})
"""Problems that go away by themselves."""


class LocalLibrary:
    """Documents of the opened stores."""

    def __init__(self, stores: Stores, limits: Limits) -> None:
        """Use stores that somebody else closes; limits: what one file may cost."""
        self._stores = stores
        self._limits = limits

    async def ingest(self, paths: Sequence[str], collection: str, prune: bool, on_progress: Progress) -> Ingested:
        """Read files and folders in this process."""

        def tell(state: pipeline.Progress) -> None:
            on_progress(state.files_done, state.files, at_page(state.source, state.page, state.pages))

        options = pipeline.IngestOptions(prune=prune, collection=collection, limits=self._limits)
        done = await pipeline.ingest(LOCAL, paths, self._stores, options, tell)
        refused = [RefusedFile(path, reason) for path, reason in done.refused]
        return Ingested(done.kept, done.unchanged, refused, done.pruned)

    async def search(self, query: str, filters: Filters, top_k: int) -> Sequence[FoundPassage]:
        """Return passages, best first."""
        vector = await self._stores.embedder.embed_query(query)
        asked = SearchQuery(query, vector, filters, top_k=top_k)
        return [found_passage(hit) for hit in (await self._stores.index.search(LOCAL, asked)).hits]

    async def documents(self, prefix: str) -> AsyncIterator[DocumentSummary]:
        """Yield the readable documents by source."""
        after: str | None = None
        while True:
            page = await self._stores.documents.page(LOCAL, prefix, after, PAGE)
            for summary in page.items:
                yield summary
            if (after := page.next) is None:
                return

    async def document(self, id_or_source: str) -> Document:
        """Return one document."""
        try:
            return await self._stores.documents.get(LOCAL, id_or_source)
        except NotFound:
            return await self._stores.documents.by_source(LOCAL, id_or_source)

    async def document_id(self, id_or_source: str) -> str:
        """Return the id of what a source brought; ids pass."""
        page = await self._stores.documents.page(LOCAL, id_or_source, None, 1)
        return next((item.document_id for item in page.items if item.source == id_or_source), id_or_source)

    async def delete(self, document_id: str) -> None:
        """Forget one document."""
        await self._stores.documents.delete(LOCAL, document_id)

    async def versions(self, document_id: str) -> Sequence[Version]:
        """Return the kept versions."""
        return await self._stores.documents.versions(LOCAL, document_id)

    async def rollback(self, document_id: str, version_id: str) -> bool:
        """Make a kept version the current one."""
        kept = await self._stores.documents.rollback(LOCAL, document_id, version_id)
        if kept.outcome == "unchanged":
            return False
        await self._stores.index.catch_up()
        await self._stores.audit.append(LOCAL, "document.rollback", document_id, version_id)
        return True

    async def reembed(self, spec: str, on_progress: Progress) -> str:
        """Embed everything again in this process."""
        from memory.reembed import reembed

        done = await reembed(self._stores, spec, lambda done, total: on_progress(done, total, spec))
        return done.embedder


class LocalAssistant:
    """Runs of the opened application."""

    def __init__(self, app: App) -> None:
        """Use an application that somebody else closes."""
        self._app = app

    async def ask(self, question: Question) -> AsyncIterator[Event]:
        """Accept the message and follow its run."""
        from api.errors import Problem
        from api.runs.message import Message

        message = Message(question.text, question.session_id, question.effort, question.filters)
        try:
            record = await self._app.runs.start(LOCAL, message)
        except Problem as problem:
            code = EXIT_UNREACHABLE if problem.code in PASSING else EXIT_FAILED
            raise CommandFailed(problem.detail, code) from problem
        async for event in self._app.stores.runs.follow(LOCAL, record.run_id, 0):
            yield EVENT.validate_json(event.data)

    async def cancel(self, run_id: str) -> None:
        """Stop a run."""
        await self._app.runs.cancel(LOCAL, run_id)


class LocalUsers:
    """The users of a tenant of the opened application."""

    def __init__(self, app: App, operator: Scope) -> None:
        """Use an application that somebody else closes."""
        self._app = app
        self._operator = operator

    async def erase_user(self, user_id: str) -> Mapping[str, Any]:
        """Forget a user in this process."""
        from api.errors import Problem
        from api.runs.erasure import erase_user

        try:
            return asdict(await erase_user(self._app.runs, self._app.stores, self._operator, user_id))
        except Problem as problem:
            raise CommandFailed(problem.detail, EXIT_UNREACHABLE) from problem


@asynccontextmanager
async def open_local_library(settings: Settings, *, any_embedder: bool = False) -> AsyncGenerator[LocalLibrary]:
    """Open the stores only: no graph, no tools."""
    async with open_stores(settings, command="multidb", any_embedder=any_embedder) as stores:
        # A server may answer while its index follows; a command that ends at once would find too little.
        await stores.index.catch_up()
        yield LocalLibrary(stores, limits_of(settings))


@asynccontextmanager
async def open_local_assistant(settings: Settings) -> AsyncGenerator[LocalAssistant]:
    """Open the whole application."""
    from api.wiring import open_app

    async with open_app(settings) as app:
        await app.stores.index.catch_up()
        yield LocalAssistant(app)


@asynccontextmanager
async def open_local_users(settings: Settings, operator: Scope) -> AsyncGenerator[LocalUsers]:
    """Open the whole application: runs under way are stopped before they are forgotten."""
    from api.wiring import open_app

    async with open_app(settings) as app:
        yield LocalUsers(app, operator)


def found_passage(hit: Hit) -> FoundPassage:
    """What `search` prints of a hit."""
    passage = hit.passage
    return FoundPassage(passage.document_id, hit.source, hit.title, passage.start, passage.end, passage.text, hit.score)
