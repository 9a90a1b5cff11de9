"""What a user sees of two processes on the same stores: one application. Real processes, real servers, over HTTP."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.drive import PATIENCE_S, Message, Server, check, check_charges, history, send, usage
from tests.replicas.conftest import Replicas, client_of

pytestmark = [pytest.mark.services, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]
QUESTION = "Who built the lighthouse of Orrin?"


@asynccontextmanager
async def under_way(server: Server, message: Message) -> AsyncGenerator[asyncio.Task[None]]:
    """Yield while the message is being answered: the model has begun and fallen silent."""
    sending = asyncio.create_task(send(server, message))
    async with asyncio.timeout(PATIENCE_S):
        while not any(kind == "answer.delta" for _, kind, _ in message.frames):
            assert not sending.done(), message
            await asyncio.sleep(0.01)
    yield sending
    await asyncio.wait([sending])


async def read_on(server: Server, message: Message) -> None:
    """Read the stream to its end, as a client does that is told to come back."""
    async with asyncio.timeout(PATIENCE_S):
        while not message.ended:
            await send(server, message)


async def test_a_run_of_one_process_is_read_and_its_thread_is_held_at_the_other(replicas: Replicas) -> None:
    first, second = replicas.servers
    replicas.model.held = True
    message = Message(QUESTION)
    async with under_way(first, message), client_of(second) as client:
        begun = len(message.frames)
        busy = await client.post("/api/v1/chat/message", json={"message": "And?", "session_id": message.session_id})
        elsewhere = Message(QUESTION, message.session_id, run_id=message.run_id)
        elsewhere.take(*message.frames[0])
        reading = asyncio.create_task(send(second, elsewhere))
        cancelled_at = time.monotonic()
        cancelled = await client.post(f"/api/v1/runs/{message.run_id}/cancel")
        took_s = time.monotonic() - cancelled_at
        await reading

    assert (busy.status_code, busy.json()["code"]) == (409, "thread_busy")
    assert cancelled.json()["status"] == "cancelled"
    assert took_s < 1
    assert message.frames[-1][1] == "run.cancelled"
    assert len(message.frames) > begun
    assert elsewhere.frames == message.frames
    async with client_of(second) as client:
        turns = await history(client, str(message.session_id))
    assert [(turn["role"], turn["status"]) for turn in turns] == [("user", "complete"), ("assistant", "cancelled")]


async def test_the_other_process_completes_what_a_killed_one_had_begun(replicas: Replicas) -> None:
    first, second = replicas.servers
    used = (await usage(second))["used_tokens"]
    replicas.model.held = True
    message = Message(QUESTION)
    async with under_way(first, message):
        replicas.model.held = False
        killed_at = time.monotonic()
        await first.kill()
    await read_on(second, message)
    took_s = time.monotonic() - killed_at
    await check(second, message)
    await check_charges(second, [message], used)
    assert took_s < 1.5 + 1 + 3  # lease, round, answer


async def test_a_process_that_was_frozen_past_its_lease_writes_nothing_more(replicas: Replicas) -> None:
    first, second = replicas.servers
    used = (await usage(second))["used_tokens"]
    replicas.model.held = True
    message = Message(QUESTION)
    async with under_way(first, message) as sending:
        first.signal(signal.SIGSTOP)
        replicas.model.held = False
        sending.cancel()
        await asyncio.wait([sending])
        await read_on(second, message)
        first.signal(signal.SIGCONT)
        assert replicas.model.provider is not None
        async with asyncio.timeout(PATIENCE_S):
            await replicas.model.provider.left.wait()  # the first has given its attempt up
    for server in (second, first):
        await check(server, message)
    await check_charges(second, [message], used)


async def test_a_restart_of_one_after_the_other_drops_no_stream(replicas: Replicas) -> None:
    used = (await usage(replicas.servers[0]))["used_tokens"]
    messages: list[Message] = []
    for number in (0, 1):
        replicas.model.held = True
        message = Message(f"{QUESTION} ({number})")
        async with under_way(replicas.servers[number], message):
            replicas.model.held = False
            replicas.servers[number].signal(signal.SIGTERM)
        await replicas.servers[number].gone()
        await read_on(replicas.servers[1 - number], message)
        await replicas.restart(number)
        messages.append(message)
    for message in messages:
        await check(replicas.servers[0], message)
    await check_charges(replicas.servers[0], messages, used)
