"""The work of the MongoDB document store done by hand: its commands through PyMongo, its records, nothing between."""

from __future__ import annotations

import numpy as np
from pymongo import DESCENDING

from benchmarks.corpus import DIMENSION, SCOPE
from memory.documents import mongodb_rows as rows
from memory.documents.mongodb_log import CONTENTS, PASSAGES, SOURCES, STATE, STEPS
from memory.documents.mongodb_sets import ONLY, PLACES
from memory.documents.mongodb_vectors import stored
from memory.ids import digest, new_id
from memory.records import Document, Passage

PASSAGES_EACH = 8
SENTENCE = "The lighthouse of Orrin was built in 1873 by Mathilde Aubert, and stands 41 metres tall. "
VECTORS = np.eye(PASSAGES_EACH, DIMENSION, dtype=np.float32)


def small_document(name):
    """Return a document of a few passages, with them and their vectors."""
    text = name + SENTENCE * 3
    kept = Document(digest(name), digest(name, "1"), name, name, text * PASSAGES_EACH, "text/plain", "en")
    passages = [
        Passage(digest(name, str(n)), kept.document_id, kept.version_id, n, n * len(text), (n + 1) * len(text), text)
        for n in range(PASSAGES_EACH)
    ]
    return kept, passages, VECTORS


class Driver:
    """One database."""

    def __init__(self, database) -> None:
        self.of = database

    async def put(self, document, passages, vectors, *, looks=True):
        """Keep a new document as the port does: look, write what nobody sees yet, look again, commit, write.

        Args:
            document: nobody has it.
            passages: with names that nobody has.
            vectors: of the passages.
            looks: False believes that of the names; to look for a thousand takes the server a second.
        """
        tenant, content_id = SCOPE.tenant_id, new_id()
        await self._look(document)
        await self.of[STATE].find_one({"_id": ONLY})
        content = rows.content_row(tenant, content_id, document, len(passages))
        await self.of[CONTENTS].insert_one(content)
        names = {"tenant": tenant, "passage_id": {"$in": [one.passage_id for one in passages]}}
        assert not looks or [row async for row in self.of[PASSAGES].find(names, rows.NO_VECTORS)] == []
        written = zip(passages, stored(vectors), strict=True)
        await self.of[PASSAGES].insert_many(
            [{**rows.passage_row(tenant, content_id, one), "made": 1, PLACES[0]: vector} for one, vector in written]
        )
        head = await self._look(document)
        await self.of[CONTENTS].find_one({"_id": content_id, "tenant": tenant}, {"characters": 1, "passages": 1})
        row = rows.source_row(tenant, document, content, head["_id"] + 1)
        await self._commit(head, {**row, "number": 1, "brought": document.version_id, "asides": []}, content_id)

    async def _look(self, document):
        """Find the newest step, and that nobody has the document yet; return the step."""
        tenant = SCOPE.tenant_id
        (head,) = [row async for row in self.of[STEPS].find().sort("_id", DESCENDING).limit(1)]
        await self.of[SOURCES].find_one({**rows.readable(SCOPE), "document_id": document.document_id})
        await self.of[STATE].find_one({"_id": ONLY})
        same = [{"document_id": document.document_id}, {"source": document.source}]
        await self.of[SOURCES].find_one({"tenant": tenant, "$or": same}, {"_id": 1})
        own = rows.source_id(tenant, document.document_id)
        twins = {"tenant": tenant, "twin": rows.twin(document), "_id": {"$ne": own}}
        assert [row async for row in self.of[SOURCES].find(twins).sort("added").limit(1)] == []
        return head

    async def _commit(self, head, source, content_id):
        entry = {"_id": head["_id"] + 1, "by": new_id(), "size": 1, "last": head["last"] + 1, "written": False}
        change = {"kind": "put", "tenant_id": SCOPE.tenant_id, "document_id": source["document_id"]}
        entry["changes"] = [{**change, "version_id": source["version_id"]}]
        entry |= {"writes": [{"collection": SOURCES, "row": source}], "keeps": content_id, "drops": []}
        await self.of[STEPS].insert_one(entry)
        row = {**source, "at": entry["_id"]}
        await self.of[SOURCES].replace_one({"_id": row["_id"], "at": {"$lt": row["at"]}}, row, upsert=True)
        await self.of[CONTENTS].update_one({"_id": content_id}, {"$set": {"kept": True}})
        done = {"$set": {"written": True}, "$unset": {"writes": "", "drops": "", "keeps": ""}}
        await self.of[STEPS].update_one({"_id": entry["_id"]}, done)

    async def get(self, document_id):
        """Return a document."""
        here = await self.of[SOURCES].find_one({**rows.readable(SCOPE), "document_id": document_id})
        query = {"tenant": here["tenant"], "content": here["content"]}
        (filed,) = [row async for row in self.of[SOURCES].find(query).sort("added").limit(1)]
        content = await self.of[CONTENTS].find_one({"_id": here["content"], "tenant": here["tenant"]})
        return rows.document(filed, content, rows.unpacked(content["text"]))

    async def passages(self, passage_ids):
        """Return the readable ones of some passages."""
        query = {"tenant": SCOPE.tenant_id, "passage_id": {"$in": passage_ids}}
        found = [row async for row in self.of[PASSAGES].find(query, rows.NO_VECTORS)]
        contents = {**rows.readable(SCOPE), "content": {"$in": list({row["content"] for row in found})}}
        filed = {row["content"]: row["document_id"] async for row in self.of[SOURCES].find(contents).sort("added")}
        return [rows.passage(row, filed[row["content"]]) for row in found if row["content"] in filed]
