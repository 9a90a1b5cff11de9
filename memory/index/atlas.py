"""The PassageIndex inside MongoDB (Atlas, or a server with mongot): `$vectorSearch`, `$search` and `$rankFusion`.

It has rows of its own, derived from a document store by the sequence of its changes, in a collection beside the
documents'. The passages of the hits are read from the store, which also decides whether they may be shown: MongoDB's
search indexes lag behind. docs/decisions/atlas.md has the reasons.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic

from memory.errors import DimensionMismatch, EmbedderMismatch, InvalidInput, StoreError, StoreUnavailable
from memory.index import atlas_position as position
from memory.index.atlas_building import build, drop_indexes_but, queryable, until_queryable
from memory.index.atlas_definitions import VERSION
from memory.index.atlas_following import Follower
from memory.index.atlas_position import Generation
from memory.index.atlas_search import Place, Ranked, search
from memory.mongodb import Mongo, open_mongodb
from memory.ports import DocumentStore, Embedder, SearchQuery, SearchResult
from memory.records import SYSTEM, Hit, IndexStatus, Scope

logger = logging.getLogger(__name__)

MAX_TOP_K = 200
POLL_S = 1.0
VISIBLE_S = 30.0
"""How long `catch_up` waits until searches see what was applied; an index that replaces another, a hundred times."""
LOOK_S = 0.05
GRACE_S = 30.0
"""How long after a switch a query may still come with the former embedder's vector, and the former rows are kept."""
RANK_FUSION = (8, 0)
"""The server's version that first has $rankFusion."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an index lives. fuses: whether the server merges both sides."""

    mongo: Mongo
    name: str
    fuses: bool


