"""A contract server for MongoDB's search: it answers what only Atlas has, and passes the rest to a wire server.

Written from MongoDB's documentation. It is not Atlas: it searches exactly, at once, and lags only when told to.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import AsyncMongoClient

from tests.support.atlas import wire
from tests.support.atlas.matching import Refused
from tests.support.atlas.stages import SEARCHES, Collection, check_first, run

WRITES = {"insert", "update"}
TYPES = {"vector", "filter"}
SIMILARITIES = {"cosine", "dotProduct", "euclidean"}


class Atlas:
    """What a contract server knows: search indexes by (database, collection), and what they see."""

    def __init__(self, upstream: AsyncMongoClient[Any], version: str) -> None:
        self.version = version
        self.build_looks = 1
        """How often a new index is looked at before it is queryable."""
        self.asked: list[list[dict[str, Any]]] = []
        """The pipelines that were answered."""
        self._upstream = upstream
        self._indexes: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._lagging: dict[tuple[str, str], list[dict[str, Any]]] | None = None

    @contextmanager
    def lagging(self) -> Generator[None]:
        """Searches see what they saw when this began."""
        self._lagging = {}
        try:
            yield
        finally:
            self._lagging = None

    async def answer(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a command, None if it is for the server behind."""
        name = next(iter(command))
        try:
            match name:
                case "buildInfo" | "buildinfo":
                    return {"version": self.version, "versionArray": [], "ok": 1.0}
                case "createSearchIndexes":
                    return await self._create(command)
                case "updateSearchIndex":
                    return self._update(command)
                case "dropSearchIndex":
                    return self._drop(command)
                case "drop":
                    self._indexes.pop((command["$db"], command["drop"]), None)
                    return None
                case "aggregate":
                    return await self._aggregate(command)
                case _:
                    return None
        except Refused as refused:
            return {"ok": 0.0, "errmsg": refused.message, "code": refused.code, "codeName": "Refused"}

    async def _aggregate(self, command: dict[str, Any]) -> dict[str, Any] | None:
        pipeline, place = command["pipeline"], (command["$db"], command["aggregate"])
        first = next(iter(pipeline[0]), "") if pipeline else ""
        if first == "$listSearchIndexes":
            return _cursor(place, self._listed(place, pipeline[0][first]))
        if first not in SEARCHES:
            check_first(pipeline)
            return None
        if command.get("readConcern", {}).get("level", "local") != "local":
            raise Refused(f"{first} does not support a read concern other than local", 72)
        version = tuple(int(part) for part in self.version.split(".")[:2])

        def index(name: str, kind: str) -> dict[str, Any] | None:
            return self._definition(place, name, kind)

        found = run(pipeline, Collection(await self._seen(place), index, version))
        self.asked.append(pipeline)
        return _cursor(place, found)

    async def _seen(self, place: tuple[str, str]) -> list[dict[str, Any]]:
        if self._lagging is not None and place in self._lagging:
            return copy.deepcopy(self._lagging[place])
        found = [row async for row in self._upstream[place[0]][place[1]].find()]
        if self._lagging is not None:
            self._lagging[place] = copy.deepcopy(found)
        return found

    def _definition(self, place: tuple[str, str], name: str, kind: str) -> dict[str, Any] | None:
        index = self._indexes.get(place, {}).get(name)
        if index is None:
            return None
        if index["type"] != kind:
            raise Refused(f"index {name} is of type {index['type']}, not {kind}")
        if index["looks"] > 0:
            raise Refused(f"cannot query search index {name} while in state INITIAL_SYNC", 8)
        return index["definition"]

    def _listed(self, place: tuple[str, str], wanted: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for name, index in self._indexes.get(place, {}).items():
            if wanted.get("name", name) == name:
                ready = index["looks"] <= 0
                index["looks"] -= 1
                status = "READY" if ready else "BUILDING"
                told = {"id": name, "name": name, "type": index["type"], "status": status, "queryable": ready}
                found.append({**told, "latestDefinition": index["definition"]})
        return found

    async def _create(self, command: dict[str, Any]) -> dict[str, Any]:
        place = (command["$db"], command["createSearchIndexes"])
        if place[1] not in await self._upstream[place[0]].list_collection_names():
            raise Refused(f"Collection '{'.'.join(place)}' does not exist.", 26)
        there = self._indexes.setdefault(place, {})
        for index in command["indexes"]:
            name, kind = index.get("name", "default"), index.get("type", "search")
            _check_definition(kind, index["definition"])
            if name in there and there[name]["definition"] != index["definition"]:
                raise Refused(f"Duplicate Index: {name}", 68)
            there[name] = {"type": kind, "definition": index["definition"], "looks": self.build_looks}
        return {"ok": 1.0, "indexesCreated": [{"id": one["name"], "name": one["name"]} for one in command["indexes"]]}

    def _update(self, command: dict[str, Any]) -> dict[str, Any]:
        index = self._existing((command["$db"], command["updateSearchIndex"]), command["name"])
        _check_definition(index["type"], command["definition"])
        index |= {"definition": command["definition"], "looks": self.build_looks}
        return {"ok": 1.0}

    def _drop(self, command: dict[str, Any]) -> dict[str, Any]:
        place = (command["$db"], command["dropSearchIndex"])
        self._existing(place, command["name"])
        del self._indexes[place][command["name"]]
        return {"ok": 1.0}

    def _existing(self, place: tuple[str, str], name: str) -> dict[str, Any]:
        if name not in self._indexes.get(place, {}):
            raise Refused(f"Search index {name} not found", 27)
        return self._indexes[place][name]


def _check_definition(kind: str, definition: dict[str, Any]) -> None:
    if kind == "vectorSearch":
        fields = definition.get("fields", [])
        vectors = [one for one in fields if one.get("type") == "vector"]
        if not vectors or any(one.get("type") not in TYPES or not one.get("path") for one in fields):
            raise Refused("a vectorSearch index has fields of type vector and filter, each with a path")
        for one in vectors:
            if not 1 <= one.get("numDimensions", 0) <= 8192 or one.get("similarity") not in SIMILARITIES:
                raise Refused("a vector has numDimensions from 1 to 8192 and a similarity")
    elif kind != "search" or "mappings" not in definition:
        raise Refused("an index is of type search, with mappings, or vectorSearch")


def _cursor(place: tuple[str, str], found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"ok": 1.0, "cursor": {"id": 0, "ns": ".".join(place), "firstBatch": found}}


@asynccontextmanager
async def contract_server(url: str, version: str = "8.2.0") -> AsyncGenerator[tuple[Atlas, str]]:
    """Yield a contract server in front of a wire server, and its URL (of the same database)."""
    parts = urlsplit(url)
    links: set[asyncio.Task[None]] = set()
    async with AsyncMongoClient[Any](url) as upstream:
        atlas = Atlas(upstream, version)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = asyncio.ensure_future(_serve(atlas, (parts.hostname or "", parts.port or 0), reader, writer))
            links.add(link)
            link.add_done_callback(links.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield atlas, urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}"))
        finally:
            server.close()
            for link in list(links):
                link.cancel()
            await asyncio.gather(*links, return_exceptions=True)


async def _serve(
    atlas: Atlas, upstream: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    back_reader, back_writer = await asyncio.open_connection(*upstream)
    try:
        with suppress(OSError):
            while message := await wire.read_message(reader):
                command = wire.command_of(message)
                answer = None if command is None else await atlas.answer(command)
                if answer is not None:
                    writer.write(wire.message_of(answer, response_to=wire.request_id_of(message)))
                else:
                    if command is not None and next(iter(command)) in WRITES:
                        message = wire.message_of(wire.hidden(command), wire.request_id_of(message))
                    back_writer.write(message)
                    writer.write(await wire.read_message(back_reader))
                await writer.drain()
    finally:
        writer.close()
        back_writer.close()
