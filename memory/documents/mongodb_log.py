"""The log of steps of the MongoDB document store: what makes a change of several documents one, without a transaction.

A step is planned on the state after step n and committed by one insert under the key n + 1: whoever comes second
meets a taken key and plans again. The inserted entry says what is to be written; then it is written, and marked so.
If that was cut short, whoever reads or writes the log next does it (again), before anybody can commit step n + 2.
Every document that steps write holds the number of its step, so that no late writer undoes a younger one. An entry's
changes have the next places in the sequence of changes, which is therefore without a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from memory.ids import new_id
from memory.mongodb import Mongo, Row
from memory.records import Change

STEPS = "document_steps"
SOURCES = "document_sources"
STATE = "document_state"
CONTENTS = "document_contents"
TEXTS = "document_texts"
PASSAGES = "document_passages"


class Head(NamedTuple):
    """The newest step, and the last place in the sequence of changes."""

    number: int
    sequence: int


class Changed(NamedTuple):
    """A change that has no place in the sequence yet."""

    kind: Literal["put", "delete"]
    tenant_id: str
    document_id: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done, and what to answer.

    writes: (collection, document) pairs, each replacing the one of its _id. keeps: a staged content that is used from
    now on. drops: contents that nothing names any more. lacks: the step cannot be committed before this content (""
    for that of the caller's document) was staged.
    """

    answer: Any = None
    changes: tuple[Changed, ...] = ()
    writes: tuple[tuple[str, Row], ...] = ()
    keeps: str | None = None
    drops: tuple[str, ...] = ()
    lacks: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self.changes or self.writes or self.drops)


class Log:
    """The steps of one database."""

    def __init__(self, mongo: Mongo) -> None:
        """Take the database; reads nothing."""
        self._mongo = mongo
        self._steps = mongo[STEPS]

    async def head(self) -> Head:
        """Return the newest step, once it is written."""
        found = [entry async for entry in self._steps.find().sort("_id", DESCENDING).limit(1)]
        if not found:
            return Head(0, 0)
        await self._write(found[0])
        return Head(found[0]["_id"], found[0]["last"])

    async def commit(self, head: Head, step: Step) -> int | None:
        """Make a step the one after `head`; None if somebody else has been quicker.

        Returns:
            The last place in the sequence of changes.
        """
        entry: Row = {
            "_id": head.number + 1,
            "by": new_id(),
            "changes": [change._asdict() for change in step.changes],
            "size": len(step.changes),
            "last": head.sequence + len(step.changes),
            "written": False,
            "writes": [{"collection": name, "row": row} for name, row in step.writes],
            "keeps": step.keeps,
            "drops": list(step.drops),
        }
        try:
            await self._steps.insert_one(dict(entry))
        except DuplicateKeyError:
            # The driver may have sent it twice.
            found = await self._steps.find_one({"_id": entry["_id"]})
            if found is None or found["by"] != entry["by"]:
                return None
        await self._write(entry)
        return entry["last"]

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """Return changes in the order of their places; what they speak of is written."""
        found: list[Change] = []
        query = {"last": {"$gt": after}, "size": {"$gt": 0}}
        async for entry in self._steps.find(query).sort("_id").limit(limit):
            await self._write(entry)
            first = entry["last"] - entry["size"] + 1
            found += [Change(first + at, **change) for at, change in enumerate(entry["changes"])]
        return [change for change in found if change.sequence > after][:limit]

    async def _write(self, entry: Row) -> None:
        if entry["written"]:
            return
        for write in entry["writes"]:
            await self._replace(write["collection"], {**write["row"], "at": entry["_id"]})
        if entry["keeps"]:
            await self._mongo[CONTENTS].update_one({"_id": entry["keeps"]}, {"$set": {"kept": True}})
        await drop(self._mongo, entry["drops"])
        # The entry stays as a place in the sequence; it holds nobody's words.
        done = {"$set": {"written": True}, "$unset": {"writes": "", "drops": "", "keeps": ""}}
        await self._steps.update_one({"_id": entry["_id"]}, done)

    async def _replace(self, collection: str, row: Row) -> None:
        try:
            await self._mongo[collection].replace_one({"_id": row["_id"], "at": {"$lt": row["at"]}}, row, upsert=True)
        except DuplicateKeyError:
            # It is written already, by this step or a younger one.
            return


async def drop(mongo: Mongo, contents: Sequence[str]) -> None:
    """Remove contents with their passages; again does nothing."""
    if not contents:
        return
    for collection in (PASSAGES, TEXTS):
        await mongo[collection].delete_many({"content": {"$in": list(contents)}})
    await mongo[CONTENTS].delete_many({"_id": {"$in": list(contents)}})
