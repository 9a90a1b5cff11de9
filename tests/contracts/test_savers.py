"""Checkpoint savers: what we promise beyond LangGraph's conformance suite (`test_checkpoints.py` runs that one)."""

from __future__ import annotations

import asyncio
import fnmatch
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import redis
from langgraph.checkpoint.base import WRITES_IDX_MAP, empty_checkpoint
from langgraph.checkpoint.serde.types import ERROR

from memory.checkpoints.redis import RedisSaver
from memory.checkpoints.redis_layout import keys_of
from memory.checkpoints.sqlite import open_checkpoints
from memory.errors import StoreUnavailable
from memory.redis import open_redis
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.kill import acknowledged_before_kill
from tests.support.proxy import proxied
from tests.support.rig import IMPATIENCE_S, Clock, Rig, locked
from tests.support.servers import fresh_redis, rigs
from tests.support.texts import AWKWARD

ODD_IDS = [
    *(text for name, text in AWKWARD.items() if name not in ("nul", "megabyte")),
    *("a", "a*", "a?", "[ab]", "a:b", "a%", "a_", "A", "é", "e\u0301", "t:", ":t", "{t}", "../t", "t\n"),
]
NAMESPACES = ["", "a", "a:1|b:2", "*", "a*"]


@dataclass(frozen=True)
class SaverRig(Rig):
    """damage: what the savers have kept can be read no longer. writer: a generator of this module for kills."""

    damage: Callable[[], None]
    folder: Path
    writer: str


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncGenerator[SaverRig]:
    path = folder / "checkpoints.db"
    async with AsyncExitStack() as stack:
        limits = ({}, {}, {"timeout_s": IMPATIENCE_S})
        savers = [await stack.enter_async_context(open_checkpoints(path, **limit)) for limit in limits]
        yield SaverRig(*savers, Clock(), partial(locked, path), partial(_damaged, path), folder, "write_to_sqlite")


def _damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.executescript("ALTER TABLE checkpoints RENAME TO lost; CREATE TABLE checkpoints (unknown TEXT);")


@asynccontextmanager
async def on_redis(folder: Path) -> AsyncGenerator[SaverRig]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_redis())
        (folder / "url").write_text(url)
        proxy, proxied_url = await stack.enter_async_context(proxied(url))
        places = ((url, 10.0), (url, 10.0), (proxied_url, IMPATIENCE_S))
        servers = [await stack.enter_async_context(open_redis(place, limit)) for place, limit in places]
        damage = partial(_damaged_on_redis, url)
        yield SaverRig(
            *(RedisSaver(server, 3600) for server in servers), Clock(), proxy.silent, damage, folder, "write_to_redis"
        )


def _damaged_on_redis(url: str) -> None:
    with redis.from_url(url) as other:
        for key in list(other.scan_iter()):
            other.delete(key)
            other.set(key, "lost")


RIGS = {"sqlite": on_sqlite, "redis": on_redis}


def at(thread_id="t", namespace="", number=None):
    named_one = {} if number is None else {"checkpoint_id": f"{number:08}"}
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, **named_one}}


async def put(saver, number=1, thread_id="t", namespace=""):
    checkpoint = {**empty_checkpoint(), "id": f"{number:08}", "channel_values": {"mark": f"{thread_id}/{namespace}"}}
    versions = {"mark": number}
    checkpoint["channel_versions"] = versions
    metadata = {"source": "loop", "step": number, "parents": {}}
    return await saver.aput(at(thread_id, namespace), checkpoint, metadata, versions)


async def ids(saver, thread_id="t", namespace=""):
    return sorted([int(item.checkpoint["id"]) async for item in saver.alist(at(thread_id, namespace))])


async def mark(saver, thread_id, namespace=""):
    found = await saver.aget_tuple(at(thread_id, namespace))
    return found and found.checkpoint["channel_values"]["mark"]


async def check_writes_come_back_in_order_whatever_order_they_came_in(rig):
    for thread_id, order in (("forth", "abc"), ("back", "cba")):
        config = await put(rig.store, thread_id=thread_id)
        for task in order:
            writes = [(f"channel{n}", f"{task}{n}") for n in range(12)]
            await rig.store.aput_writes(config, writes, task, task_path=f"~{task}")
        found = await rig.second.aget_tuple(at(thread_id))
        assert [value for _, _, value in found.pending_writes] == [f"{task}{n}" for task in "abc" for n in range(12)]


