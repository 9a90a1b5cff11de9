"""A running server as the command's door: the same records and events, over HTTP, as the local user.

The server is found by the data folder's lock; whoever may read the folder may sign for its local user. A stream that
breaks is taken up again where it was.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse

from api.client import FoundPassage, Ingested, Progress, Question, RefusedFile, at_page
from api.events import EVENT, TERMINAL, Event, RunStarted
from api.secret import load_secret_of
from api.settings import Settings
from api.terminal import EXIT_FAILED, EXIT_UNREACHABLE, CommandFailed
from memory.document_ports import Version
from memory.errors import NotFound
from memory.identity import API_AUDIENCE, mint
from memory.ingest.sources import Found, Listing, listing
from memory.records import LOCAL, Document, DocumentSummary, Filters, FilterValue, Range, Scope

PASSING = frozenset({"overloaded", "stopping", "store_unavailable", "thread_busy"})
"""Problem codes that go away by themselves."""
TIMEOUT = httpx.Timeout(120.0, connect=5.0, read=300.0)
ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
PAGE = 200
BATCH_FILES = 16
BATCH_BYTES = 16 * 1024 * 1024
RECONNECTS = 5
LOOK_S = 0.5
RECONNECT_S = 0.5
TOKEN_S = 24 * 3600
LINES = {"Accept": "application/x-ndjson"}
"""Asks an upload to tell its progress, which also keeps long work from looking like a server that is gone."""

Tell = Callable[[Mapping[str, Any]], None]


class HttpClient:
    """Documents and runs of a server. Made by `open_http`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Use a connection that somebody else closes."""
        self._http = http

    async def ask(self, question: Question) -> AsyncIterator[Event]:
        """Post the message and follow its run; reconnect while it goes on."""
        body: dict[str, Any] = {"message": question.text, "effort": question.effort, "filters": _json(question.filters)}
        if question.session_id is not None:
            body["session_id"] = question.session_id
        run_id, last, failures = "", 0, 0
        while True:
            try:
                call = ("POST", "/api/v1/chat/message", body) if not run_id else ("GET", _events(run_id), None)
                async for event in self._stream(*call, last):
                    last, failures = event.seq, 0
                    run_id = event.run_id if isinstance(event, RunStarted) else run_id
                    yield event
                    if event.type in TERMINAL:
                        return
            except (httpx.TransportError, SSEError) as error:
                if not run_id or failures >= RECONNECTS:
                    raise _unreachable(error) from error
            failures += 1
            await asyncio.sleep(RECONNECT_S * failures)

    async def cancel(self, run_id: str) -> None:
        """Stop a run."""
        await self._call("POST", f"/api/v1/runs/{run_id}/cancel")

    async def ingest(self, paths: Sequence[str], collection: str, prune: bool, on_progress: Progress) -> Ingested:
        """Send the files to the server, in small batches; their sources are what a local ingestion names them."""
        found = await asyncio.to_thread(listing, paths, Path.cwd())
        sent = _Sent([RefusedFile(path, "there is no such file or folder") for path in found.missing])
        for batch in _batches(found.files):
            tell = partial(_tell, on_progress, sent.files, len(found.files))
            await self._upload(batch, collection, sent, tell)
        on_progress(sent.files, len(found.files), "")
        pruned = await self._prune(found, sent) if prune else 0
        return Ingested(sent.kept, sent.unchanged, sent.refused, sent.pruned + pruned)

    async def search(self, query: str, filters: Filters, top_k: int) -> Sequence[FoundPassage]:
        """Return passages, best first."""
        found = await self._call("POST", "/api/v1/search", {"query": query, "filters": _json(filters), "top_k": top_k})
        return [FoundPassage(**passage) for passage in found["passages"]]

    async def documents(self, prefix: str) -> AsyncIterator[DocumentSummary]:
        """Yield the readable documents by source."""
        after: str | None = None
        while True:
            asked = {"prefix": prefix, "limit": PAGE} | ({"after": after} if after else {})
            page = await self._call("GET", "/api/v1/documents", params=asked)
            for document in page["documents"]:
                yield _summary(document)
            if (after := page["next"]) is None:
                return

    async def document(self, id_or_source: str) -> Document:
        """Return one document."""
        document_id = id_or_source if ID.fullmatch(id_or_source) else await self._id_of(id_or_source)
        try:
            found = await self._call("GET", f"/api/v1/documents/{_segment(document_id)}/text")
        except NotFound:
            found = await self._call("GET", f"/api/v1/documents/{await self._id_of(id_or_source)}/text")
        fields = ("document_id", "version_id", "source", "title", "text", "media_type")
        return Document(**{field: found[field] for field in fields}, collection=found["collection"])

    async def document_id(self, id_or_source: str) -> str:
        """Return the id of what a source brought; ids pass."""
        try:
            return await self._id_of(id_or_source)
        except NotFound:
            if ID.fullmatch(id_or_source):
                return id_or_source
            raise

    async def delete(self, document_id: str) -> None:
        """Forget one document."""
        await self._call("DELETE", f"/api/v1/documents/{_segment(document_id)}")

    async def versions(self, document_id: str) -> Sequence[Version]:
        """Return the kept versions."""
        found = await self._call("GET", f"/api/v1/documents/{_segment(document_id)}/versions")
        return [_version(one) for one in found["versions"]]

    async def rollback(self, document_id: str, version_id: str) -> bool:
        """Make a kept version the current one."""
        path = f"/api/v1/documents/{_segment(document_id)}/rollback"
        done = await self._call("POST", path, {"version_id": version_id})
        return done["outcome"] != "unchanged"

    async def reembed(self, spec: str, on_progress: Progress) -> str:
        """Ask the server for it, and look until it is done; the server goes on if the command ends."""
        told = await self._call("POST", "/api/v1/documents/reembedding", {"embedder": spec})
        while told["state"] == "running":
            on_progress(told["done"], told["total"], told["spec"])
            await asyncio.sleep(LOOK_S)
            told = await self._call("GET", "/api/v1/documents/reembedding")
        if told["state"] != "done":
            raise CommandFailed(told["reason"] or "the server was started again meanwhile; run it again to go on")
        return told["embedder"]

    async def erase_user(self, user_id: str) -> Mapping[str, Any]:
        """Let the server forget a user of the client's tenant."""
        return await self._call("DELETE", f"/api/v1/users/{_segment(user_id)}")

    async def _id_of(self, source: str) -> str:
        async for summary in self.documents(source):
            if summary.source == source:
                return summary.document_id
            break  # listings are in the order of sources
        raise NotFound(f"no document {source!r}; `multidb documents list` shows what is kept")

    async def _stream(self, method: str, path: str, body: Any, last: int) -> AsyncIterator[Event]:
        headers = {"Last-Event-ID": str(last)} if last else {}
        async with aconnect_sse(self._http, method, path, json=body, headers=headers) as source:
            if source.response.is_error:
                await source.response.aread()
                raise _problem(source.response)
            async for frame in source.aiter_sse():
                if (event := _event(frame)) is not None:
                    yield event

    async def _call(self, method: str, path: str, body: Any = None, **given: Any) -> Any:
        answer = await self._request(method, path, json=body, **given)
        if answer.is_error:
            raise _problem(answer)
        return _told(answer)

    async def _request(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **given)
        except httpx.TransportError as error:
            raise _unreachable(error) from error

    async def _upload(self, batch: Sequence[Found], collection: str, sent: _Sent, tell: Tell) -> None:
        files: list[tuple[str, tuple[str, bytes]]] = []
        for file in batch:
            try:
                files.append(("files", (file.source, await asyncio.to_thread(file.path.read_bytes))))
            except OSError as error:
                sent.refuse(file.source, f"it cannot be opened ({error.strerror})")
        sent.files += len(batch)
        if not files:
            return
        told = await self._followed({"files": files, "data": {"collection": collection}}, tell)
        code = told.get("code") if len(files) == 1 else None
        if told.get("type") == "done":
            sent.add(told)
        elif code == "document_refused":
            sent.refuse_parts(told["refused"])
        elif code == "payload_too_large":
            sent.refuse(files[0][1][0], f"{told['detail']}; larger files can be ingested while the server is stopped")
        else:
            raise _problem_of(told)

    async def _followed(self, form: dict[str, Any], tell: Tell) -> Mapping[str, Any]:
        """Send an upload, pass on what the server says of its progress, and return its last word."""
        last: dict[str, Any] = {}
        try:
            async with self._http.stream("POST", "/api/v1/documents", headers=LINES, **form) as answer:
                if answer.is_error:
                    await answer.aread()
                    return {"detail": _silent(answer), **_told(answer)}
                async for line in answer.aiter_lines():
                    last = json.loads(line)
                    if last["type"] == "progress":
                        tell(last)
        except httpx.TransportError as error:
            raise _unreachable(error) from error
        return last if last.get("type") != "progress" else {"detail": "the server stopped before the upload was done"}

    async def _prune(self, found: Listing, sent: _Sent) -> int:
        """Forget what the folders and files named no longer hold, as `memory.ingest` does with the folder itself."""
        gone: dict[str, None] = {}
        for prefix in [f"{folder}/" for folder in found.folders] + [f"{file.source}#" for file in found.files]:
            async for document in self.documents(prefix):
                source = document.source
                if source not in sent.seen and source.split("#")[0] not in sent.refused_files:
                    gone[document.document_id] = None
        for document_id in gone:
            with suppress(NotFound):  # somebody else was quicker
                await self.delete(document_id)
        return len(gone)


