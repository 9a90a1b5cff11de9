"""Graph checkpoints in Redis or Valkey, on plain commands: BaseCheckpointSaver is the port. Async only.

A put is one script and a get is one script, so that nobody sees half a checkpoint. A run that names its lease in
`configurable.lease_token` is fenced: from the moment a younger lease reads or writes the thread, an older one is
refused (LeaseLost). Every key has a time to live, renewed at each put.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_serializable_checkpoint_metadata,
    writes_sort_key,
)

from memory.checkpoints import redis_layout as layout
from memory.checkpoints.types import open_serializer, whole_writes
from memory.errors import StoreCorrupt
from memory.redis import Redis
from memory.redis_names import name, parts_of

FENCE_S = 3_600
"""How long a fence outlives its thread: longer than any process sleeps that still believes in its lease."""
INLINE_CHARS = 64
"""Longest text that is kept inside its checkpoint, like numbers: a value of its own costs more than it holds."""
SCAN_COUNT = 500


class RedisSaver(BaseCheckpointSaver[str]):
    """Checkpoints on a shared server."""

    def __init__(self, server: Redis, ttl_s: int) -> None:
        """Keep a thread's checkpoints for ttl_s seconds after its last put."""
        super().__init__(serde=open_serializer())
        self._server = server
        self._ttl_s = ttl_s
        self._put, self._put_writes = server.script(layout.PUT), server.script(layout.PUT_WRITES)
        self._get, self._drop = server.script(layout.GET), server.script(layout.DROP)
        self._delete = server.script(layout.DELETE)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, the newest without a checkpoint_id.

        Raises:
            StoreUnavailable: the server did not answer; never None for that.
            LeaseLost: config names a lease that is older than one that was here.
            StoreCorrupt: a part of it is missing.
        """
        own = _own(config)
        thread_id, namespace = str(own["thread_id"]), str(own.get("checkpoint_ns", ""))
        wanted = get_checkpoint_id(config)
        rest = name("c", wanted)[1:] if wanted else b""
        arguments = [_token(config), FENCE_S, name("c", namespace), rest]
        found = await self._get(layout.keys_of(thread_id), arguments)
        return self._loaded(thread_id, found) if found else None

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint; the same one again changes nothing.

        Raises:
            StoreUnavailable: it may or may not be kept.
            LeaseLost: config names a lease that is older than one that was here.
        """
        own = _own(config)
        thread_id, namespace = str(own["thread_id"]), str(own.get("checkpoint_ns", ""))
        versions, values = checkpoint["channel_versions"], checkpoint["channel_values"]
        inline = {channel: value for channel, value in values.items() if channel in versions and _is_small(value)}
        arguments: list[Any] = [
            *(_token(config), self._ttl_s, name("c", namespace, checkpoint["id"])),
            own.get("checkpoint_id") or "",
            self._dump({**checkpoint, "channel_values": inline}),
            self._dump(get_serializable_checkpoint_metadata(config, metadata)),
        ]
        for channel in values.keys() & versions.keys() - inline.keys():
            new = channel in new_versions
            arguments += [
                name("b", namespace, channel, str(versions[channel])),
                int(new),
                self._dump(values[channel]) if new else b"",
            ]
        await self._put(layout.keys_of(thread_id), arguments)
        return _config(thread_id, namespace, checkpoint["id"])

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep a task's writes: the first of each index, but the last of errors; of a failed task only those.

        Raises:
            StoreUnavailable: they may or may not be kept.
            LeaseLost: config names a lease that is older than one that was here.
        """
        own = _own(config)
        task = name("w", str(own.get("checkpoint_ns", "")), str(own["checkpoint_id"]), task_id)
        arguments: list[Any] = [_token(config), self._ttl_s, task]
        for place, (channel, value) in enumerate(whole_writes(writes)):
            head = json.dumps([task_path, channel]).encode()
            arguments += [WRITES_IDX_MAP.get(channel, place), head + b"\n" + self._dump(value)]
        if writes:
            await self._put_writes(layout.keys_of(str(own["thread_id"])), arguments)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, a thread's newest first; without a config of all threads, which walks every key."""
        last = get_checkpoint_id(before) if before else None
        async for thread_id, namespace, checkpoint_id in self._places(config):
            if limit is not None and limit <= 0:
                return
            if last and checkpoint_id >= last:
                continue
            found = await self.aget_tuple(_config(thread_id, namespace, checkpoint_id))
            if found and all(cast(Any, found.metadata).get(key) == value for key, value in (filter or {}).items()):
                limit = None if limit is None else limit - 1
                yield found

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread's checkpoints; its fence stays a while, so that no late write brings one back."""
        await self._delete(layout.keys_of(str(thread_id)), [FENCE_S])

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints of runs, whatever their threads. It walks every key: not for a request's path."""
        wanted = set(run_ids)
        async for thread_id in self._threads():
            found = [item async for item in self.alist({"configurable": {"thread_id": thread_id}})]
            await self._forget(thread_id, [item for item in found if item.metadata.get("run_id") in wanted])

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Make a thread an equal of another, in one step; nothing happens if there is no source."""
        pairs = list(zip(layout.keys_of(source_thread_id), layout.keys_of(target_thread_id), strict=True))

        async def copy() -> None:
            async with self._server.client.pipeline(transaction=True) as pipeline:
                for source, target in pairs:
                    pipeline.copy(source, target, replace=True)
                pipeline.hdel(pairs[1][1], "f")
                await pipeline.execute()

        await self._server.within(copy)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep each namespace's newest checkpoint, and of its ancestors what its delta channels are rebuilt from.

        Any other strategy than keep_latest forgets the threads.
        """
        for thread_id in thread_ids:
            if strategy != "keep_latest":
                await self.adelete_thread(thread_id)
                continue
            found = [item async for item in self.alist({"configurable": {"thread_id": thread_id}})]
            kept = {id(item) for item in _needed(found)}
            await self._forget(thread_id, [item for item in found if id(item) not in kept])

    def get_next_version(self, current: str | int | None, channel: None) -> str:
        """Return a larger version, unlike the one that a fork of the same thread gets."""
        number = current if isinstance(current, int) else int((current or "0").partition(".")[0])
        return f"{number + 1:010}.{secrets.token_hex(4)}"

    async def _forget(self, thread_id: str, unwanted: Sequence[CheckpointTuple]) -> None:
        if unwanted:
            names = [name("c", *_place(item.config)) for item in unwanted]
            await self._drop(layout.keys_of(thread_id), names)

    async def _places(self, config: RunnableConfig | None) -> AsyncIterator[tuple[str, str, str]]:
        """Yield (thread, namespace, checkpoint id) of what a config covers, each thread's newest first."""
        own = _own(config) if config else {}
        only = get_checkpoint_id(config) if config else None
        namespace = own.get("checkpoint_ns")
        start = name("c") if namespace is None else name("c", namespace)
        async for thread_id in self._threads() if "thread_id" not in own else _once(str(own["thread_id"])):
            index = layout.keys_of(thread_id)[0]
            names = await self._server.call("ZRANGEBYLEX", index, b"[" + start, b"(" + start + b"\xff")
            for found in sorted(map(parts_of, names), key=lambda parts: parts[1], reverse=True):
                if only in (None, found[1]):
                    yield thread_id, found[0], found[1]

    async def _threads(self) -> AsyncIterator[str]:
        cursor, seen = b"0", set[bytes]()
        while True:
            words = ("SCAN", cursor, "MATCH", layout.SCAN_PATTERN, "COUNT", SCAN_COUNT)
            cursor, keys = await self._server.call(*words)
            for key in set(keys) - seen:
                seen.add(key)
                yield layout.thread_of(key)
            if int(cursor) == 0:
                return

    def _loaded(self, thread_id: str, found: list[Any]) -> CheckpointTuple:
        """Make a checkpoint of what the script found."""
        namespace, checkpoint_id = parts_of(found[0])
        if not found[1] or None in found[2]:
            raise StoreCorrupt(f"checkpoint {checkpoint_id} of thread {thread_id!r} is not whole")
        parent, body, metadata = found[1]
        checkpoint = self._load(body)
        for stored, value in _pairs(found[2]):
            checkpoint["channel_values"][parts_of(stored)[1]] = self._load(value)
        return CheckpointTuple(
            _config(thread_id, namespace, checkpoint_id),
            checkpoint,
            self._load(metadata),
            _config(thread_id, namespace, parent.decode()) if parent else None,
            self._writes(found[3]),
        )

    def _writes(self, found: list[Any]) -> list[PendingWrite]:
        ordered: list[tuple[tuple[str, str, int], PendingWrite]] = []
        for stored, writes in _pairs(found):
            task_id = parts_of(stored)[2]
            for place, write in _pairs(writes):
                head, _, value = write.partition(b"\n")
                task_path, channel = json.loads(head)
                key = writes_sort_key(task_path, task_id, int(place))
                ordered.append((key, (task_id, channel, self._load(value))))
        return [write for _, write in sorted(ordered, key=lambda item: item[0])]

    def _dump(self, value: Any) -> bytes:
        kind, data = self.serde.dumps_typed(value)
        return kind.encode() + b"\n" + data

    def _load(self, stored: bytes) -> Any:
        kind, _, data = stored.partition(b"\n")
        return self.serde.loads_typed((kind.decode(), data))


def _own(config: RunnableConfig) -> dict[str, Any]:
    return config.get("configurable", {})


def _token(config: RunnableConfig) -> str:
    return str(_own(config).get("lease_token") or "")


def _is_small(value: Any) -> bool:
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and len(value) <= INLINE_CHARS)


def _config(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}}


def _place(config: RunnableConfig) -> tuple[str, str]:
    return _own(config)["checkpoint_ns"], _own(config)["checkpoint_id"]


def _pairs(flat: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(flat[::2], flat[1::2], strict=True)


async def _once(value: str) -> AsyncIterator[str]:
    yield value


def _needed(found: Sequence[CheckpointTuple]) -> Iterator[CheckpointTuple]:
    """Yield what pruning keeps of a thread; found is newest first."""
    by_place = {_place(item.config): item for item in found}
    namespaces = {_place(item.config)[0]: item for item in reversed(found)}
    for newest in namespaces.values():
        item: CheckpointTuple | None = newest
        missing = set(newest.metadata.get("counters_since_delta_snapshot", {}))
        while item is not None:
            yield item
            missing -= item.checkpoint["channel_values"].keys()
            parent = item.parent_config if missing else None
            item = by_place.get(_place(parent)) if parent else None
