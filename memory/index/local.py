"""The local PassageIndex: one shard per tenant in a folder, following a document store by its sequence of changes.

It keeps no text: the passages of the hits are read from the store, which also decides whether they may be shown.
One process writes a folder (whoever holds the data folder's lock).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeVar

from memory.errors import DimensionMismatch, EmbedderMismatch, InvalidInput, StoreError
from memory.ids import digest
from memory.index.found import Found
from memory.index.position import Position, read_position, write_position
from memory.index.postings import KeptPostings
from memory.index.shard import PURGED_EVERY_S, Shard, ShardResult
from memory.ports import DocumentStore, Embedder, PassageRows, SearchQuery, SearchResult
from memory.records import SYSTEM, Change, Hit, IndexStatus, Scope

T = TypeVar("T")
logger = logging.getLogger(__name__)

MAX_TOP_K = 200
BATCH_CHANGES = 256
BATCH_PASSAGES = 2_000
POLL_S = 0.2
"""A second process's document can be found within a second; a look at a server costs half a millisecond."""
TIDIED_EVERY_S = PURGED_EVERY_S / 6
"""Words of a deleted passage leave the lists within their time and this, though nothing else changes."""
SEARCHERS = 2
NEXT = "next"  # where a rebuild works, inside the index's folder
GRACE_S = 30.0
"""How long after a switch a query may still come with the former embedder's vector."""
FEW_HOLES = 10_000
"""Rows of deleted passages that no rebuild is worth; more than the living ones are."""


class _Ranked(NamedTuple):
    """A shard's ranking; found: its first top_k rows."""

    shard: Shard
    result: ShardResult
    found: Sequence[Found]