class _Sent:
    """What became of the files sent so far. seen: the sources of their documents."""

    def __init__(self, refused: list[RefusedFile]) -> None:
        self.files = self.kept = self.unchanged = self.pruned = 0
        self.refused = refused
        self.refused_files: set[str] = set()
        self.seen: set[str] = set()

    def refuse(self, source: str, reason: str) -> None:
        self.refused.append(RefusedFile(source, reason))
        if "#" not in source:
            self.refused_files.add(source)

    def refuse_parts(self, parts: Sequence[Mapping[str, str]]) -> None:
        for part in parts:
            self.refuse(part["path"], part["reason"])

    def add(self, done: Mapping[str, Any]) -> None:
        self.kept += done["kept"]
        self.unchanged += done["unchanged"]
        for file in done["files"]:
            self.seen.update(document["source"] for document in file["documents"])
            self.refuse_parts(file["refused"])
            self.pruned += file["pruned"]


@asynccontextmanager
async def open_http(settings: Settings, url: str, scope: Scope = LOCAL) -> AsyncGenerator[HttpClient]:
    """Open a client of the server that holds the folder; nothing is sent yet."""
    token = mint(scope, API_AUDIENCE, load_secret_of(settings), TOKEN_S)
    headers = {"Authorization": f"Bearer {token}"}
    # A proxy of the environment must not see what is said between two processes of one machine.
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False) as http:
        yield HttpClient(http)


