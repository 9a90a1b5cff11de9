"""kill -9 at every named point and at random moments; what must hold is looked at through HTTP only."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.chaos.drive import Message, Zygote, check, check_charges, see_through, send, usage

QUESTIONS = (
    "Who built the lighthouse of Orrin?",
    "How tall is the lighthouse?",
    "When does the ferry to Orrin leave?",
    "What does a ferry ticket cost?",
    "Do dogs travel for free?",
)
CI_KILLS = 20
STORM_KILLS = 200
MANY_FRAMES = 3
"""Of frames and parts that repeat, the first few; the random kills take the rest."""


def seed_of() -> int:
    """The storm's seed: MULTIDB_SEED to play one again, else a fresh one, printed."""
    seed = int(os.environ.get("MULTIDB_SEED") or random.SystemRandom().randrange(10**6))
    print(f"MULTIDB_SEED={seed}")  # noqa: T201 - a failure is played again with it
    return seed


async def recorded_points(zygote: Zygote, record: Path) -> list[str]:
    """Every point that one answered message passes, in order."""
    server = await zygote.start(record=record)
    message = Message(QUESTIONS[0])
    server = await see_through(zygote, message, server)
    await check(server, message)
    await server.kill()
    hits = (await asyncio.to_thread(record.read_text, encoding="utf-8")).split()
    return [hit for hit in hits if int(hit.rsplit("#", 1)[1]) <= MANY_FRAMES]


async def killed_at(zygote: Zygote, point: str, number: int) -> Message:
    """Send a message to a server that dies at a point, and see it through."""
    message = Message(f"{QUESTIONS[number % len(QUESTIONS)]} ({number})")
    server = await zygote.start(crash=point)
    if server.ready:
        await send(server, message)
        await server.gone()
    server = await see_through(zygote, message, server)
    await check(server, message)
    await server.kill()
    return message


@pytest.mark.timeout(600)
async def test_a_kill_at_every_point_loses_and_doubles_nothing(zygote: Zygote, tmp_path: Path) -> None:
    points = await recorded_points(zygote, tmp_path / "points")
    names = {point.partition("#")[0] for point in points}
    writes = {"runs.admit", "runs.append", "runs.finish", "ledger.reserve", "ledger.settle", "turns.append"}
    nodes = {"node.researcher", "node.synthesizer", "node.judge", "node.responder"}
    assert {f"{side}:{name}" for side in ("before", "after") for name in writes | nodes | {"sse.frame"}} <= names
    server = await zygote.start()
    used = (await usage(server))["used_tokens"]
    await server.kill()

    messages = [await killed_at(zygote, point, number) for number, point in enumerate(points)]

    server = await zygote.start()
    await check_charges(server, messages, used)
    await server.kill()


async def storm(zygote: Zygote, kills: int) -> None:
    """Kill real servers at random moments while conversations go on."""
    chance = random.Random(seed_of())
    messages: list[Message] = []
    session: str | None = None
    server = await zygote.start()
    used = (await usage(server))["used_tokens"]
    for number in range(kills):
        message = Message(f"{chance.choice(QUESTIONS)} ({number})", session if chance.random() < 0.5 else None)
        sending = asyncio.create_task(send(server, message))
        await asyncio.sleep(chance.random() * 0.25)
        await server.kill()
        await sending
        server = await zygote.start()
        if chance.random() < 0.25:  # the next process dies while it recovers
            await asyncio.sleep(chance.random() * 0.1)
            await server.kill()
        server = await see_through(zygote, message, server)
        await check(server, message)
        session = message.session_id
        messages.append(message)
    await check_charges(server, messages, used)
    await server.kill()


@pytest.mark.timeout(300)
async def test_twenty_random_kills_lose_and_double_nothing(zygote: Zygote) -> None:
    await storm(zygote, CI_KILLS)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
async def test_two_hundred_random_kills_lose_and_double_nothing(zygote: Zygote) -> None:
    await storm(zygote, STORM_KILLS)