async def check_a_write_made_again_keeps_the_first_and_an_error_the_last(rig):
    config = await put(rig.store)
    special = next(iter(WRITES_IDX_MAP))
    for value in ("first", "last"):
        await rig.store.aput_writes(config, [("channel", value)], "task")
        await rig.second.aput_writes(config, [(special, value)], "task")
    found = await rig.store.aget_tuple(at())
    assert {channel: value for _, channel, value in found.pending_writes} == {"channel": "first", special: "last"}


async def check_a_task_that_failed_leaves_no_output(rig):
    config = await put(rig.store)
    await rig.store.aput_writes(config, [("channel", "half"), (ERROR, "cancelled")], "task")
    found = await rig.second.aget_tuple(at())
    assert [(channel, value) for _, channel, value in found.pending_writes] == [(ERROR, "cancelled")]


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, put)
    await assert_outage_is_told(rig, lambda saver: saver.aput_writes(at(number=1), [("c", 1)], "task"))
    await assert_outage_is_told(rig, lambda saver: saver.adelete_thread("t"))


async def check_what_cannot_be_read_is_no_empty_conversation(rig):
    await put(rig.store)
    rig.damage()
    with pytest.raises(StoreUnavailable):
        await rig.store.aget_tuple(at())
    with pytest.raises(StoreUnavailable):
        await ids(rig.store)


async def check_two_writers_lose_nothing(rig):
    savers = (rig.store, rig.second)
    await asyncio.gather(*(put(savers[n % 2], n, thread_id=f"t{n % 3}") for n in range(60)))
    for thread in range(3):
        assert await ids(rig.store, f"t{thread}") == list(range(thread, 60, 3))
    config = at("t0", number=57)
    await asyncio.gather(*(savers[n % 2].aput_writes(config, [("c", n)], f"task{n:02}") for n in range(40)))
    found = await rig.second.aget_tuple(config)
    assert [value for _, _, value in found.pending_writes] == list(range(40))


async def check_odd_ids_are_kept_apart(rig):
    places = [(thread_id, namespace) for thread_id in ODD_IDS for namespace in NAMESPACES]
    for thread_id, namespace in places:
        await put(rig.store, 1, thread_id, namespace)
    for thread_id, namespace in places:
        assert await mark(rig.second, thread_id, namespace) == f"{thread_id}/{namespace}"
        assert await ids(rig.second, thread_id, namespace) == [1]


async def check_deleting_forgets_that_thread_alone(rig):
    for thread_id in ODD_IDS:
        for namespace in NAMESPACES[:3]:
            config = await put(rig.store, 1, thread_id, namespace)
            await rig.store.aput_writes(config, [("c", 1)], "task")
    kept = list(ODD_IDS)
    for gone in ("a*", "[ab]", "a_", "", "e\u0301", AWKWARD["wildcards"]):
        await rig.second.adelete_thread(gone)
        kept.remove(gone)
        assert [await mark(rig.store, gone, namespace) for namespace in NAMESPACES[:3]] == [None] * 3
        assert [await mark(rig.store, thread_id) for thread_id in kept] == [f"{thread_id}/" for thread_id in kept]


async def check_a_deleted_threads_writes_are_gone_too(rig):
    for write in (("c", "old"),), ():
        config = await put(rig.store)
        await rig.store.aput_writes(config, write, "task")
        found = await rig.store.aget_tuple(at())
        assert len(found.pending_writes) == len(write)
        await rig.store.adelete_thread("t")


async def check_what_was_acknowledged_survives_kill_9(rig):
    acknowledged = await acknowledged_before_kill(f"{__name__}:{rig.writer}", rig.folder, 12)
    assert (await ids(rig.second, "killed"))[: len(acknowledged)] == [int(number) for number in acknowledged]


async def write_to_sqlite(folder: Path, forgetful: bool = False) -> AsyncGenerator[str]:
    async with open_checkpoints(folder / "checkpoints.db") as saver:
        if forgetful:
            saver.conn.commit = partial(asyncio.sleep, 0)
        number = 0
        while True:
            number += 1
            await put(saver, number, "killed")
            yield str(number)


