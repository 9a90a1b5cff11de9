"""Checkpoints in Redis, beyond the suites of every saver: the fence, lifetimes, forks, pruning, big values."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import END, START, StateGraph

from graphs.state import State
from memory.checkpoints.redis import FENCE_S, RedisSaver
from memory.checkpoints.redis_layout import keys_of, thread_of
from memory.errors import LeaseLost, StoreCorrupt
from memory.redis import open_redis
from memory.redis_names import name, parts_of
from tests.support.texts import AWKWARD

pytestmark = pytest.mark.services
TTL_S = 1_000


@pytest.fixture
async def server(redis_database):
    async with open_redis(redis_database) as server:
        yield server


@pytest.fixture
def saver(server):
    return RedisSaver(server, TTL_S)


def at(thread_id="t", number=None, token=None, namespace=""):
    own: dict[str, Any] = {"thread_id": thread_id, "checkpoint_ns": namespace}
    own |= {} if number is None else {"checkpoint_id": f"{number:08}"}
    return {"configurable": own | ({} if token is None else {"lease_token": token})}


async def put(saver, number, config=None, metadata=None, **values):
    checkpoint = {**empty_checkpoint(), "id": f"{number:08}", "channel_values": values}
    checkpoint["channel_versions"] = dict.fromkeys(values, f"{number:010}.a")
    given = {"source": "loop", "step": number, "parents": {}, **(metadata or {})}
    return await saver.aput(config or at(), checkpoint, given, checkpoint["channel_versions"])


async def ids(saver, thread_id="t"):
    return [int(item.checkpoint["id"]) async for item in saver.alist(at(thread_id))]


async def lives(server):
    return {key: await server.call("TTL", key) for key in await server.call("KEYS", "*")}


LONG = "long " * 100


@pytest.mark.parametrize("claim", ["get", "put", "writes"])
@pytest.mark.parametrize("late", ["get", "put", "writes"])
async def test_once_a_younger_lease_was_here_an_older_one_does_nothing(saver, claim, late):
    await put(saver, 1, at(token=5), value="old")
    await act(saver, claim, 6)
    with pytest.raises(LeaseLost):
        await act(saver, late, 5)
    kept = await ids(saver)
    await act(saver, late, 6)
    assert kept == ([2, 1] if claim == "put" else [1])


async def act(saver, what, token):
    if what == "get":
        await saver.aget_tuple(at(token=token))
    elif what == "put":
        await put(saver, 2, at(token=token), value="new")
    else:
        await saver.aput_writes(at(number=1, token=token), [("channel", token)], "task")


async def test_leases_are_compared_as_numbers(saver):
    await put(saver, 1, at(token=9))
    await put(saver, 2, at(token=10))
    with pytest.raises(LeaseLost):
        await put(saver, 3, at(token=9))


async def test_a_late_write_brings_no_deleted_thread_back(saver, server):
    await put(saver, 1, at(token=5), value=LONG)
    await saver.aget_tuple(at(token=6))
    await saver.adelete_thread("t")
    with pytest.raises(LeaseLost):
        await put(saver, 2, at(token=5), value=LONG)
    assert await ids(saver) == []
    assert all(0 < left <= FENCE_S for left in (await lives(server)).values())


async def test_a_run_without_a_lease_is_not_fenced(saver):
    await put(saver, 1, at(token=5))
    await put(saver, 2)
    assert await ids(saver) == [2, 1]


async def test_every_key_has_its_time_to_live_renewed_by_each_put(saver, server):
    await put(saver, 1, value=LONG)
    for step in (lambda: put(saver, 2, value=LONG), lambda: saver.aput_writes(at(number=2), [("c", 1)], "task")):
        for key in await server.call("KEYS", "*"):
            await server.call("EXPIRE", key, 10)
        await step()
        left = await lives(server)
        assert len(left) == 2
        assert all(TTL_S - 10 < seconds <= TTL_S for seconds in left.values())


async def test_looking_at_a_thread_that_is_not_there_leaves_nothing_for_long(saver, server):
    assert await saver.aget_tuple(at("nobody")) is None
    assert await lives(server) == {}
    assert await saver.aget_tuple(at("nobody", token=3)) is None
    assert all(0 < left <= FENCE_S for left in (await lives(server)).values())


async def test_values_that_did_not_change_are_kept_once(saver, server):
    versions = {"big": "1", "small": "1"}
    for number in range(1, 6):
        values = {"big": LONG, "small": number}
        checkpoint = {**empty_checkpoint(), "id": f"{number:08}", "channel_values": values}
        checkpoint["channel_versions"] = versions
        await saver.aput(at(), checkpoint, {"step": number}, versions if number == 1 else {})
    names = await server.call("HKEYS", keys_of("t")[1])
    assert sum(found.startswith(b"b") for found in names) == 1
    found = await saver.aget_tuple(at())
    assert found.checkpoint["channel_values"] == {"big": LONG, "small": 5}


async def test_a_value_that_is_gone_is_told_and_not_left_out(saver, server):
    await put(saver, 1, value=LONG)
    index, contents = keys_of("t")
    await server.call("HDEL", contents, name("b", "", "value", "0000000001.a"))
    with pytest.raises(StoreCorrupt):
        await saver.aget_tuple(at())
    await server.call("HDEL", contents, name("c", "", "00000001"))
    with pytest.raises(StoreCorrupt):
        await saver.aget_tuple(at())
    await server.call("DEL", index)


@pytest.mark.parametrize("value", [b"\0\xff" * 10, "\0", AWKWARD["megabyte"] * 16, [None, 1.5, True, "é" * 100]])
async def test_bytes_nul_and_sixteen_megabytes_come_back_equal(saver, value):
    config = await put(saver, 1, value=value)
    await saver.aput_writes(config, [("value", value)], "task", task_path="p\0q")
    found = await saver.aget_tuple(at())
    assert found.checkpoint["channel_values"] == {"value": value}
    assert found.pending_writes == [("task", "value", value)]


def test_names_keep_the_order_of_their_parts_and_never_meet():
    parts = sorted({"", "a", "a\0", "a\0b", "ab", "b", "\x01", "é", "\U0001f600", *AWKWARD.values()})
    names = [name("c", one, two) for one in parts for two in parts]
    assert names == sorted(set(names))
    assert [parts_of(found) for found in names] == [[one, two] for one in parts for two in parts]


@pytest.mark.parametrize("thread_id", [*AWKWARD.values(), "{", "}", "%7D", "{a}b", "\udc80", "a}:i"])
def test_a_threads_keys_lie_in_one_slot_and_name_it(thread_id):
    keys = keys_of(thread_id)
    tags = {key.partition(b"{")[2].partition(b"}")[0] for key in keys}
    assert len(tags) == 1
    assert tags != {b""}
    assert thread_of(keys[0]) == thread_id


async def test_forks_of_one_thread_do_not_share_a_version(saver):
    versions = {saver.get_next_version("0000000009.abcd", None) for _ in range(50)}
    assert len(versions) == 50
    assert "0000000009.ffff" < min(versions) < max(versions) < saver.get_next_version(max(versions), None)
    assert saver.get_next_version(None, None) < saver.get_next_version(7, None)


async def test_a_fork_of_a_graph_leaves_the_other_branch_as_it_was(saver):
    builder = StateGraph(State)
    builder.add_node("ask", lambda state: {"query": state.question * 40})
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    graph = builder.compile(checkpointer=saver)
    for question in ("first", "second"):
        await graph.ainvoke({"question": question}, at("fork"), version="v2")
    history = [item async for item in graph.aget_state_history(at("fork"))]
    old = next(item for item in history if item.values.get("query") == "first" * 40)
    forked = await graph.aupdate_state(old.config, {"query": "fork " * 40}, as_node="ask")
    assert (await graph.aget_state(history[0].config)).values["query"] == "second" * 40
    assert (await graph.aget_state(forked)).values["query"] == "fork " * 40


async def test_a_lease_in_the_runs_config_reaches_the_saver(saver):
    builder = StateGraph(State)
    builder.add_node("ask", lambda state: {"query": state.question})
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    graph = builder.compile(checkpointer=saver)
    await graph.ainvoke({"question": "a"}, at("run", token=6), version="v2")
    with pytest.raises(LeaseLost):
        await graph.ainvoke({"question": "b"}, at("run", token=5), version="v2")
    assert (await graph.aget_state(at("run"))).values["question"] == "a"


async def test_pruning_keeps_what_delta_channels_are_rebuilt_from(saver):
    config = None
    for number in range(1, 7):
        values = {"delta": LONG} if number == 3 else {"other": number}
        meta = {"counters_since_delta_snapshot": {"delta": [number, number]}}
        config = await put(saver, number, config, meta, **values)
    await saver.aprune(["t"])
    assert await ids(saver) == [6, 5, 4, 3]
    found = await saver.aget_tuple(at(number=3))
    assert found.checkpoint["channel_values"] == {"delta": LONG}


async def test_pruning_forgets_values_that_no_checkpoint_holds(saver, server):
    for number in range(1, 6):
        await put(saver, number, value=f"{number}{LONG}")
        await saver.aput_writes(at(number=number), [("value", LONG)], "task")
    await saver.aprune(["t"])
    names = await server.call("HKEYS", keys_of("t")[1])
    assert sorted(found[:1] for found in names) == [b"b", b"c", b"w"]


async def test_without_a_thread_every_threads_checkpoints_are_listed(saver):
    threads = {*AWKWARD.values(), "{a}"} - {AWKWARD["megabyte"]}
    for thread_id in threads:
        await put(saver, 1, at(thread_id))
    found = [item.config["configurable"]["thread_id"] async for item in saver.alist(None)]
    assert len(found) == len(threads)
    assert set(found) == threads
