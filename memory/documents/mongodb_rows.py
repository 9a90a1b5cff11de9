"""Records of the MongoDB document store as BSON, and the queries that find them. Every one names the tenant.

A source is one document: who may read it, which content it stands for, and its versions set aside. Contents never
change; several sources may stand for one, and it is filed under the oldest of them. A source that is gone leaves its
_id behind, so that no late writer brings it back.

Texts are strings, but for those with half a surrogate pair, which BSON cannot hold: they are bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from memory.documents.mongodb_log import CONTENTS, PASSAGES, SOURCES, TEXTS
from memory.documents.mongodb_sets import PLACES
from memory.ids import digest
from memory.mongodb import Mongo, Row
from memory.records import Access, Document, DocumentSummary, Passage, Scope

NO_VECTORS = dict.fromkeys(PLACES, 0)
PIECE = 2_000_000
"""Characters of a document's text in one stored document: at most 8 MB of the 16 that MongoDB allows."""


class Filed(NamedTuple):
    """A passage, as of the document that its content is filed under."""

    passage: Passage
    content: str


def readable(scope: Scope) -> Row:
    """Return the part of a query that asks for the scope's tenant and for what the scope may read."""
    return {"tenant": scope.tenant_id, "readers": {"$in": ["*", *readers(Access(scope.user_id, scope.groups))]}}


def readers(access: Access) -> list[str]:
    """Return who may read, as it is stored: users, groups, or everybody in the tenant."""
    owner = [] if access.owner is None else [f"user:{access.owner}"]
    return [*owner, *(f"group:{group}" for group in sorted(access.groups))] or ["*"]


async def owns(mongo: Mongo, scope: Scope) -> bool:
    """Return whether a source of a current document belongs to this user."""
    (reader,) = readers(Access(scope.user_id))
    return await mongo[SOURCES].find_one({"tenant": scope.tenant_id, "readers": reader}, {"_id": 1}) is not None


async def find_source(mongo: Mongo, scope: Scope, field: str, value: str) -> Row | None:
    """Return a readable source by `document_id` or `source`."""
    return await mongo[SOURCES].find_one({**readable(scope), field: key(value)})


async def is_taken(mongo: Mongo, scope: Scope, document: Document) -> bool:
    """Whether the id or the source is in use by something that the scope cannot read, or that is not this source."""
    same = [{"document_id": document.document_id}, {"source": key(document.source)}]
    found = await mongo[SOURCES].find_one({"tenant": scope.tenant_id, "$or": same}, {"_id": 1})
    return found is not None


async def oldest(mongo: Mongo, query: Row) -> Row | None:
    """Return the source of a query that has stood for its content the longest."""
    async for row in mongo[SOURCES].find(query).sort("added").limit(1):
        return row
    return None


async def document_of(mongo: Mongo, here: Row) -> Document | None:
    """Return what a source stands for, as the document that it is filed under; None if it has changed meanwhile."""
    filed = await oldest(mongo, {"tenant": here["tenant"], "content": here["content"]})
    content = await mongo[CONTENTS].find_one({"_id": here["content"], "tenant": here["tenant"]})
    text = None if content is None else await text_of(mongo, content)
    if filed is None or content is None or text is None:
        return None
    return document(filed, content, text)


async def text_of(mongo: Mongo, content: Row) -> str | None:
    """Return a content's text, None if some of it is gone."""
    if not content["pieces"]:
        return unpacked(content["text"])
    found = mongo[TEXTS].find({"content": content["_id"]}).sort("piece")
    pieces = [unpacked(piece["text"]) async for piece in found]
    return "".join([unpacked(content["text"]), *pieces]) if len(pieces) == content["pieces"] else None


async def passages_by_id(mongo: Mongo, scope: Scope, passage_ids: Sequence[str]) -> dict[str, Filed]:
    """Return the readable ones of some passages, each with its content."""
    query = {"tenant": scope.tenant_id, "passage_id": {"$in": list(passage_ids)}}
    rows = [row async for row in mongo[PASSAGES].find(query, NO_VECTORS)]
    contents = list({row["content"] for row in rows})
    filed: Row = {}
    async for source in mongo[SOURCES].find({**readable(scope), "content": {"$in": contents}}).sort("added"):
        filed.setdefault(source["content"], source["document_id"])
    return {
        row["passage_id"]: Filed(passage(row, filed[row["content"]]), row["content"])
        for row in rows
        if row["content"] in filed
    }


async def neighbours(mongo: Mongo, scope: Scope, found: Filed, before: int, after: int) -> Sequence[Passage]:
    """Return a passage that was found with its neighbours in reading order."""
    middle = found.passage.ordinal
    query = {
        "tenant": scope.tenant_id,
        "content": found.content,
        "ordinal": {"$gte": middle - before, "$lte": middle + after},
    }
    rows = mongo[PASSAGES].find(query, NO_VECTORS).sort("ordinal")
    return [passage(row, found.passage.document_id) async for row in rows]


