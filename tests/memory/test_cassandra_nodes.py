"""Turns on three nodes of Cassandra while one of them hangs or is dead: nothing changes for the user."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from memory.cassandra import open_cassandra
from memory.ids import next_turn_id
from memory.records import Scope, Turn
from memory.turns.cassandra import CassandraTurns
from tests.services.cassandra import Place, prepare
from tests.services.kinds import KINDS, Server, server_in
from tests.services.places import default_places
from tests.services.process import free_port
from tests.support.servers import server_url

pytestmark = [pytest.mark.services, pytest.mark.chaos]
SCOPE = Scope("acme", "alice")
NODES = 3
WRITERS = 10
CALL_S = 10.0
UNNOTICED_S = 5.0
"""The slowest call: half of the limit, so that a busy machine has room; asking another node takes half a second."""


@asynccontextmanager
async def three_nodes(folder: Path) -> AsyncGenerator[list[Server]]:
    """Start three nodes, one after another, that share all data."""
    server_url("cassandra")
    port, storage_port = free_port(), free_port()
    async with AsyncExitStack() as stack:
        nodes: list[Server] = []
        for number in range(1, NODES + 1):
            place = Place(f"127.0.0.{number}", storage_port)
            kind = replace(KINDS["cassandra"], prepare=partial(prepare, node=place))
            node = server_in(folder / str(number), kind, port)
            node.port = port  # the others' is taken, at another address
            await node.start(default_places())
            stack.push_async_callback(node.process.stop, signal.SIGKILL)
            nodes.append(node)
        yield nodes


class Talkers:
    """Write turns and read them again, and remember how long each call took and what must be there."""

    def __init__(self, store: CassandraTurns) -> None:
        self.store = store
        self.kept: dict[str, list[Turn]] = {f"thread {number}": [] for number in range(WRITERS)}

    async def go_on(self, turns: int) -> list[float]:
        """Let every thread grow by so many turns; return seconds of each call."""
        spent = await asyncio.gather(*(self._one(thread_id, turns) for thread_id in self.kept))
        return [each for of_thread in spent for each in of_thread]

    async def _one(self, thread_id: str, turns: int) -> list[float]:
        kept, spent = self.kept[thread_id], []
        for _ in range(turns):
            turn_id = next_turn_id(kept[-1].turn_id if kept else None)
            turn = Turn(turn_id, thread_id, "user", f"number {len(kept)}", "complete", datetime.now(UTC), "run")
            began = time.monotonic()
            await self.store.append(SCOPE, turn)
            kept.append(turn)
            assert list(await self.store.recent(SCOPE, thread_id, len(kept))) == kept
            spent.append((time.monotonic() - began) / 2)
        return spent


@pytest.mark.timeout(600)
async def test_one_node_of_three_that_hangs_or_is_dead_goes_unnoticed(tmp_path: Path) -> None:
    async with three_nodes(tmp_path) as nodes:
        hosts = ",".join(f"127.0.0.{number}:{nodes[0].port}" for number in range(1, NODES + 1))
        url = f"cassandra://{hosts}/quorum?replication={NODES}"
        async with open_cassandra(url, CALL_S) as cluster:
            talkers, spent = Talkers(CassandraTurns(cluster)), {}
            spent["all"] = await talkers.go_on(5)
            for last, number in (("hung", signal.SIGSTOP), ("back", signal.SIGCONT), ("dead", signal.SIGKILL)):
                pid = nodes[2].process.pid
                assert pid is not None
                os.kill(pid, number)
                spent[last] = await talkers.go_on(20)
        print({name: (round(statistics.median(took), 3), round(max(took), 3)) for name, took in spent.items()})  # noqa: T201 figures: median and longest call, s
        assert max(max(took) for took in spent.values()) < UNNOTICED_S
