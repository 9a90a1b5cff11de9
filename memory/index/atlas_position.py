"""Where the index in MongoDB stands: which collection of rows is live, whose vectors it holds, how far it has come."""

from __future__ import annotations

from dataclasses import dataclass

from memory.index.atlas_definitions import Names, names_of
from memory.mongodb import Mongo, Row

STATE = "passage_search"
INDEX = "search"


@dataclass(frozen=True, slots=True)
class Generation:
    """One collection of rows. sequence, document_id, version_id: the last change of the store that is in it."""

    collection: str
    embedder: str
    dimension: int
    version: int
    sequence: int = 0
    document_id: str = ""
    version_id: str = ""

    @property
    def names(self) -> Names:
        """What its search indexes are called."""
        return names_of(self.embedder, self.version)

    def row(self) -> Row:
        """Return it as it is stored."""
        return {"_id": self.collection, **{name: getattr(self, name) for name in self.__slots__}}


async def live(mongo: Mongo, index: str) -> Generation | None:
    """Return the generation that is searched; None before the first migration."""
    async with mongo.within():
        pointer = await mongo[STATE].find_one({"_id": f"live:{index}"})
        row = pointer and await mongo[STATE].find_one({"_id": pointer["collection"]})
    return None if row is None else Generation(**{name: row[name] for name in Generation.__slots__})


async def make_live(mongo: Mongo, index: str, generation: Generation) -> None:
    """Have a generation searched from now on."""
    async with mongo.within():
        await mongo[STATE].replace_one({"_id": generation.collection}, generation.row(), upsert=True)
        await mongo[STATE].update_one(
            {"_id": f"live:{index}"}, {"$set": {"collection": generation.collection}}, upsert=True
        )


async def fresh_name(mongo: Mongo, index: str) -> str:
    """Return the name of a collection that was never used."""
    async with mongo.within():
        await mongo[STATE].update_one({"_id": f"made:{index}"}, {"$inc": {"number": 1}}, upsert=True)
        made = await mongo[STATE].find_one({"_id": f"made:{index}"})
    return f"passage_{index}_{made['number'] if made else 0}"


async def advance(mongo: Mongo, at: Generation) -> None:
    """Note how far a generation has come, unless it is further already or not live yet."""
    query = {"_id": at.collection, "sequence": {"$lt": at.sequence}}
    place = {"sequence": at.sequence, "document_id": at.document_id, "version_id": at.version_id}
    async with mongo.within():
        await mongo[STATE].update_one(query, {"$set": place})


async def forget(mongo: Mongo, generation: Generation) -> None:
    """Drop a generation with its search indexes."""
    async with mongo.within():
        await mongo[STATE].delete_one({"_id": generation.collection})
        await mongo[generation.collection].drop()
