"""Processes that reserve, settle and release, killed at random: `python -m tests.chaos.ledger URL KILLS SEED`.

A lane is one process after another that works through the same jobs. Whoever follows a killed one begins with the job
that it had not acknowledged, under the same key, as a restarted application does. Children are forked from a program
that has imported everything and opened nothing. Prints one JSON line: kills, and each lane's outcomes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from memory.accounts.postgres_ledger import open_ledger
from memory.errors import QuotaExceeded
from memory.postgres import open_postgres
from memory.records import Plan, Scope

LANES = 4
USERS = 2
JOBS_A_DAY = 25
LIMIT = 600
PLAN = Plan("storm", LIMIT, "day")
BEGAN = datetime(2026, 1, 20, 12, tzinfo=UTC)
LONGEST_LIFE_S = 0.05
"""A child is killed within this time of its first sign of life."""
ANSWER_S = 30.0


class Job(NamedTuple):
    """What a run does to the ledger."""

    scope: Scope
    key: str
    tokens: int
    end: str
    used: int
    at: datetime


def job(seed: int, lane: int, number: int) -> Job:
    """Return a lane's job; the same for everybody who asks."""
    chance = random.Random(f"{seed}-{lane}-{number}")
    return Job(
        scope=Scope("acme", f"user {lane % USERS}"),
        key=f"lane {lane} job {number}",
        tokens=chance.randint(0, 400),
        end=chance.choice(["settle", "release"]),
        used=chance.randint(0, 60),
        at=BEGAN + timedelta(days=number // JOBS_A_DAY),
    )


async def work_on(url: str, seed: int, lane: int, number: int, say: Callable[[str], object]) -> None:
    """Do a lane's jobs from a number on, acknowledging each, until somebody kills us."""
    moment = [BEGAN]
    async with open_postgres(url, max_connections=1) as server:
        ledger = await open_ledger(server, PLAN, lambda: moment[0])
        say("open")
        while True:
            work = job(seed, lane, number)
            moment[0] = work.at
            say(await outcome(ledger, work))
            number += 1


async def outcome(ledger, work: Job) -> str:
    """Do one job."""
    try:
        await ledger.reserve(work.scope, work.key, work.tokens)
    except QuotaExceeded:
        return "refused"
    if work.end == "settle":
        await ledger.settle(work.scope, work.key, work.used)
    else:
        await ledger.release(work.scope, work.key)
    return "granted"


@dataclass
class Lane:
    """One child at a time, and what all of them acknowledged."""

    number: int
    outcomes: list[str] = field(default_factory=list)
    pid: int = 0
    pipe: int = -1
    rest: bytes = b""
    dies_at: float = float("inf")

    def start(self, url: str, seed: int) -> None:
        """Fork a child that goes on where the last one was."""
        reading, writing = os.pipe()
        first, self.rest, self.dies_at = len(self.outcomes), b"", float("inf")
        self.pid = os.fork()
        if self.pid == 0:
            try:
                asyncio.run(
                    work_on(url, seed, self.number, first, lambda word: os.write(writing, word.encode() + b"\n"))
                )
            finally:
                traceback.print_exc()  # where nobody killed it, that is why it ended
                os._exit(1)
        os.close(writing)
        self.pipe = reading

    def hear(self, life_s: float) -> bool:
        """Note what the child said; False once it has ended. life_s: how long it may live from its first word on."""
        data = os.read(self.pipe, 65536)
        *words, self.rest = (self.rest + data).split(b"\n")
        if b"open" in words:
            self.dies_at = time.monotonic() + life_s
        self.outcomes += [word.decode() for word in words if word != b"open"]
        return bool(data)

    def kill(self) -> None:
        """SIGKILL the child and hear its last words."""
        os.kill(self.pid, signal.SIGKILL)
        while self.hear(0):
            pass
        os.waitpid(self.pid, 0)
        os.close(self.pipe)


def storm(url: str, kills: int, seed: int) -> list[Lane]:
    """Kill children until there were enough."""
    chance, ended = random.Random(seed), list[Lane]()
    lanes = [Lane(number) for number in range(LANES)]
    for lane in lanes:
        lane.start(url, seed)
    for done in range(kills):
        try:
            lane = _next_to_die(lanes, chance)
        except SystemExit:
            for left in lanes:
                left.kill()
            raise
        lane.kill()
        if done + len(lanes) < kills:
            lane.start(url, seed)
        else:
            lanes = [other for other in lanes if other is not lane]
            ended.append(lane)
    return ended


def _next_to_die(lanes: list[Lane], chance: random.Random) -> Lane:
    """Hear them all until the time of one has come."""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        doomed = min(lanes, key=lambda lane: lane.dies_at)
        left = doomed.dies_at - time.monotonic()
        if left <= 0:
            return doomed
        ready, _, _ = select.select([lane.pipe for lane in lanes], [], [], min(left, 1.0))
        for lane in lanes:
            if lane.pipe in ready and not lane.hear(chance.uniform(0, LONGEST_LIFE_S)):
                raise SystemExit(f"the child of lane {lane.number} ended by itself")
    raise SystemExit("no child answered")


def main(url: str, kills: int, seed: int) -> None:
    """Run a storm and print what was acknowledged."""
    lanes = storm(url, kills, seed)
    print(json.dumps({"kills": kills, "outcomes": {lane.number: lane.outcomes for lane in lanes}}))  # noqa: T201 - the result


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