def _events(run_id: str) -> str:
    return f"/api/v1/runs/{_segment(run_id)}/events"


def _segment(name: str) -> str:
    return quote(name, safe="")


def _event(frame: ServerSentEvent) -> Event | None:
    """Read one frame; what is no event of the run (a heartbeat, the server's farewell) is passed over."""
    return EVENT.validate_json(frame.data) if frame.id and frame.data and frame.event != "shutdown" else None


def _json(filters: Filters) -> dict[str, Any]:
    return {key: _json_value(value) for key, value in filters.items()}


def _json_value(value: FilterValue) -> Any:
    if isinstance(value, Range):
        return {name: bound for name, bound in (("gte", value.gte), ("lte", value.lte)) if bound is not None}
    return value if isinstance(value, str | int | float | bool) else list(value)


def _summary(document: Mapping[str, Any]) -> DocumentSummary:
    told: dict[str, Any] = {**document, "updated_at": datetime.fromisoformat(document["updated_at"])}
    return DocumentSummary(**told)


def _version(version: Mapping[str, Any]) -> Version:
    told: dict[str, Any] = {**version, "updated_at": datetime.fromisoformat(version["updated_at"])}
    return Version(**told)


def _tell(on_progress: Progress, before: int, total: int, told: Mapping[str, Any]) -> None:
    """Pass on one line of an upload's progress; `before` files were sent before it."""
    on_progress(before + told["file"] - 1, total, at_page(told["name"], told["page"], told["pages"]))


def _batches(files: Sequence[Found]) -> list[list[Found]]:
    """Group files so that no request is large; a large file goes alone."""
    batches: list[list[Found]] = []
    size = 0
    for file in files:
        bytes_ = file.path.stat().st_size if file.path.exists() else 0
        if not batches or len(batches[-1]) >= BATCH_FILES or size + bytes_ > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(file)
        size += bytes_
    return batches


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        return answer.json() if answer.content else {}
    except ValueError:
        return {}


def _problem(answer: httpx.Response) -> Exception:
    return _problem_of({"title": _silent(answer), **_told(answer)})


def _silent(answer: httpx.Response) -> str:
    return f"the server answered {answer.status_code} and no reason"


def _problem_of(told: Mapping[str, Any]) -> Exception:
    """Turn a problem document into what the command says."""
    if told.get("code") == "not_found":
        return NotFound(str(told.get("detail")))
    code = EXIT_UNREACHABLE if told.get("code") in PASSING else EXIT_FAILED
    return CommandFailed(str(told.get("detail") or told.get("title")), code)


def _unreachable(error: Exception) -> CommandFailed:
    return CommandFailed(
        f"the server that holds the data folder does not answer ({type(error).__name__}); is it starting or stopping?",
        EXIT_UNREACHABLE,
    )