class LocalIndex:
    """A PassageIndex. Made by `open_index`."""

    def __init__(self, folder: Path, documents: DocumentStore, embedder: Embedder) -> None:
        """Name the folder and the store it follows; opens nothing."""
        self._folder = folder
        self._documents = documents
        self._embedder = embedder
        self._postings = KeptPostings()
        self._shards: dict[str, Shard] = {}
        self._position = Position(embedder.name)
        self._following, self._rebuilding = asyncio.Lock(), asyncio.Lock()
        self._closed = False
        self._users: Counter[Shard] = Counter()
        self._freed = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._switched_at = float("-inf")
        self._searchers = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="search")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="index")

    async def search(self, scope: Scope, query: SearchQuery) -> SearchResult:
        """Return the best passages that the scope may read and the store still has."""
        if not 1 <= query.top_k <= MAX_TOP_K:
            raise InvalidInput(f"top_k must be 1 to {MAX_TOP_K}")
        await self._settled.wait()
        if query.vector is not None and query.text and monotonic() < self._switched_at + GRACE_S:
            query = replace(query, vector=await self._embedder.embed_query(query.text))
        if query.vector is not None and query.vector.shape != (self._embedder.dimension,):
            raise DimensionMismatch(f"the query's vector must have {self._embedder.dimension} dimensions")
        result, is_whole = await self._search(scope, query)
        if not is_whole and 0 < (await self.status()).behind <= BATCH_CHANGES:
            # Another process has just replaced what was found: neither version may be missing from the answer.
            await self.catch_up()
            result, _ = await self._search(scope, query)
        return result

    async def catch_up(self) -> IndexStatus:
        """Apply the store's changes up to now."""
        await self._apply_all()
        return await self.status()

    async def status(self) -> IndexStatus:
        """How far the index is."""
        newest = await self._documents.last_sequence(SYSTEM)
        passages = sum(shard.passages for shard in self._shards.values())
        at = self._position.sequence
        return IndexStatus(at, max(0, newest - at), passages, self._embedder.name)

    async def rebuild(self) -> IndexStatus:
        """Make everything derived again from the store, beside what is there; searches see the switch at once."""
        fresh = LocalIndex(self._folder / NEXT, self._documents, self._embedder)
        async with self._rebuilding:
            try:
                await fresh.clear()
                await fresh.catch_up()
                async with self._following:
                    await fresh.catch_up()
                    await fresh.close()
                    await self._switch_to(fresh)
            finally:
                await fresh.close()
        return await self.catch_up()

    async def switch(
        self, embedder: Embedder, documents: DocumentStore, commit: Callable[[], Awaitable[bool]]
    ) -> IndexStatus:
        """Build beside what is there with another embedder's vectors, and take over; searches wait for the moment."""
        fresh = LocalIndex(self._folder / NEXT, documents, embedder)
        async with self._rebuilding:
            try:
                await fresh.clear()
                while not await self._replaced_by(fresh, commit):
                    pass
            finally:
                await fresh.close()
        return await self.catch_up()

    async def _replaced_by(self, fresh: LocalIndex, commit: Callable[[], Awaitable[bool]]) -> bool:
        await fresh.catch_up()
        async with self._following:
            # From here on queries come with the new vectors: they wait until the new index is in its place.
            self._settled.clear()
            try:
                if not await commit():
                    return False
                await fresh.close()
                self._embedder, self._switched_at = fresh._embedder, monotonic()
                await self._switch_to(fresh)
            finally:
                self._settled.set()
        return True

    async def clear(self) -> None:
        """Throw everything away."""
        await self._in_writer(self._clear)

    async def open(self) -> None:
        """Open what the folder holds; what is damaged, or not of this store, is thrown away.

        Raises:
            EmbedderMismatch: the folder was made by another embedder, and the store has none of this one's vectors.
        """
        try:
            await self._in_writer(self._load)
        except EmbedderMismatch:
            held = (await self._documents.vector_sets(SYSTEM)).current
            if held is None or held.name != self._embedder.name:
                raise
            await self._in_writer(self._clear)
        except (OSError, ValueError, sqlite3.DatabaseError) as error:
            logger.warning("the index in %s is damaged and is made again: %s", self._folder, error)
            await self._in_writer(self._clear)
        if not await self._is_of_this_store():
            await self._in_writer(self._clear)

    async def follow(self) -> None:
        """Catch up again and again, until cancelled; tidy up after what has changed."""
        tidied, tidy_at, level = -1, 0.0, logging.ERROR
        while True:
            try:
                await self._apply_all()
                level = logging.ERROR
                if tidied != (at := self._position.sequence) or monotonic() >= tidy_at:
                    await self.tidy()
                    tidied, tidy_at = at, monotonic() + TIDIED_EVERY_S
            except (StoreError, OSError, sqlite3.Error):
                logger.log(level, "the index could not follow the store; it tries again", exc_info=True)
                level = logging.DEBUG  # once is enough
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Close all shards; again does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._in_writer(self._close_shards)
        self._searchers.shutdown(wait=False)
        self._writer.shutdown(wait=False)

    async def _search(self, scope: Scope, query: SearchQuery) -> tuple[SearchResult, bool]:
        """Search once; tell also whether the store still showed all that was found."""
        if (shard := self._shards.get(scope.tenant_id)) is None:
            return SearchResult((), {}), False
        with self._using(shard):
            ranked = await self._in_searcher(lambda: _ranked(shard, scope, query))
            hits, is_whole = await self._shown(scope, ranked, query.top_k)
        return SearchResult(hits, ranked.result.weights), is_whole

    async def _shown(self, scope: Scope, ranked: _Ranked, top_k: int) -> tuple[tuple[Hit, ...], bool]:
        """Read the passages of the best rows; where the store no longer shows one, the next takes its place."""
        shard, result, found = ranked
        hits: list[Hit] = []
        is_whole = True
        at = top_k
        while True:
            passages = await self._documents.passages(scope, [row.passage_id for row in found])
            known = {passage.passage_id: passage for passage in passages}
            is_whole = is_whole and len(known) == len(found)
            for row in found:
                if (passage := known.get(row.passage_id)) is not None:
                    hits.append(row.hit(passage, len(hits) + 1))
            if len(hits) >= top_k or at >= len(result.ranking.rows):
                return tuple(hits), is_whole
            found = await self._in_searcher(partial(shard.describe, result, at, top_k - len(hits)))
            at += top_k - len(hits)

    async def _apply_all(self) -> None:
        async with self._following:
            while changes := await self._documents.changes(SYSTEM, self._position.sequence, BATCH_CHANGES):
                await self._apply(changes)

    async def _apply(self, changes: Sequence[Change]) -> None:
        """Bring the shards of these changes to the last of them, and then the index."""
        for tenant_id in dict.fromkeys(change.tenant_id for change in changes):
            latest = {change.document_id: change for change in changes if change.tenant_id == tenant_id}
            shard = self._shards.get(tenant_id) or await self._in_writer(partial(self._open_shard, tenant_id))
            await self._apply_to(shard, tenant_id, list(latest.values()))
        last = changes[-1]
        self._position = replace(
            self._position, sequence=last.sequence, document_id=last.document_id, version_id=last.version_id
        )
        await self._in_writer(partial(write_position, self._folder, self._position))

    async def _apply_to(self, shard: Shard, tenant_id: str, changes: Sequence[Change]) -> None:
        scope = Scope(tenant_id, "system", roles=("system",))
        deletes: list[str] = []
        puts: list[PassageRows] = []
        for change in changes:
            deletes.append(change.document_id)
            rows = await self._documents.rows(scope, change.document_id, change.version_id)
            if rows is not None and change.kind == "put":
                puts.append(rows)
            if sum(len(put.passages) for put in puts) >= BATCH_PASSAGES:
                await self._in_writer(partial(shard.apply, puts, deletes))
                puts, deletes = [], []
        await self._in_writer(partial(shard.apply, puts, deletes))

    async def tidy(self) -> None:
        """Take out of the shards what deletions have left there, where it is much or has been there for long."""
        async with self._following:
            for shard in list(self._shards.values()):
                await self._in_writer(shard.purge)
        if any(shard.holes > max(FEW_HOLES, shard.passages) for shard in self._shards.values()):
            await self.rebuild()

    async def _switch_to(self, fresh: LocalIndex) -> None:
        """Take over the closed files of another index, and forget the own ones once nobody searches them."""
        old, former = self._shards, self._folder / self._position.shards
        self._shards = await self._in_writer(partial(self._adopt, fresh))
        self._settled.set()
        while any(shard in self._users for shard in old.values()):
            self._freed.clear()
            await self._freed.wait()
        await self._in_writer(partial(_discard, list(old.values()), former))

    @contextlib.contextmanager
    def _using(self, shard: Shard) -> Generator[None]:
        """Keep a shard's files open."""
        self._users[shard] += 1
        try:
            yield
        finally:
            self._users[shard] -= 1
            if not self._users[shard]:
                del self._users[shard]
                self._freed.set()

    async def _is_of_this_store(self) -> bool:
        """Whether the change that the index has come to is the store's own; a restored store has another."""
        at = self._position
        if not at.sequence:
            return True
        found = await self._documents.changes(SYSTEM, at.sequence - 1, 1)
        return bool(found) and (found[0].sequence, found[0].document_id, found[0].version_id) == (
            at.sequence,
            at.document_id,
            at.version_id,
        )

    async def _in_searcher(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._searchers, work)

    async def _in_writer(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def _load(self) -> None:
        position = read_position(self._folder)
        if position is None:
            return self._clear()
        self._position = position
        if position.embedder != self._embedder.name:
            return self._take_over(position)
        for folder in self._folder.iterdir():
            # A rebuild that was cut short, or what a finished one did not come to remove.
            if folder.is_dir() and folder.name != position.shards:
                shutil.rmtree(folder)
        self._shards = self._open_shards(position.shards)
        return None

    def _take_over(self, former: Position) -> None:
        """Finish a switch to this embedder that was cut short after the store had made it."""
        fresh = LocalIndex(self._folder / NEXT, self._documents, self._embedder)
        left = read_position(fresh._folder)
        if left is None or left.embedder != self._embedder.name:
            raise EmbedderMismatch(
                f"the index in {self._folder} was made by {former.embedder}, not {self._embedder.name}; leave"
                " MULTIDB_EMBEDDER unset, or change the embedder with `multidb documents reembed`"
            )
        fresh._position = left
        self._shards = self._adopt(fresh)
        shutil.rmtree(self._folder / former.shards, ignore_errors=True)

    def _clear(self) -> None:
        self._close_shards()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._position = Position(self._embedder.name)
        (self._folder / self._position.shards).mkdir(parents=True)
        write_position(self._folder, self._position)

    def _adopt(self, fresh: LocalIndex) -> dict[str, Shard]:
        name = f"shards-{int(self._position.shards.partition('-')[2] or 1) + 1}"
        (fresh._folder / fresh._position.shards).rename(self._folder / name)
        shards = self._open_shards(name)
        position = replace(fresh._position, shards=name)
        write_position(self._folder, position)
        self._position = position
        shutil.rmtree(fresh._folder)
        return shards

    def _open_shards(self, name: str) -> dict[str, Shard]:
        folders = sorted((self._folder / name).iterdir())
        return {(folder / "tenant").read_text("utf-8"): self._shard(folder) for folder in folders}

    def _open_shard(self, tenant_id: str) -> Shard:
        folder = self._folder / self._position.shards / digest(tenant_id)
        folder.mkdir(exist_ok=True)
        (folder / "tenant").write_text(tenant_id, "utf-8")
        shard = self._shards[tenant_id] = self._shard(folder)
        return shard

    def _shard(self, folder: Path) -> Shard:
        return Shard(folder, self._embedder.dimension, self._postings)

    def _close_shards(self) -> None:
        for shard in self._shards.values():
            shard.close()
        self._shards.clear()


@asynccontextmanager
async def open_index(folder: Path, documents: DocumentStore, embedder: Embedder) -> AsyncGenerator[LocalIndex]:
    """Open the index of a folder and follow the store until the end; a few missed changes are applied at once.

    Raises:
        EmbedderMismatch: the folder was made by another embedder.
    """
    index = LocalIndex(folder, documents, embedder)
    follower: asyncio.Task[None] | None = None
    try:
        await index.open()
        if (await index.status()).behind <= BATCH_CHANGES:
            await index.catch_up()
        follower = asyncio.create_task(index.follow())
        yield index
    finally:
        if follower is not None:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower
        await index.close()


def _discard(shards: Sequence[Shard], folder: Path) -> None:
    for shard in shards:
        shard.close()
    shutil.rmtree(folder, ignore_errors=True)


def _ranked(shard: Shard, scope: Scope, query: SearchQuery) -> _Ranked:
    result = shard.search(scope, query)
    return _Ranked(shard, result, shard.describe(result, 0, query.top_k))
