"""What putting, rolling back and deleting a document do to the MongoDB store, planned on what is there now.

Nothing is written here: a plan is a `Step` for the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from memory.document_ports import Maker, Version
from memory.documents import mongodb_rows as rows
from memory.documents.mongodb_log import CONTENTS, SOURCES, Changed, Head, Step
from memory.documents.mongodb_sets import Sets
from memory.errors import Conflict, NotFound
from memory.mongodb import Mongo, Row
from memory.ports import Vectors
from memory.records import Document, Kept, Passage, Scope


class Item(NamedTuple):
    """What is to be put. keep: how many versions, the current one among them."""

    document: Document
    passages: Sequence[Passage]
    vectors: Vectors
    embedder: str
    keep: int


class Place(NamedTuple):
    """The state that a step is planned on."""

    mongo: Mongo
    scope: Scope
    head: Head
    staged: str | None = None
    """A content that was written for this step."""


class Brought(NamedTuple):
    """A source's number, brought and asides from now on. aside: the version that it goes back to, if it does."""

    number: int
    version_id: str
    asides: list[Row]
    aside: Row | None = None


ASIDE = ["content", "version_id", "title", "number", "characters", "passages", "twin", "created_at", "updated_at"]
"""What is kept of a source's version that is set aside."""


async def put(place: Place, item: Item) -> Step:
    """Plan to keep a document, setting the source's former version aside."""
    document = item.document
    here, sets = await asyncio.gather(
        rows.find_source(place.mongo, place.scope, "document_id", document.document_id), Sets.read(place.mongo)
    )
    first = sets.held_to(Maker(item.embedder, item.vectors.shape[1]))
    if here is None and await rows.is_taken(place.mongo, place.scope, document):
        # Another writer may have brought it between the two looks: theirs only if it is still not to be seen.
        here = await rows.find_source(place.mongo, place.scope, "document_id", document.document_id)
        if here is None:
            raise Conflict(f"{document.source!r} is kept already and not yours to replace")
    if here is not None and _is_known(here, document):
        answer = Kept("unchanged", await _filed_under(place, here), here["version_id"], 0)
        is_noted = here["brought"] == document.version_id
        return Step(answer, writes=() if is_noted else ((SOURCES, {**here, "brought": document.version_id}),))
    step = await _stand_for(place, here, document, _brought(here, item))
    return step if first is None else replace(step, writes=(*step.writes, first))


async def rollback(place: Place, document_id: str, version_id: str) -> Step:
    """Plan to make a version that is set aside the current one."""
    here = await source(place.mongo, place.scope, document_id)
    if here["version_id"] == version_id:
        return Step(Kept("unchanged", await _filed_under(place, here), version_id, 0))
    aside = aside_of(here, version_id)
    held = await version_document(place.mongo, here, aside)
    others = [kept for kept in here["asides"] if kept is not aside]
    brought = Brought(aside["number"], here["brought"], [_aside(here), *others], aside)
    return await _stand_for(place, here, held, brought)


async def delete(place: Place, document_id: str) -> Step:
    """Plan to forget a source with its versions."""
    here = await source(place.mongo, place.scope, document_id)
    gone: Row = {"_id": here["_id"]}
    return Step(
        changes=await _withdrawn(place, here),
        writes=((SOURCES, gone),),
        drops=await _released(place, here, gone),
    )


async def source(mongo: Mongo, scope: Scope, document_id: str) -> Row:
    """Return a readable source or raise NotFound."""
    here = await rows.find_source(mongo, scope, "document_id", document_id)
    if here is None:
        raise NotFound(f"no document {document_id!r}")
    return here


def aside_of(here: Row, version_id: str) -> Row:
    """Return a version of a source that is set aside or raise NotFound."""
    for aside in here["asides"]:
        if aside["version_id"] == version_id:
            return aside
    raise NotFound(f"no version {version_id!r} of {here['source']!r} is kept")


async def version_document(mongo: Mongo, here: Row, aside: Row) -> Document:
    """Return a version that is set aside as a document of its source, with the access of now."""
    filed = {**here, **{name: aside[name] for name in ("title", "created_at", "updated_at")}}
    content = await mongo[CONTENTS].find_one({"_id": aside["content"], "tenant": here["tenant"]})
    text = None if content is None else await rows.text_of(mongo, content)
    if content is None or text is None:
        raise NotFound(f"no version {aside['version_id']!r} of {here['source']!r} is kept")
    return rows.document(filed, content, text)


def listing(here: Row) -> Sequence[Version]:
    """Return what is kept of a source: the current version first, then the latest set aside."""
    return [_version(here, is_current=True), *(_version(aside, is_current=False) for aside in here["asides"])]