def source_row(tenant_id: str, item: Document, content: Mapping[str, Any], at: int) -> Row:
    """Return a source that stands for a content since step `at`; content: its _id, characters and passages.

    Its number, brought and asides are the caller's to add.
    """
    now = datetime.now(UTC)
    return {
        "_id": source_id(tenant_id, item.document_id),
        "tenant": tenant_id,
        "source": key(item.source),
        "document_id": item.document_id,
        "title": key(item.title),
        "readers": readers(item.access),
        "owner": item.access.owner,
        "groups": sorted(item.access.groups),
        "collection": item.collection,
        "twin": twin(item),
        "version_id": item.version_id,
        "content": content["_id"],
        "media_type": item.media_type,
        "characters": content["characters"],
        "passages": content["passages"],
        "added": at,
        "created_at": (item.created_at or now).isoformat(),
        "updated_at": (item.updated_at or now).isoformat(),
    }


def source_id(tenant_id: str, document_id: str) -> str:
    """Return the _id of a source; it shows neither its tenant nor its name."""
    return digest(tenant_id, document_id)


def twin(item: Document) -> str:
    """Return what two documents share if one can stand for the other: content, readers, collection, metadata."""
    access = (item.access.owner is None, item.access.owner or "", sorted(item.access.groups))
    return digest(item.version_id, json.dumps(access), item.collection, _metadata(item))


def content_row(tenant_id: str, content_id: str, item: Document, passages: int) -> Row:
    """Return a content that nothing names yet; its passages and further pieces of its text follow."""
    return {
        "_id": content_id,
        "tenant": tenant_id,
        "version_id": item.version_id,
        "media_type": item.media_type,
        "language": item.language,
        "metadata": _metadata(item),
        "characters": len(item.text),
        "passages": passages,
        "text": packed(item.text[:PIECE]),
        "pieces": max(0, -(-len(item.text) // PIECE) - 1),
        "kept": False,
        "made_at": datetime.now(UTC),
    }


def text_rows(content_id: str, item: Document) -> list[Row]:
    """Return the pieces of a text after the first."""
    return [
        {
            "_id": f"{content_id}:{piece}",
            "content": content_id,
            "piece": piece,
            "text": packed(item.text[at : at + PIECE]),
        }
        for piece, at in enumerate(range(PIECE, len(item.text), PIECE), 1)
    ]


def passage_row(tenant_id: str, content_id: str, item: Passage) -> Row:
    """Return a passage of a content, without a vector."""
    return {
        "_id": f"{content_id}:{item.ordinal}",
        "tenant": tenant_id,
        "content": content_id,
        "passage_id": item.passage_id,
        "document_id": item.document_id,
        "version_id": item.version_id,
        "ordinal": item.ordinal,
        "start": item.start,
        "end": item.end,
        "text": packed(item.text),
        "kind": item.kind,
        "heading": json.dumps(item.heading),
        "context": packed(item.context),
        "page": item.page,
        "row": item.row,
        "language": item.language,
        "fields": json.dumps(item.fields),
    }


def passage(row: Row, document_id: str) -> Passage:
    """Make the record of a stored passage; document_id: the document that its content is filed under."""
    return Passage(
        passage_id=row["passage_id"],
        document_id=document_id,
        version_id=row["version_id"],
        ordinal=row["ordinal"],
        start=row["start"],
        end=row["end"],
        text=unpacked(row["text"]),
        kind=row["kind"],
        heading=tuple(json.loads(row["heading"])),
        context=unpacked(row["context"]),
        page=row["page"],
        row=row["row"],
        language=row["language"],
        fields=tuple((name, value) for name, value in json.loads(row["fields"])),
    )


def document(filed: Row, content: Row, text: str) -> Document:
    """Make the record of a content, as of the source that it is filed under."""
    return Document(
        document_id=filed["document_id"],
        version_id=content["version_id"],
        source=filed["source"],
        title=filed["title"],
        text=text,
        media_type=content["media_type"],
        language=content["language"],
        collection=filed["collection"],
        access=Access(filed["owner"], tuple(filed["groups"])),
        metadata=json.loads(content["metadata"]),
        created_at=datetime.fromisoformat(filed["created_at"]),
        updated_at=datetime.fromisoformat(filed["updated_at"]),
    )


def summary(row: Row) -> DocumentSummary:
    """Make a line of a listing of a source."""
    return DocumentSummary(
        document_id=row["document_id"],
        version_id=row["version_id"],
        source=row["source"],
        title=row["title"],
        media_type=row["media_type"],
        collection=row["collection"],
        characters=row["characters"],
        passages=row["passages"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
        versions=1 + len(row["asides"]),
        brought=row["brought"],
    )


def packed(text: str) -> str | bytes:
    """Return a text as BSON can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def unpacked(stored: str | bytes) -> str:
    """Return the text that was packed."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")


def key(text: str) -> str:
    """Return a source or title as every store keeps it: without NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _metadata(item: Document) -> str:
    return json.dumps(dict(item.metadata), sort_keys=True)