class AtlasIndex:
    """A PassageIndex. Made by `open_index`."""

    def __init__(self, home: Home, documents: DocumentStore, embedder: Embedder, generation: Generation) -> None:
        """Take what is live; reads nothing."""
        self._home = home
        self._documents = documents
        self._embedder = embedder
        self._follower = Follower(home.mongo, documents, generation)
        self._following = asyncio.Lock()
        self._rebuilding = asyncio.Lock()
        self._settled = asyncio.Event()
        self._settled.set()
        self._switched_at = float("-inf")
        self._replaced = ""
        self._former: list[tuple[float, Generation]] = []

    async def search(self, scope: Scope, query: SearchQuery) -> SearchResult:
        """Return the best passages that the scope may read and the store still has."""
        if not 1 <= query.top_k <= MAX_TOP_K:
            raise InvalidInput(f"top_k must be 1 to {MAX_TOP_K}")
        await self._settled.wait()
        if self._replaced:
            # MongoDB answers nothing, not an error, where an index is gone.
            raise StoreUnavailable(f"another process embedded everything with {self._replaced}: start this one again")
        if query.vector is not None and query.text and monotonic() < self._switched_at + GRACE_S:
            query = replace(query, vector=await self._embedder.embed_query(query.text))
        if query.vector is not None and query.vector.shape != (self._embedder.dimension,):
            raise DimensionMismatch(f"the query's vector must have {self._embedder.dimension} dimensions")
        at = self._follower.generation
        place = Place(self._home.mongo, at.collection, at.names, self._home.fuses)
        ranked = await search(place, scope, query)
        return SearchResult(await self._shown(scope, ranked, query.top_k), ranked.weights)

    async def catch_up(self) -> IndexStatus:
        """Apply the store's changes up to now, and wait until searches see them, VISIBLE_S at most."""
        async with self._following:
            await self._follower.apply_all()
            await _seen(self._follower, VISIBLE_S)
        return await self.status()

    async def status(self) -> IndexStatus:
        """How far searches see the store's changes."""
        follower = self._follower
        await follower.look()
        newest = await self._documents.last_sequence(SYSTEM)
        async with self._home.mongo.within():
            passages = await self._home.mongo[follower.generation.collection].count_documents({})
        behind = max(0, newest - follower.searchable)
        return IndexStatus(follower.searchable, behind, passages, follower.generation.embedder)

    async def rebuild(self) -> IndexStatus:
        """Make everything derived again from the store, beside what is there; searches see the switch at once."""
        async with self._rebuilding:
            fresh = await self._beside(self._embedder, self._documents)
            try:
                async with self._following:
                    await _complete(fresh)
                    await self._switch_to(fresh)
            except BaseException:
                await self._drop_unless_live(fresh)
                raise
        return await self.catch_up()

    async def switch(
        self, embedder: Embedder, documents: DocumentStore, commit: Callable[[], Awaitable[bool]]
    ) -> IndexStatus:
        """Build beside what is there with another embedder's vectors, and take over; searches wait for the moment."""
        async with self._rebuilding:
            fresh = await self._beside(embedder, documents)
            try:
                while not await self._replaced_by(fresh, embedder, commit):
                    pass
            except BaseException:
                await self._drop_unless_live(fresh)
                raise
        return await self.catch_up()

    async def follow(self) -> None:
        """Catch up again and again, until cancelled."""
        while True:
            try:
                await self._take_live()
                async with self._following:
                    await self._follower.apply_all()
                await self._follower.look()
                await self._forget_former()
            except StoreError:
                logger.exception("the index could not follow the store; it tries again")
            await asyncio.sleep(POLL_S)

    async def open(self) -> None:
        """Begin again if what is there is of another store, as after a restore."""
        if not await self._follower.is_of_this_store():
            await self.rebuild()

    async def _shown(self, scope: Scope, ranked: Ranked, top_k: int) -> tuple[Hit, ...]:
        """Read the passages of the best rows; where the store no longer shows one, the next takes its place."""
        hits: list[Hit] = []
        at = 0
        while at < len(ranked.candidates) and len(hits) < top_k:
            found = ranked.candidates[at : at + top_k - len(hits)]
            at += len(found)
            passages = await self._documents.passages(scope, [one.passage_id for one in found])
            known = {passage.passage_id: passage for passage in passages}
            for one in found:
                if (passage := known.get(one.passage_id)) is not None:
                    hits.append(one.hit(passage, len(hits) + 1))
        return tuple(hits)

    async def _beside(self, embedder: Embedder, documents: DocumentStore) -> Follower:
        """Return a new generation with everything that the store has now, searchable."""
        name = await position.fresh_name(self._home.mongo, self._home.name)
        fresh = Follower(self._home.mongo, documents, Generation(name, embedder.name, embedder.dimension, VERSION))
        await build(self._home.mongo, fresh.generation)
        await _complete(fresh)
        return fresh

    async def _replaced_by(self, fresh: Follower, embedder: Embedder, commit: Callable[[], Awaitable[bool]]) -> bool:
        await _complete(fresh)
        async with self._following:
            # From here on queries come with the new vectors: they wait until the new index is in its place.
            self._settled.clear()
            try:
                if not await commit():
                    return False
                self._embedder, self._switched_at = embedder, monotonic()
                await self._switch_to(fresh)
            finally:
                self._settled.set()
        return True

    async def _switch_to(self, fresh: Follower) -> None:
        """Search a complete generation from now on. The former one is dropped later: others may be searching it."""
        await position.make_live(self._home.mongo, self._home.name, fresh.generation)
        former, follower = self._follower, Follower(self._home.mongo, self._documents, fresh.generation)
        follower.searchable = fresh.searchable
        self._follower = follower
        self._former.append((monotonic(), former.generation))

    async def _drop_unless_live(self, fresh: Follower) -> None:
        if self._follower.generation.collection != fresh.generation.collection:
            await position.forget(self._home.mongo, fresh.generation)

    async def _take_live(self) -> None:
        """Search what another process has made live."""
        found = await position.live(self._home.mongo, self._home.name)
        held = self._follower.generation
        if found is None or found.collection == held.collection:
            return
        if found.embedder != held.embedder:
            self._replaced = found.embedder
            return
        async with self._following:
            self._follower = Follower(self._home.mongo, self._documents, found)

    async def _forget_former(self) -> None:
        while self._former and monotonic() > self._former[0][0] + GRACE_S:
            await position.forget(self._home.mongo, self._former[0][1])
            del self._former[0]


