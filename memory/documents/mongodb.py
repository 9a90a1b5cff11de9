"""The DocumentStore in MongoDB, on single-document updates and unique keys only: see `mongodb_log` for how.

What is new is written first, under a name that nothing refers to; one insert into the log commits it. Readers see a
source before or after, never between: it is one document.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from pymongo import IndexModel

from memory.document_ports import Lacking, Maker, VectorSets, Version
from memory.documents import mongodb_plans as plans
from memory.documents import mongodb_rows as rows
from memory.documents import mongodb_staging as staging
from memory.documents import mongodb_vectors as vectors_of
from memory.documents.checks import KEPT_VERSIONS, check_limit, check_shape, check_system
from memory.documents.mongodb_log import CONTENTS, PASSAGES, SOURCES, STEPS, TEXTS, Log, Step, drop
from memory.documents.mongodb_plans import Item, Place
from memory.errors import InvalidInput, NotFound, StoreUnavailable
from memory.mongodb import Mongo, Row
from memory.ports import PassageRows, Vectors
from memory.records import SYSTEM, Change, Document, DocumentSummary, Kept, Page, Passage, Scope

logger = logging.getLogger(__name__)

Plan = Callable[[Place], Awaitable[Step]]
INDEXES = {
    SOURCES: (
        ("tenant", "document_id"),
        ("tenant", "source"),
        ("tenant", "content"),
        ("tenant", "readers"),
        ("tenant", "twin"),
        ("tenant", "asides.content"),
        ("document_id", "version_id"),
    ),
    CONTENTS: (("kept", "made_at"),),
    TEXTS: (("content", "piece"),),
    PASSAGES: (("tenant", "passage_id"), ("content", "ordinal"), ("made",)),
    STEPS: (("last",),),
}
ATTEMPTS = 5
"""How often a read begins anew because what it was reading has been replaced."""


class _Done(NamedTuple):
    """A step that was committed or had nothing to commit; with step.lacks it was neither."""

    step: Step
    sequence: int

    @property
    def kept(self) -> Kept:
        return replace(self.step.answer, sequence=self.sequence)


class MongoDocuments:
    """A DocumentStore. Made by `open_documents`."""

    def __init__(self, mongo: Mongo, kept_versions: int) -> None:
        """Take a database whose indexes exist, and how many versions of a document to keep."""
        self._mongo = mongo
        self._log = Log(mongo)
        self._kept_versions = kept_versions
        # Steps of one process wait for each other here instead of taking the place from each other.
        self._writing = asyncio.Lock()

    async def put(
        self, scope: Scope, document: Document, passages: Sequence[Passage], vectors: Vectors, embedder: str
    ) -> Kept:
        """Keep a document with its passages, setting the source's former version aside, in one step."""
        check_shape(document, passages, vectors)
        item = Item(document, passages, vectors, embedder, self._kept_versions)

        async def stage(content_id: str) -> str:
            return await staging.stage(self._mongo, scope.tenant_id, item)

        return (await self._write_staged(scope, partial(plans.put, item=item), stage)).kept

    async def get(self, scope: Scope, document_id: str) -> Document:
        """Return a document by its id or an alias's; NotFound if absent or not readable."""
        return await self._find(scope, "document_id", document_id)

    async def by_source(self, scope: Scope, source: str) -> Document:
        """Return the document that a source (or an alias) stands for; NotFound if none."""
        return await self._find(scope, "source", source)

    async def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[DocumentSummary]:
        """List readable documents by source, of sources that start with a prefix; the cursor is a source."""
        check_limit(limit)
        prefix = rows.key(prefix)
        above: Row = {"$gte": prefix} if after is None else {"$gte": prefix, "$gt": rows.key(after)}
        async with self._mongo.within():
            query = self._mongo[SOURCES].find({**rows.readable(scope), "source": above})
            found = [row async for row in query.sort("source").limit(limit + 1)]
        # Sources with a prefix are next to each other.
        items = tuple(rows.summary(row) for row in found if row["source"].startswith(prefix))
        return Page(items[:limit], items[limit - 1].source if len(items) > limit else None)

    async def delete(self, scope: Scope, document_id: str) -> None:
        """Forget a source with its versions; its content goes with the last source. NotFound if there is none."""
        await self._write(scope, partial(plans.delete, document_id=document_id))

    async def versions(self, scope: Scope, document_id: str) -> Sequence[Version]:
        """Return the kept versions: the current one, then the latest set aside first. NotFound."""
        async with self._mongo.within():
            return plans.listing(await plans.source(self._mongo, scope, document_id))

    async def version(self, scope: Scope, document_id: str, version_id: str) -> Document:
        """Return a kept version, readable by whoever may read the document now. NotFound."""
        async with self._mongo.within():
            here = await plans.source(self._mongo, scope, document_id)
        if here["version_id"] == version_id:
            return await self.get(scope, document_id)
        async with self._mongo.within():
            return await plans.version_document(self._mongo, here, plans.aside_of(here, version_id))

    async def rollback(self, scope: Scope, document_id: str, version_id: str) -> Kept:
        """Make a kept version the current one, in one step. NotFound."""
        plan = partial(plans.rollback, document_id=document_id, version_id=version_id)
        return (await self._write_staged(scope, plan, partial(staging.stage_copy, self._mongo))).kept

    async def passages(self, scope: Scope, passage_ids: Sequence[str]) -> Sequence[Passage]:
        """Return the readable ones of these passages, in the order asked for; others are left out."""
        async with self._mongo.within():
            found = await rows.passages_by_id(self._mongo, scope, passage_ids)
        return [found[name].passage for name in passage_ids if name in found]

    async def around(self, scope: Scope, passage_id: str, before: int, after: int) -> Sequence[Passage]:
        """Return a passage with its neighbours in reading order; NotFound if it is gone."""
        if before < 0 or after < 0:
            raise InvalidInput("before and after count passages; they cannot be negative")
        async with self._mongo.within():
            found = (await rows.passages_by_id(self._mongo, scope, [passage_id])).get(passage_id)
            if found is None:
                raise NotFound(f"no passage {passage_id!r}")
            return await rows.neighbours(self._mongo, scope, found, before, after)

    async def changes(self, scope: Scope, after: int, limit: int) -> Sequence[Change]:
        """Changes of all tenants above `after`, in order, without a gap; none unless the scope is the system's."""
        if "system" not in scope.roles:
            return []
        async with self._mongo.within():
            return await self._log.changes(after, limit)

    async def rows(
        self, scope: Scope, document_id: str, version_id: str, embedder: str | None = None
    ) -> PassageRows | None:
        """What an index needs of a version, None if it is no longer the document's or the scope not the system's.

        A system scope that names a tenant looks in that tenant only.
        """
        if "system" not in scope.roles:
            return None
        async with self._mongo.within():
            return await vectors_of.version_rows(self._mongo, scope, document_id, version_id, embedder)

    async def last_sequence(self, scope: Scope) -> int:
        """The sequence of the newest change, 0 if there is none."""
        async with self._mongo.within():
            return (await self._log.head()).sequence

    async def owns(self, scope: Scope) -> bool:
        """Whether a current document belongs to this user."""
        async with self._mongo.within():
            return await rows.owns(self._mongo, scope)

    async def vector_sets(self, scope: Scope) -> VectorSets:
        """Whose vectors are held, and how far the next ones are."""
        async with self._mongo.within():
            return await vectors_of.vector_sets(self._mongo)

    async def begin_vectors(self, scope: Scope, maker: Maker) -> None:
        """Begin with another embedder's vectors; with the current one's, those beside are removed bit by bit."""
        check_system(scope)
        sets = (await self._write(scope, lambda place: vectors_of.begin(place.mongo, maker))).step.answer
        after: str | None = None if sets.next else ""
        while after is not None:
            async with self._mongo.within():
                after = await vectors_of.clear_some(self._mongo, sets, after)

    async def lacking(self, scope: Scope, limit: int) -> Sequence[Lacking]:
        """Some passages without a vector of the next embedder."""
        check_system(scope)
        async with self._mongo.within():
            return await vectors_of.lacking(self._mongo, limit)

    async def add_vectors(self, scope: Scope, embedder: str, passages: Sequence[Lacking], vectors: Vectors) -> None:
        """Keep vectors of the next embedder."""
        check_system(scope)
        async with self._mongo.within():
            await vectors_of.add(self._mongo, embedder, passages, vectors)

    async def switch_vectors(self, scope: Scope, embedder: str) -> bool:
        """Make the next embedder the current one; False if passages lack its vectors."""
        check_system(scope)
        return (await self._write(scope, lambda place: vectors_of.switch(place.mongo, embedder))).step.answer

    async def sweep(self) -> None:
        """Remove what writers that ended in the middle left behind an hour ago or earlier."""
        while (await self._write(SYSTEM, staging.abandoned)).step.answer:
            pass

    async def _find(self, scope: Scope, field: str, value: str) -> Document:
        async with self._mongo.within():
            for _ in range(ATTEMPTS):
                here = await rows.find_source(self._mongo, scope, field, value)
                if here is None:
                    raise NotFound(f"no document {value!r}")
                if (found := await rows.document_of(self._mongo, here)) is not None:
                    return found
        raise StoreUnavailable(f"{value!r} is being replaced again and again")

    async def _write(self, scope: Scope, plan: Plan, staged: str | None = None) -> _Done:
        """Plan and commit until nobody else has been quicker."""
        async with self._mongo.within(), self._writing:
            while True:
                head = await self._log.head()
                step = await plan(Place(self._mongo, scope, head, staged))
                if step.lacks is not None or step.is_empty:
                    return _Done(step, head.sequence)
                if (sequence := await self._log.commit(head, step)) is not None:
                    return _Done(step, sequence)

    async def _write_staged(self, scope: Scope, plan: Plan, stage: Callable[[str], Awaitable[str]]) -> _Done:
        """Do a step that may need a content to be staged first."""
        done, staged = await self._write(scope, plan), None
        while done.step.lacks is not None:
            staged = await stage(done.step.lacks)
            done = await self._write(scope, plan, staged)
        if staged is not None and done.step.keeps != staged:
            async with self._mongo.within():
                await drop(self._mongo, [staged])
        return done


async def open_documents(mongo: Mongo, kept_versions: int = KEPT_VERSIONS) -> MongoDocuments:
    """Make the indexes if they are not there, remove what was left behind, and return the store."""
    for collection, indexes in INDEXES.items():
        async with mongo.within():
            held = {
                tuple(field for field, _ in one["key"])
                for one in (await mongo[collection].index_information()).values()
            }
            if lacking := [IndexModel([(field, 1) for field in fields]) for fields in indexes if fields not in held]:
                await mongo[collection].create_indexes(lacking)
    store = MongoDocuments(mongo, kept_versions)
    await store.sweep()
    return store
