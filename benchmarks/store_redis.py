"""Put and get a checkpoint through the saver, and the same scripts with the same bytes through redis-py alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import redis.asyncio
from langgraph.checkpoint.base import empty_checkpoint

from benchmarks.stores import Pair
from memory.checkpoints import redis_layout as layout
from memory.checkpoints.redis import FENCE_S, RedisSaver
from memory.checkpoints.types import open_serializer
from memory.ids import new_id
from memory.redis import open_redis
from memory.redis_names import name, parts_of
from tests.support.servers import fresh_redis

THREADS = 64
AT_ONCE = 16
TTL_S = 3_600
VALUES = {
    "messages": ["What is the lighthouse of Orrin, and who built it? " * 3] * 8,
    "passages": [{"id": number, "text": "It stands 41 metres tall on a cliff. " * 12} for number in range(6)],
    "draft": "The lighthouse of Orrin was built in 1873 by Mathilde Aubert. " * 6,
    "round": 1,
}
VERSIONS = dict.fromkeys(VALUES, "0000000001.0badcafe")
METADATA = {"source": "loop", "step": 1, "parents": {}, "run_id": "run"}


def checkpoint_of():
    """Return a checkpoint of a run under way, with an id that nobody had."""
    return {**empty_checkpoint(), "id": new_id(), "channel_values": VALUES, "channel_versions": VERSIONS}


class Driver:
    """The driver alone: two registered scripts, and the serializer that LangGraph has."""

    def __init__(self, client) -> None:
        self.serde = open_serializer()
        self.put_script, self.get_script = client.register_script(layout.PUT), client.register_script(layout.GET)

    def dump(self, value):
        """Return a value as bytes."""
        kind, data = self.serde.dumps_typed(value)
        return kind.encode() + b"\n" + data

    def load(self, stored):
        """Return the value of bytes."""
        kind, _, data = stored.partition(b"\n")
        return self.serde.loads_typed((kind.decode(), data))

    async def put(self, thread_id):
        """Keep a checkpoint with all its values but the small one, which lies inside."""
        checkpoint = {**checkpoint_of(), "channel_values": {"round": 1}}
        header = self.dump(checkpoint), self.dump(METADATA)
        arguments = ["", TTL_S, name("c", "", checkpoint["id"]), "", *header]
        for channel in ("messages", "passages", "draft"):
            arguments += [name("b", "", channel, VERSIONS[channel]), 1, self.dump(VALUES[channel])]
        await self.put_script(layout.keys_of(thread_id), arguments)

    async def get(self, thread_id):
        """Return the newest checkpoint's values."""
        found = await self.get_script(layout.keys_of(thread_id), ["", FENCE_S, name("c", ""), b""])
        _, body, metadata = found[1]
        values = self.load(body)["channel_values"]
        values |= {parts_of(key)[1]: self.load(value) for key, value in zip(found[2][::2], found[2][1::2], strict=True)}
        return values, self.load(metadata)


@asynccontextmanager
async def pairs() -> AsyncGenerator[list[Pair]]:
    """Yield what to compare, in a database of its own."""
    async with fresh_redis() as url, open_redis(url) as server, redis.asyncio.from_url(url) as client:
        saver, driver = RedisSaver(server, TTL_S), Driver(client)

        def config(number):
            return {"configurable": {"thread_id": f"ours {number % THREADS}", "checkpoint_ns": ""}}

        async def put(number):
            await saver.aput(config(number), checkpoint_of(), METADATA, VERSIONS)

        async def get(number):
            found = await saver.aget_tuple(config(number))
            assert found is not None
            assert found.checkpoint["channel_values"] == VALUES

        async def raw_put(number):
            await driver.put(f"raw {number % THREADS}")

        async def raw_get(number):
            assert (await driver.get(f"raw {number % THREADS}"))[0] == VALUES

        for number in range(THREADS):
            await put(number)
            await raw_put(number)
        yield [
            Pair("put of a checkpoint, Redis", put, raw_put),
            Pair("put of a checkpoint, Redis", put, raw_put, AT_ONCE),
            Pair("get of a checkpoint, Redis", get, raw_get),
            Pair("get of a checkpoint, Redis", get, raw_get, AT_ONCE),
        ]
