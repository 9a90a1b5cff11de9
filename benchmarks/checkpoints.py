"""A conversation of 40 turns through a small graph, its state kept by each saver: time, processor time and memory.

`python -m benchmarks.checkpoints` (after `make services`) prints a line of JSON. `sync` keeps every step, as a run with
a chat model does; `exit` keeps the last one. Memory of Redis is what MEMORY USAGE says of the thread's keys; of SQLite
it is the file with its log. The driver doing a bare round trip is measured in the same run.
"""

from __future__ import annotations

import asyncio
import operator
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph

from benchmarks.machine import report, row
from memory.checkpoints.redis import RedisSaver
from memory.checkpoints.redis_layout import keys_of
from memory.checkpoints.sqlite import open_checkpoints
from memory.redis import open_redis
from tests.services.environment import read_environment

TURNS = 40
PINGS = 500
ANSWER = "A sentence of an answer, about eighty characters long, as people tend to write. " * 5


class Conversation(TypedDict, total=False):
    """What the graph remembers."""

    messages: Annotated[list[str], operator.add]
    query: str
    draft: str
    verdict: str


def graph(saver):
    """Three steps that do nothing but write what an agent's would."""
    builder = StateGraph(Conversation)
    builder.add_node("plan", lambda state: {"query": state["messages"][-1][:40]})
    builder.add_node("draft", lambda _: {"draft": ANSWER})
    builder.add_node("judge", lambda _: {"verdict": "accept", "messages": [ANSWER]})
    for before, after in ((START, "plan"), ("plan", "draft"), ("draft", "judge"), ("judge", END)):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=saver)


async def converse(saver, durability, thread_id):
    """Return milliseconds a turn: median of the wall clock, mean of the processor."""
    agent, walls = graph(saver), []
    config = {"configurable": {"thread_id": thread_id}}
    processor = time.process_time()
    for number in range(TURNS):
        began = time.perf_counter()
        question = {"messages": [f"question number {number}: what is this about?"]}
        await agent.ainvoke(question, config, version="v2", durability=durability)
        walls.append((time.perf_counter() - began) * 1e3)
    return statistics.median(walls), (time.process_time() - processor) * 1e3 / TURNS


async def on_sqlite(durability):
    """Return milliseconds a turn, of the wall clock and of the processor, and KiB kept, in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_checkpoints(Path(folder) / "checkpoints.db") as saver:
            await converse(saver, durability, "warm")
            before = _kept_kib(folder)
            times = await converse(saver, durability, "t")
            return *times, _kept_kib(folder) - before


def _kept_kib(folder):
    return sum(path.stat().st_size for path in Path(folder).iterdir()) / 1024


async def on_redis(server, durability):
    """Return the same of a thread on a server; nothing is left there."""
    saver = RedisSaver(server, ttl_s=3600)
    try:
        await converse(saver, durability, "benchmark warm")
        times = await converse(saver, durability, "benchmark")
        used = [await server.call("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys_of("benchmark")]
        return *times, sum(used) / 1024
    finally:
        for thread_id in ("benchmark warm", "benchmark"):
            await saver.adelete_thread(thread_id)


async def main(url):
    """Measure both, and a bare round trip."""
    rows = []
    async with open_redis(url) as server:
        for durability in ("sync", "exit"):
            sqlite, redis = await on_sqlite(durability), await on_redis(server, durability)
            names = (("wall p50 a turn", "ms"), ("processor a turn", "ms"), ("kept of 40 turns", "KiB"))
            for (name, unit), ours, theirs in zip(names, redis, sqlite, strict=True):
                rows.append(
                    row(f"{durability}: {name}, Redis beside SQLite", round(ours, 2), unit, round(theirs, 2), "")
                )
        began = time.perf_counter()
        for _ in range(PINGS):
            await server.call("PING")
        rows.append(row("one round trip", round((time.perf_counter() - began) * 1e3 / PINGS, 3), "ms", None, ""))
    report("checkpoints", {"turns": TURNS, "figures": rows})


if __name__ == "__main__":
    address = read_environment().get("redis")
    if not address:
        print("No Redis runs here (`make services`): checkpoints were not measured.")
    else:
        asyncio.run(main(address))