async def _stand_for(place: Place, here: Row | None, document: Document, brought: Brought) -> Step:
    """Plan that a source stands for a document: for its twin's content, for one set aside, or for the staged one."""
    tenant_id = place.scope.tenant_id
    twin = await _twin(place, document)
    content = _named(twin) if twin else await _content(place, brought.aside)
    if content is None:
        return Step(lacks=brought.aside["content"] if brought.aside else "")
    row = rows.source_row(tenant_id, document, content, place.head.number + 1)
    row |= {"number": brought.number, "brought": brought.version_id, "asides": brought.asides}
    changes = await _withdrawn(place, here) if here else ()
    if twin is None:
        changes = (*changes, Changed("put", tenant_id, document.document_id, document.version_id))
    answer = Kept("alias" if twin else "kept", (twin or row)["document_id"], document.version_id, 0)
    drops = await _released(place, here, row) if here else ()
    return Step(answer, changes, ((SOURCES, row),), content["_id"] if content["_id"] == place.staged else None, drops)


async def _twin(place: Place, document: Document) -> Row | None:
    """Return the oldest other source whose content can stand for a document too."""
    own = rows.source_id(place.scope.tenant_id, document.document_id)
    query = {"tenant": place.scope.tenant_id, "twin": rows.twin(document), "_id": {"$ne": own}}
    return await rows.oldest(place.mongo, query)


async def _content(place: Place, aside: Row | None) -> Row | None:
    """Return the content to stand for: one set aside, unless others stand for it with other readers; or the staged."""
    if place.staged is not None:
        query = {"_id": place.staged, "tenant": place.scope.tenant_id}
        return await place.mongo[CONTENTS].find_one(query, {"characters": 1, "passages": 1})
    if aside is None:
        return None
    shared = await rows.oldest(place.mongo, {"tenant": place.scope.tenant_id, "content": aside["content"]})
    return _named(aside) if shared is None else None


async def _withdrawn(place: Place, here: Row) -> tuple[Changed, ...]:
    """Return what followers see when a source ceases to stand for its content: nothing if it was an alias."""
    others = {"tenant": here["tenant"], "content": here["content"], "_id": {"$ne": here["_id"]}}
    heir = await rows.oldest(place.mongo, others)
    if heir is not None and heir["added"] < here["added"]:
        return ()
    gone = Changed("delete", here["tenant"], here["document_id"], here["version_id"])
    return (gone,) if heir is None else (gone, Changed("put", here["tenant"], heir["document_id"], here["version_id"]))


async def _released(place: Place, here: Row, then: Row) -> tuple[str, ...]:
    """Return the contents that nothing names any more once a source is as it will be then."""
    released = _contents(here) - _contents(then)
    for name in ("content", "asides.content"):
        query = {"tenant": here["tenant"], name: {"$in": sorted(released)}, "_id": {"$ne": here["_id"]}}
        if released:
            async for other in place.mongo[SOURCES].find(query):
                released -= _contents(other)
    return tuple(sorted(released))


def _contents(row: Row) -> set[str]:
    asides: list[Row] = row.get("asides", [])
    return {aside["content"] for aside in asides} | ({row["content"]} if "content" in row else set())


def _is_known(here: Row, document: Document) -> bool:
    """Whether a source brings what it brought last, or what is current already."""
    held: Row | None = here
    if document.version_id == here["brought"] != here["version_id"]:
        held = next((aside for aside in here["asides"] if aside["version_id"] == document.version_id), None)
    same = (document.version_id, rows.key(document.title), rows.twin(document))
    return held is not None and (held["version_id"], held["title"], held["twin"]) == same


def _brought(here: Row | None, item: Item) -> Brought:
    version_id = item.document.version_id
    if here is None:
        return Brought(1, version_id, [])
    is_new = here["version_id"] != version_id
    number = max([here["number"], *(aside["number"] for aside in here["asides"])]) + 1 if is_new else here["number"]
    asides = [_aside(here), *here["asides"]] if is_new else here["asides"]
    return Brought(number, version_id, [kept for kept in asides[: item.keep - 1] if kept["version_id"] != version_id])


async def _filed_under(place: Place, here: Row) -> str:
    filed = await rows.oldest(place.mongo, {"tenant": here["tenant"], "content": here["content"]})
    return (filed or here)["document_id"]


def _aside(here: Row) -> Row:
    return {name: here[name] for name in ASIDE}


def _named(row: Row) -> Row:
    return {"_id": row["content"], "characters": row["characters"], "passages": row["passages"]}


def _version(row: Row, *, is_current: bool) -> Version:
    return Version(
        number=row["number"],
        version_id=row["version_id"],
        title=row["title"],
        characters=row["characters"],
        passages=row["passages"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
        is_current=is_current,
    )
