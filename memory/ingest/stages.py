"""One ingestion at work: parse, embed and keep run at the same time, at most one batch waiting between two of them.

It can be cancelled at any moment: a document is kept whole or not at all, and the next ingestion passes over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from memory.errors import EmbedderMismatch, ModelUnavailable, NotFound, Refused, StoreError
from memory.ingest.documents import Batch, Made, Maker, fingerprint_of
from memory.ingest.parsed import Parsed, RefusedPart
from memory.ingest.parser import Parser
from memory.ingest.report import Ingested, IngestOptions, IngestReport, OnProgress, Progress, Target
from memory.records import Document, Scope

BATCH_PASSAGES = 256
GROUP = 64
"""Documents that are compared with the store, cut to passages and kept together."""
LISTED = 500

Files = AsyncIterator[tuple[str, bytes | Refused]]
Batches = asyncio.Queue[Batch | None]


@dataclass(slots=True)
class _Reading:
    """The file that is being parsed, and what the store has of it."""

    source: str
    fingerprint: str
    out: Batches
    stored: dict[str, _Listed] | None = None
    is_whole: bool = True
    group: list[Parsed] = field(default_factory=list[Parsed])


class Ingestion:
    """Brings files into a target. `seen` are the sources met, `refused_files` those that could not be read."""

    def __init__(self, scope: Scope, target: Target, options: IngestOptions) -> None:
        """Start with nothing done."""
        self.scope = scope
        self.target = target
        self.seen: set[str] = set()
        self.refused_files: set[str] = set()
        self.forgotten = 0
        self._refused: list[tuple[str, str]] = []
        self._done: list[Ingested] = []
        self._unchanged = 0
        self._maker = Maker(scope, target.embedder, options.collection, options.access)
        self._on_progress: OnProgress | None = None
        self._files = self._files_done = 0
        self._batch = Batch()

    def tell(self, on_progress: OnProgress | None, files: int) -> None:
        """Report progress towards a number of files from now on."""
        self._on_progress, self._files = on_progress, files

    def refuse(self, path: str, reason: str) -> None:
        """Note what could not become a document."""
        self._refused.append((path, reason))

    def report(self, pruned: int = 0) -> IngestReport:
        """Sum up; `pruned` documents were forgotten besides the parts that files no longer hold."""
        kept = len(self._done) - self._unchanged
        return IngestReport(kept, self._unchanged, tuple(self._refused), pruned + self.forgotten, tuple(self._done))

    async def run(self, files: Files, parser: Parser) -> None:
        """Work through files.

        Raises:
            StoreError: a store failed; what was kept so far stays.
            ModelUnavailable: the embedder gives nothing; likewise.
        """
        made, embedded = Batches(1), Batches(1)
        failures: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(self._parse(files, parser, made))
                stages.create_task(self._embed(made, embedded))
                stages.create_task(self._keep(embedded))
        except* (StoreError, ModelUnavailable) as failed:
            failures.extend(failed.exceptions)
        if failures:  # raised out here: before Python 3.11.4 an `except*` wraps what it raises in another group
            raise failures[0]

    async def _parse(self, files: Files, parser: Parser, out: Batches) -> None:
        async for source, data in files:
            try:
                await self._file(source, data, parser, out)
            except Refused as refused:
                self.refuse(source, refused.reason)
                self.refused_files.add(source)
            self._files_done += 1
            self._progress(source)
        await out.put(self._batch)
        await out.put(None)

    async def _file(self, source: str, data: bytes | Refused, parser: Parser, out: Batches) -> None:
        if isinstance(data, Refused):
            raise data
        fingerprint = await asyncio.to_thread(fingerprint_of, data, self._maker.settings)
        if await self._is_known(source, fingerprint):
            return
        reading = _Reading(source, fingerprint, out)
        try:
            told = partial(self._progress, source)
            async with aclosing(parser.parse(source, data, told)) as items:
                async for item in items:
                    await self._take(item, reading)
        except Refused:
            # What was read before is good: a file of many documents keeps those.
            await self._finish_group(reading)
            raise
        await self._finish_group(reading)
        if reading.is_whole and reading.stored:
            # The file is the unit: what it no longer holds goes. Where a part could not be read, nobody can say.
            self._batch.gone += [item.document_id for item in reading.stored.values() if item.source not in self.seen]

    async def _take(self, item: Parsed | RefusedPart, reading: _Reading) -> None:
        if isinstance(item, RefusedPart):
            self.refuse(f"{reading.source}#{item.key}", item.reason)
            reading.is_whole = False
            return
        reading.group.append(item)
        if len(reading.group) >= GROUP:
            await self._finish_group(reading)

    async def _finish_group(self, reading: _Reading) -> None:
        if not (group := reading.group):
            return
        reading.group = []
        if reading.stored is None:
            reading.stored = await self._stored(reading.source, group[0].key)
        fresh = await asyncio.to_thread(self._fresh, group, reading)
        for made in fresh:
            self._batch.add(made)
            # The embedder is handed what there is as soon as nothing waits for it, or it would idle at the start.
            if self._batch.passages >= BATCH_PASSAGES or reading.out.empty():
                full, self._batch = self._batch, Batch()
                await reading.out.put(full)

    def _fresh(self, group: Sequence[Parsed], reading: _Reading) -> list[Made]:
        """Cut those documents to passages that the store does not have as they are."""
        fresh: list[Made] = []
        for parsed in group:
            document = self._maker.document(parsed, reading.source, reading.fingerprint)
            self.seen.add(document.source)
            stored = (reading.stored or {}).get(document.source)
            if stored is not None and document.version_id == stored.brought:
                self._unchanged_one(document, document.source)
            else:
                fresh.append(self._maker.cut(document, parsed))
        return fresh

    async def _embed(self, made: Batches, out: Batches) -> None:
        while (batch := await made.get()) is not None:
            batch.embedder = self.target.embedder.name
            batch.vectors = await self.target.embedder.embed_passages(batch.texts())
            await out.put(batch)
        await out.put(None)

    async def _keep(self, embedded: Batches) -> None:
        while (batch := await embedded.get()) is not None:
            for start in range(0, len(batch.items), GROUP):
                some = batch.items[start : start + GROUP]
                await asyncio.gather(*(self._put(made, batch) for made in some))
                self._progress(some[-1].document.source)
            for document_id in batch.gone:
                self.forgotten += await self.forget(document_id)

    async def forget(self, document_id: str) -> bool:
        """Delete a document; False if it is gone already."""
        try:
            await self.target.documents.delete(self.scope, document_id)
        except NotFound:
            return False
        return True

    async def _put(self, made: Made, batch: Batch) -> None:
        document, put = made.document, self.target.documents.put
        vectors = batch.vectors_of(made)
        try:
            kept = await put(self.scope, document, made.passages, vectors, batch.embedder)
        except EmbedderMismatch:
            # Another embedder may have taken over since the batch was embedded.
            if (name := self.target.embedder.name) == batch.embedder:
                raise
            vectors = await self.target.embedder.embed_passages(made.texts)
            kept = await put(self.scope, document, made.passages, vectors, name)
        if kept.outcome == "unchanged":
            self._unchanged_one(document, document.source)
        else:
            self._done.append(
                Ingested(kept.document_id, kept.version_id, document.source, document.title, kept.outcome)
            )

    async def _is_known(self, source: str, fingerprint: str) -> bool:
        """Whether the very bytes were kept before as one document; files of many are parsed to know."""
        try:
            stored = await self.target.documents.by_source(self.scope, source)
        except NotFound:
            return False
        if stored.metadata.get("fingerprint") != fingerprint:
            return False
        if (listed := await self._listed_as(source)) is None or listed.brought != listed.version_id:
            return False  # it was rolled back, and now the file is what it was rolled back to: the store is to know
        self.seen.add(source)
        self._unchanged_one(stored, source)
        return True

    async def _stored(self, source: str, key: str) -> dict[str, _Listed]:
        """By source, what the store has of a file's parts; also what it has of the file as one document.

        A file of one document is compared only if it was rolled back: otherwise its bytes have changed.
        """
        stored = {item.source: item async for item in self.listed(f"{source}#")}
        whole = await self._listed_as(source)
        if whole is not None and (key or whole.brought != whole.version_id):
            stored[source] = whole
        return stored

    async def _listed_as(self, source: str) -> _Listed | None:
        async for item in self.listed(source):
            return item if item.source == source else None  # listings are in the order of sources
        return None

    async def listed(self, prefix: str) -> AsyncIterator[_Listed]:
        """Yield the documents whose source starts with a prefix."""
        after: str | None = None
        while True:
            page = await self.target.documents.page(self.scope, prefix, after, LISTED)
            for item in page.items:
                yield _Listed(item.source, item.document_id, item.version_id, item.brought or item.version_id)
            if (after := page.next) is None:
                return

    def _unchanged_one(self, document: Document, source: str) -> None:
        self._unchanged += 1
        self._done.append(Ingested(document.document_id, document.version_id, source, document.title, "unchanged"))

    def _progress(self, source: str, page: int = 0, pages: int = 0) -> None:
        if self._on_progress is not None:
            kept = len(self._done) - self._unchanged
            self._on_progress(
                Progress(self._files, self._files_done, kept, self._unchanged, len(self._refused), source, page, pages)
            )


@dataclass(frozen=True, slots=True)
class _Listed:
    """version_id: the current version. brought: the one that the source brought last; another after a rollback."""

    source: str
    document_id: str
    version_id: str
    brought: str
