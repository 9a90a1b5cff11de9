"""Files to searchable documents: load -> split -> embed -> keep, three stages that overlap.

`ingest` takes paths, `ingest_bytes` one upload. Both can be cancelled at any moment and started again: a document is
kept whole or not at all, and what is unchanged is passed over. Sources are named as `memory.ingest.sources` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from memory.errors import NotFound, Refused, StoreError
from memory.ingest.documents import Batch, Made, Maker, fingerprint_of
from memory.ingest.parsed import Limits, RefusedPart
from memory.ingest.parser import Parser, open_parser
from memory.ingest.sources import Found, Listing, listing, upload_name
from memory.ports import DocumentStore, Embedder, PassageIndex
from memory.records import Access, Scope

BATCH_PASSAGES = 256
LISTED = 500


class Target(Protocol):
    """Where documents go: `memory.stores.Stores` is one."""

    @property
    def documents(self) -> DocumentStore:
        """The truth."""
        ...

    @property
    def index(self) -> PassageIndex:
        """What makes it searchable."""
        ...

    @property
    def embedder(self) -> Embedder:
        """What reads its passages."""
        ...


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to ingest. base: the folder that sources are relative to. prune: forget what is gone from the folders."""

    prune: bool = False
    collection: str = "default"
    access: Access = Access()
    limits: Limits = field(default_factory=Limits)
    base: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one document."""

    document_id: str
    version_id: str
    source: str
    title: str
    outcome: Literal["kept", "unchanged", "alias"]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingestion did. kept and unchanged count documents; refused holds (path, reason)."""

    kept: int
    unchanged: int
    refused: tuple[tuple[str, str], ...]
    pruned: int
    documents: tuple[Ingested, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is: files done of files, documents kept, unchanged and refused, and the file in work."""

    files: int
    files_done: int
    kept: int
    unchanged: int
    refused: int
    source: str


OnProgress = Callable[[Progress], None]


async def ingest(
    scope: Scope,
    paths: Sequence[str | Path],
    target: Target,
    options: IngestOptions | None = None,
    on_progress: OnProgress | None = None,
) -> IngestReport:
    """Keep the documents of files, folders and globs, and make them searchable.

    A file that cannot be read is refused with a reason, and the others go on. Refused files keep their former
    documents. With `prune`, documents under the named folders whose file, or line, is gone are forgotten.

    Raises:
        StoreError: the store or the index failed; what was kept so far stays.
    """
    options = options or IngestOptions()
    found = await asyncio.to_thread(listing, paths, options.base)
    work = _Work(scope, target, options, on_progress, len(found.files))
    work.refused += [(path, "there is no such file or folder") for path in found.missing]
    async with open_parser(options.limits) as parser:
        await work.run(_read(found.files), parser)
    pruned = await _prune(work, found) if options.prune else 0
    await target.index.catch_up()
    return work.report(pruned)


async def ingest_bytes(
    scope: Scope, name: str, data: bytes, target: Target, options: IngestOptions | None = None
) -> IngestReport:
    """Keep the documents of one uploaded file; its source is its name, made harmless.

    Returns:
        A report whose `documents` name what was kept; a file that cannot be read is in `refused`.

    Raises:
        StoreError: the store or the index failed.
    """
    options = options or IngestOptions()
    work = _Work(scope, target, options, None, 1)
    async with open_parser(options.limits) as parser:
        await work.run(_one(upload_name(name), data), parser)
    await target.index.catch_up()
    return work.report(0)


class _Work:
    """The state of one ingestion."""

    def __init__(
        self, scope: Scope, target: Target, options: IngestOptions, on_progress: OnProgress | None, files: int
    ) -> None:
        self.scope = scope
        self.target = target
        self.options = options
        self.refused: list[tuple[str, str]] = []
        self.done: list[Ingested] = []
        self.seen: set[str] = set()
        self.refused_files: set[str] = set()
        self._maker = Maker(scope, target.embedder, options.collection, options.access)
        self._on_progress = on_progress
        self._files = files
        self._files_done = 0

    async def run(self, files: AsyncIterator[tuple[str, bytes | Refused]], parser: Parser) -> None:
        """Parse, embed and keep at the same time; at most one batch waits between two stages."""
        made: asyncio.Queue[Batch | None] = asyncio.Queue(1)
        embedded: asyncio.Queue[Batch | None] = asyncio.Queue(1)
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(self._parse(files, parser, made))
                stages.create_task(self._embed(made, embedded))
                stages.create_task(self._keep(embedded))
        except* StoreError as failed:
            raise failed.exceptions[0] from failed

    def report(self, pruned: int) -> IngestReport:
        """Sum up."""
        unchanged = sum(item.outcome == "unchanged" for item in self.done)
        kept = len(self.done) - unchanged
        return IngestReport(kept, unchanged, tuple(self.refused), pruned, tuple(self.done))

    async def _parse(
        self, files: AsyncIterator[tuple[str, bytes | Refused]], parser: Parser, out: asyncio.Queue[Batch | None]
    ) -> None:
        batch = Batch()
        async for source, data in files:
            try:
                if isinstance(data, Refused):
                    raise data
                batch = await self._parse_file(source, data, parser, (batch, out))
            except Refused as refused:
                self.refused.append((source, refused.reason))
                self.refused_files.add(source)
            self._files_done += 1
            self._tell(source)
        await out.put(batch)
        await out.put(None)

    async def _parse_file(
        self, source: str, data: bytes, parser: Parser, into: tuple[Batch, asyncio.Queue[Batch | None]]
    ) -> Batch:
        batch, out = into
        fingerprint = await asyncio.to_thread(fingerprint_of, data, self._maker.settings)
        if await self._is_unchanged(source, fingerprint):
            return batch
        async with aclosing(parser.parse(source, data)) as items:
            async for item in items:
                if isinstance(item, RefusedPart):
                    self.refused.append((f"{source}#{item.key}", item.reason))
                    continue
                made = await asyncio.to_thread(self._maker.make, item, source, fingerprint)
                self.seen.add(made.document.source)
                if not await self._is_kept(made):
                    batch.add(made)
                if batch.passages >= BATCH_PASSAGES:
                    await out.put(batch)
                    batch = Batch()
        return batch

    async def _embed(self, made: asyncio.Queue[Batch | None], out: asyncio.Queue[Batch | None]) -> None:
        while (batch := await made.get()) is not None:
            batch.vectors = await self.target.embedder.embed_passages(batch.texts())
            await out.put(batch)
        await out.put(None)

    async def _keep(self, embedded: asyncio.Queue[Batch | None]) -> None:
        while (batch := await embedded.get()) is not None:
            await asyncio.gather(*(self._put(made, batch) for made in batch.items))
            if batch.items:
                self._tell(batch.items[-1].document.source)

    async def _put(self, made: Made, batch: Batch) -> None:
        document, name = made.document, self.target.embedder.name
        vectors = batch.vectors_of(made)
        kept = await self.target.documents.put(self.scope, document, made.passages, vectors, name)
        outcome = kept.outcome
        self.done.append(Ingested(kept.document_id, kept.version_id, document.source, document.title, outcome))

    async def _is_unchanged(self, source: str, fingerprint: str) -> bool:
        """Whether the very bytes were kept as one document before; files of many documents are parsed to know."""
        try:
            stored = await self.target.documents.by_source(self.scope, source)
        except NotFound:
            return False
        if stored.metadata.get("fingerprint") != fingerprint:
            return False
        self.seen.add(source)
        self.done.append(Ingested(stored.document_id, stored.version_id, source, stored.title, "unchanged"))
        return True

    async def _is_kept(self, made: Made) -> bool:
        document = made.document
        try:
            stored = await self.target.documents.by_source(self.scope, document.source)
        except NotFound:
            return False
        if stored.version_id != document.version_id:
            return False
        self.done.append(Ingested(stored.document_id, stored.version_id, document.source, document.title, "unchanged"))
        return True

    def _tell(self, source: str) -> None:
        if self._on_progress is not None:
            unchanged = sum(item.outcome == "unchanged" for item in self.done)
            kept = len(self.done) - unchanged
            state = Progress(self._files, self._files_done, kept, unchanged, len(self.refused), source)
            self._on_progress(state)


async def _read(files: Sequence[Found]) -> AsyncIterator[tuple[str, bytes | Refused]]:
    for file in files:
        try:
            yield file.source, await asyncio.to_thread(file.path.read_bytes)
        except OSError as error:
            yield file.source, Refused(f"it cannot be opened ({error.strerror})")


async def _one(source: str, data: bytes) -> AsyncIterator[tuple[str, bytes | Refused]]:
    yield source, data


async def _prune(work: _Work, found: Listing) -> int:
    """Forget documents under the named folders and files that this run did not see."""
    present = {file.source for file in found.files}
    gone: list[str] = []
    for prefix in (*(f"{folder}/" for folder in found.folders), *(f"{source}#" for source in present)):
        async for source, document_id in _listed(work, prefix):
            if source not in work.seen and source.split("#")[0] not in work.refused_files:
                gone.append(document_id)
    for document_id in dict.fromkeys(gone):
        await work.target.documents.delete(work.scope, document_id)
    return len(set(gone))


async def _listed(work: _Work, prefix: str) -> AsyncIterator[tuple[str, str]]:
    after: str | None = None
    while True:
        page = await work.target.documents.page(work.scope, prefix, after, LISTED)
        for item in page.items:
            yield item.source, item.document_id
        if (after := page.next) is None:
            return