async def write_to_redis(folder: Path, forgetful: bool = False) -> AsyncGenerator[str]:
    async with open_redis((folder / "url").read_text()) as server:
        saver, number = RedisSaver(server, 3600), 0
        while True:
            number += 1
            if not forgetful:
                await put(saver, number, "killed")
            yield str(number)


async def write_and_forget(folder: Path) -> AsyncGenerator[str]:
    """Acknowledges what is not committed."""
    write = write_to_redis if (folder / "url").exists() else write_to_sqlite
    async for value in write(folder, forgetful=True):
        yield value


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_saver_keeps_the_contract(rig, check):
    await check(rig)


# Savers that break one promise each -----------------------------------------------------------------


async def returns_writes_backwards(sound, config):
    found = await sound(config)
    return found and found._replace(pending_writes=found.pending_writes[::-1])


async def keeps_every_write(sound, config, writes, task_id, task_path=""):
    await sound(config, writes, f"{task_id}{asyncio.get_running_loop().time()}", task_path)


async def keeps_halves(sound, config, writes, *rest):
    for write in writes:
        await sound(config, [write], *rest)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


async def takes_failures_for_emptiness(sound, config):
    try:
        return await sound(config)
    except StoreUnavailable:
        return None


async def lists_nothing_on_failure(sound, config):
    try:
        async for item in sound(config):
            yield item
    except StoreUnavailable:
        return


async def loses_some(sound, config, checkpoint, metadata, new_versions):
    if not checkpoint["id"].endswith("7"):
        await sound(config, checkpoint, metadata, new_versions)


async def normalises_ids(sound, config, *args):
    own = config["configurable"]
    return await sound({"configurable": {**own, "thread_id": own["thread_id"].casefold()}}, *args)


async def drops_the_namespace(sound, config, *args):
    return await sound({"configurable": {**config["configurable"], "checkpoint_ns": ""}}, *args)


async def takes_ids_for_patterns(sound, thread_id):
    for other in ODD_IDS:
        if fnmatch.fnmatchcase(other, thread_id) or other == thread_id:
            await sound(other)


async def deletes_nothing(sound, thread_id):
    return None


async def forgets_checkpoints_alone(sound, thread_id):
    saver = sound.__self__
    if isinstance(saver, RedisSaver):
        await saver._server.call("ZREMRANGEBYLEX", keys_of(thread_id)[0], "[c", "(d")
        return
    await saver.conn.execute("DELETE FROM checkpoints WHERE thread_id = ?", (thread_id,))
    await saver.conn.commit()


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_writes_come_back_in_order_whatever_order_they_came_in, {"aget_tuple": returns_writes_backwards}),
        (check_a_write_made_again_keeps_the_first_and_an_error_the_last, {"aput_writes": keeps_every_write}),
        (check_a_task_that_failed_leaves_no_output, {"aput_writes": keeps_halves}),
        (check_an_outage_is_told_in_time, {"aput": hides_outages}),
        (check_an_outage_is_told_in_time, {"aput_writes": hides_outages}),
        (check_an_outage_is_told_in_time, {"adelete_thread": hides_outages}),
        (check_what_cannot_be_read_is_no_empty_conversation, {"aget_tuple": takes_failures_for_emptiness}),
        (check_what_cannot_be_read_is_no_empty_conversation, {"alist": lists_nothing_on_failure}),
        (check_two_writers_lose_nothing, {"aput": loses_some}),
        (check_odd_ids_are_kept_apart, {"aput": normalises_ids}),
        (check_odd_ids_are_kept_apart, {"aput": drops_the_namespace}),
        (check_deleting_forgets_that_thread_alone, {"adelete_thread": takes_ids_for_patterns}),
        (check_deleting_forgets_that_thread_alone, {"adelete_thread": deletes_nothing}),
        (check_a_deleted_threads_writes_are_gone_too, {"adelete_thread": forgets_checkpoints_alone}),
    ),
)
async def test_the_suite_notices_a_broken_saver(rig, fault):
    await assert_noticed(rig, fault)


async def test_the_suite_notices_a_saver_that_acknowledges_too_early(rig):
    with pytest.raises(AssertionError):
        await check_what_was_acknowledged_survives_kill_9(replace(rig, writer="write_and_forget"))


def test_every_property_has_a_broken_saver():
    checks = [check for check in CHECKS if check is not check_what_was_acknowledged_survives_kill_9]
    assert_each_has_a_fault(checks, test_the_suite_notices_a_broken_saver)