@asynccontextmanager
async def open_index(home: Home, documents: DocumentStore, embedder: Embedder) -> AsyncGenerator[AtlasIndex]:
    """Open what `migrate` made and follow the store until the end.

    Raises:
        EmbedderMismatch: the index holds another embedder's vectors.
        StoreUnavailable: there is no index, or an older one, or MongoDB is still building it.
    """
    generation = await _migrated(home, embedder)
    index = AtlasIndex(home, documents, embedder, generation)
    await index.open()
    follower = asyncio.create_task(index.follow())
    try:
        yield index
    finally:
        follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await follower


async def migrate(home: Home, embedder: Embedder) -> list[str]:
    """Make the search indexes as they should be now, beside live ones of another version; wait until they answer.

    Returns:
        What was made; nothing if all was there.

    Raises:
        EmbedderMismatch: the index holds another embedder's vectors.
    """
    held = await position.live(home.mongo, home.name)
    if held is None:
        name = await position.fresh_name(home.mongo, home.name)
        fresh = Generation(name, embedder.name, embedder.dimension, VERSION)
        made = await build(home.mongo, fresh)
        await position.make_live(home.mongo, home.name, fresh)
        return made
    _same_embedder(held, embedder)
    if held.version == VERSION:
        made = await build(home.mongo, held)
        await drop_indexes_but(home.mongo, held)
        return made
    # Processes of the former version go on with its indexes; the next migration drops them.
    made = await build(home.mongo, replace(held, version=VERSION))
    await position.make_live(home.mongo, home.name, replace(held, version=VERSION))
    return made


@asynccontextmanager
async def open_home(url: str, timeout_s: float = 10.0, name: str = position.INDEX) -> AsyncGenerator[Home]:
    """Connect to the database of an index and find out what its server can do."""
    async with open_mongodb(url, timeout_s) as mongo:
        async with mongo.within():
            info = await mongo[position.STATE].database.command("buildInfo")
        version = tuple(int(part) for part in info["version"].split("-")[0].split(".")[:2])
        yield Home(mongo, name, version >= RANK_FUSION)


async def _migrated(home: Home, embedder: Embedder) -> Generation:
    held = await position.live(home.mongo, home.name)
    if held is None:
        raise StoreUnavailable("MongoDB has no search index of the documents yet: run `multidb migrate`")
    _same_embedder(held, embedder)
    if held.version != VERSION:
        raise StoreUnavailable(f"the search index is of version {held.version}: run `multidb migrate`")
    if not await queryable(home.mongo, held):
        raise StoreUnavailable(
            "MongoDB is building the search indexes, or has none: run `multidb migrate`, which waits"
        )
    return held


def _same_embedder(held: Generation, embedder: Embedder) -> None:
    if (held.embedder, held.dimension) != (embedder.name, embedder.dimension):
        raise EmbedderMismatch(
            f"the search index in MongoDB was made by {held.embedder}, not {embedder.name}; leave MULTIDB_EMBEDDER"
            " unset, or change the embedder with `multidb documents reembed`"
        )


async def _complete(follower: Follower) -> None:
    """Have a generation hold, and show, everything that the store has."""
    await follower.apply_all()
    await until_queryable(follower.mongo, follower.generation)
    if not await _seen(follower, 100 * VISIBLE_S):
        raise StoreUnavailable(f"MongoDB's search does not see all of {follower.generation.collection} yet")


async def _seen(follower: Follower, limit_s: float) -> bool:
    """Wait until searches see what was applied; False if the wait is too long."""
    try:
        async with asyncio.timeout(limit_s):
            # MongoDB tells nobody when an index has come to a row.
            while not await follower.look():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        return False
    return True
