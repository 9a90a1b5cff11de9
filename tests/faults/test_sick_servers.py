"""A server that hangs or whose disk is full, seen by a user of the whole house: each on a server of its own.

Disks are file systems in memory of a few megabytes, which only root can mount: elsewhere those tests are skipped.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import cassandra
import cassandra.cluster
import pytest

from tests.faults.house import LATE_S, House, Seen, open_house
from tests.faults.table import RECOVERS_S, SICKNESSES, Sickness
from tests.faults.test_cells import BEHIND, WORK_S, expect, problem_of, settled
from tests.faults.test_illnesses import stopped
from tests.services.kinds import Server
from tests.services.places import default_places
from tests.support.disk import Disk, small_disk
from tests.support.servers import own_server

STORE_S = 5.0
LIMITS = {
    "store_timeout_s": STORE_S,
    **dict.fromkeys(("mcp_timeout_s", "model_timeout_s", "run_timeout_s"), 6 * STORE_S),
}
"""Only stores are to be waited for, also on a machine that does other things."""
ROUNDS = 99
"""Of a question, a history and an upload, in which a full disk must show: the files that there are have some room."""
PIECE, PIECES = bytes(262_144), 200
SET_UP_S = 30.0
SETTLED_IN_S = 180.0
STARTED_S = 10.0
"""A server that has just started answers its first calls slowly."""

pytestmark = [pytest.mark.services, pytest.mark.chaos]


class Patient(NamedTuple):
    """A server, and what makes it sick as long as a block lasts."""

    server: Server
    sick: Callable[[], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def patient(sick: Sickness, folder: Path) -> AsyncGenerator[Patient]:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(sick.disk_mb)) if sick.disk_mb else None
        async with own_server(sick.server, disk.folder if disk else folder) as server:
            yield Patient(server, (lambda: filled(disk, server)) if disk else (lambda: stopped(server)))


@asynccontextmanager
async def filled(disk: Disk, server: Server) -> AsyncGenerator[None]:
    """Fill the disk, and the room that Cassandra set aside in its log for what is to come."""
    with disk.full():
        if server.kind.name == "cassandra":
            await asyncio.to_thread(crowd, server.port)
        yield


def crowd(port: int) -> None:
    """Write beside the application until no more is taken; blocks."""
    driver, errors = cast(Any, cassandra.cluster), cast(Any, cassandra)
    cluster = driver.Cluster(["127.0.0.1"], port=port, protocol_version=4, connect_timeout=SET_UP_S)
    refused = (errors.DriverException, driver.NoHostAvailable)
    try:
        session = cluster.connect()
        replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}"
        session.execute(f"CREATE KEYSPACE beside WITH replication = {replication}", timeout=SET_UP_S)
        session.execute("CREATE TABLE beside.pieces (id int PRIMARY KEY, piece blob)", timeout=SET_UP_S)
        statement = session.prepare("INSERT INTO beside.pieces (id, piece) VALUES (?, ?)")
        for number in range(PIECES):
            session.execute(statement, (number, PIECE), timeout=STORE_S)
        pytest.fail(f"{PIECES} pieces were taken by a full disk")
    except refused:
        return
    finally:
        cluster.shutdown()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("sick", SICKNESSES, ids=lambda sick: sick.name)
async def test_a_user_is_told_of_a_sick_server_and_finds_all_that_was_acknowledged_once_it_is_well(
    sick: Sickness, tmp_path: Path
) -> None:
    async with patient(sick, tmp_path) as (server, making_sick):
        urls = {BEHIND[sick.dependency]: server.kind.application_url(server.port)}
        async with open_house(tmp_path, urls, **LIMITS) as house:
            await settled_in(house)
            async with making_sick():
                rounds = await suffered(house, sick)
            if sick.starts_anew:
                await server.process.stop(signal.SIGKILL)
                await server.start(default_places())
            house.leaves_s, began = None, time.monotonic()
            await settled(house, STARTED_S if sick.starts_anew else RECOVERS_S)
            took_s = time.monotonic() - began
            assert set(house.kept) <= await sources(house)
    print(f"{sick.name}: seen in round {rounds}; well {took_s:.1f} s after; {len(house.kept)} kept")  # noqa: T201 - figures


async def settled_in(house: House) -> None:
    """Wait until all is as ever: on servers of its own a house makes its tables first."""
    async with asyncio.timeout(SETTLED_IN_S):
        while await problem_of(house):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.1)


async def suffered(house: House, sick: Sickness) -> int:
    """Hold what a user sees against the table until something was refused; return in which round."""
    within_s = sick.limits * STORE_S + WORK_S + LATE_S + house.slack_s
    house.leaves_s = within_s / 2
    for number in range(1, ROUNDS + 1):
        question, history, upload = await house.ask(), await house.history(), await house.upload()
        for seen, sights in ((question, sick.question), (history, sick.history), (upload, sick.upload)):
            expect(seen, sights, within_s)
        if is_felt(question, history, upload):
            return number
    pytest.fail(f"nothing was refused in {ROUNDS} rounds")


def is_felt(question: Seen, history: Seen, upload: Seen) -> bool:
    whole = question.outcome == "completed" and not question.degraded and history.complete
    return not (whole and upload.outcome == "kept")


async def sources(house: House) -> set[str]:
    """What there is, by source: a test's handful fits in one page."""
    page = (await house.served.client.get("/api/v1/documents?limit=200")).json()
    assert page["next"] is None
    return {document["source"] for document in page["documents"]}
