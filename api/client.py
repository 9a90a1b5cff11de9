"""What the command needs of the house, through either door: the data folder itself, or the server that holds it.

`open_library` and `open_assistant` look for a running server by the data folder's lock; with none they open the
folder in this process. Both doors give the same records and events.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from memory.errors import FolderLocked
from memory.folder import find_holder
from memory.records import LOCAL, Document, DocumentSummary, Effort, Filters, FilterValue, Scope

if TYPE_CHECKING:
    from api.client_http import HttpClient
    from api.events import Event
    from api.settings import Settings
    from memory.document_ports import Version

WAIT_S = 20.0
POLL_S = 0.1

Door = TypeVar("Door")
Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being read)."""


def at_page(source: str, page: int, pages: int) -> str:
    """Say which file is being read and, where it has several, at which page."""
    return f"{source}, page {page} of {pages}" if pages > 1 else source


@dataclass(frozen=True, slots=True)
class Question:
    """One message. session_id None begins a conversation."""

    text: str
    session_id: str | None = None
    effort: Effort = "standard"
    filters: Filters = field(default_factory=dict[str, FilterValue])


class FoundPassage(NamedTuple):
    """A passage as `search` prints it; offsets count code points of the document's stored text."""

    document_id: str
    source: str
    title: str
    start: int
    end: int
    text: str
    score: float


class RefusedFile(NamedTuple):
    """A file that did not become a document, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingestion did, in documents; `pruned` were forgotten because their files are gone."""

    kept: int
    unchanged: int
    refused: Sequence[RefusedFile]
    pruned: int = 0


class Library(Protocol):
    """Documents: bring in, find, look at, forget."""

    async def ingest(self, paths: Sequence[str], collection: str, prune: bool, on_progress: Progress) -> Ingested:
        """Read files and folders; what is stored already and has not changed is left alone."""
        ...

    async def search(self, query: str, filters: Filters, top_k: int) -> Sequence[FoundPassage]:
        """Return passages, best first."""
        ...

    def documents(self, prefix: str) -> AsyncIterator[DocumentSummary]:
        """Yield the documents whose source starts with a prefix, by source."""
        ...

    async def document(self, id_or_source: str) -> Document:
        """Return one document. Raises NotFound."""
        ...

    async def document_id(self, id_or_source: str) -> str:
        """Return the id of what a source brought, of the source itself where others brought the same; ids pass."""
        ...

    async def delete(self, document_id: str) -> None:
        """Forget one document. Raises NotFound."""
        ...

    async def versions(self, document_id: str) -> Sequence[Version]:
        """Return the kept versions: the current one, then the latest set aside first. Raises NotFound."""
        ...

    async def rollback(self, document_id: str, version_id: str) -> bool:
        """Make a kept version the current one; False if it is already. Raises NotFound."""
        ...

    async def reembed(self, spec: str, on_progress: Progress) -> str:
        """Embed everything with another embedder, switch to it, and return its name."""
        ...


class Assistant(Protocol):
    """Questions and their runs."""

    def ask(self, question: Question) -> AsyncIterator[Event]:
        """Yield the events of one run, from run.started to its last."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Stop a run; its stream then ends with run.cancelled."""
        ...


class Users(Protocol):
    """The people of one tenant."""

    async def erase_user(self, user_id: str) -> Mapping[str, Any]:
        """Forget a user; return pseudonym, conversations and documents."""
        ...


@asynccontextmanager
async def open_library(settings: Settings, *, any_embedder: bool = False) -> AsyncGenerator[Library]:
    """Open the documents through whichever door is there.

    any_embedder: even where the documents' embedder is not there, to embed them again.

    Raises:
        EmbedderMismatch: the documents were embedded by another embedder.
        FolderLocked: another program holds the folder, serves no API and does not end soon.
    """

    def opened() -> AbstractAsyncContextManager[Library]:
        from api.client_local import open_local_library

        return open_local_library(settings, any_embedder=any_embedder)

    async with AsyncExitStack() as stack:
        yield await _through_a_door(stack, settings, opened)


@asynccontextmanager
async def open_assistant(settings: Settings) -> AsyncGenerator[Assistant]:
    """Open the agent through whichever door is there. Raises as open_library does."""

    def opened() -> AbstractAsyncContextManager[Assistant]:
        from api.client_local import open_local_assistant

        return open_local_assistant(settings)

    async with AsyncExitStack() as stack:
        yield await _through_a_door(stack, settings, opened)


@asynccontextmanager
async def open_users(settings: Settings, operator: Scope) -> AsyncGenerator[Users]:
    """Open the users of an operator's tenant through whichever door is there. Raises as open_library does."""

    def opened() -> AbstractAsyncContextManager[Users]:
        from api.client_local import open_local_users

        return open_local_users(settings, operator)

    async with AsyncExitStack() as stack:
        yield await _through_a_door(stack, settings, opened, operator)


async def _through_a_door(
    stack: AsyncExitStack,
    settings: Settings,
    opened: Callable[[], AbstractAsyncContextManager[Door]],
    caller: Scope = LOCAL,
) -> Door | HttpClient:
    """Enter the server's door, or the folder's; a server that took the folder between look and entry is asked."""
    if not (url := await serving_url(settings.home)):
        try:
            return await stack.enter_async_context(opened())
        except FolderLocked:
            if not (url := await serving_url(settings.home)):
                raise
    from api.client_http import open_http

    return await stack.enter_async_context(open_http(settings, url, caller))


async def serving_url(home: Path) -> str:
    """Return where the folder's owner answers, "" if nobody owns it.

    An owner that serves nothing is another short command: it is waited for, up to WAIT_S.
    """
    deadline = time.monotonic() + WAIT_S
    while (holder := find_holder(home)) is not None:
        if holder.url or time.monotonic() >= deadline:
            return holder.url
        await asyncio.sleep(POLL_S)
    return ""
