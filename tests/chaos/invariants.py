"""What must hold after every storm (I1 to I7), seen through HTTP as each user and in the stores behind it.

I1 an acknowledged turn is there once; I2 the ledger is the sum of what was settled; I3 one effect a key; I4 a stream is
whole and its answer the stored one, or it says that it failed; I5 no tenant reaches another's; I6 the audit chain is
whole; I7 nothing is left running or open.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest

from memory.accounts.postgres_audit import open_audit
from memory.cassandra import open_cassandra
from memory.errors import NotFound
from memory.postgres import open_postgres
from memory.records import SYSTEM, Scope
from memory.redis import open_redis
from memory.runs.redis import open_runs
from memory.turns.cassandra import CassandraTurns
from tests.chaos.drive import TERMINAL, Message, Server, check_stream, history

HEALED_S = 60.0
ROUND = 20
"""Requests at once; one that left a file open each time would show in the next round."""
ENTRIES = """SELECT key, count(*) FILTER (WHERE kind = 'reserve'), count(*) FILTER (WHERE kind <> 'reserve'),
             coalesce(sum(tokens) FILTER (WHERE kind = 'settle'), 0) FROM ledger_entries GROUP BY key"""
BALANCE = "SELECT coalesce(sum(used), 0), coalesce(sum(reserved), 0) FROM quota_balances WHERE period = 'month'"


@dataclass
class Talk:
    """One user's conversation: what was sent in it, in order, two messages at least. headers: who the user is."""

    scope: Scope
    headers: Mapping[str, str]
    messages: list[Message] = field(default_factory=list[Message])

    @property
    def session_id(self) -> str:
        """Name the session."""
        return str(self.messages[0].session_id)


class House(NamedTuple):
    """Who serves, how it is asked, where its stores are (port -> URL), and how an operator names himself."""

    server: Server
    client: httpx.AsyncClient
    urls: Mapping[str, str]
    operator: Mapping[str, str]

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask as somebody, without headers as the operator."""
        return await self.client.get(path, headers=headers or self.operator)


async def check_invariants(house: House, talks: Sequence[Talk]) -> None:
    """Assert all of I1 to I7; every message of the talks must have ended."""
    await healed(house)
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(open_cassandra(house.urls["turns"]))
        async with asyncio.TaskGroup() as checks:
            for talk in talks:
                checks.create_task(_talk(house, CassandraTurns(cluster), talk))
        await _apart(house, CassandraTurns(cluster), talks)
    await _ledger(house, talks)
    await _audit(house, talks)
    await _leftovers(house)


async def healed(house: House) -> None:
    """Wait until every part is up and no turn waits for its store."""
    said: Any = None
    try:
        async with asyncio.timeout(HEALED_S):
            while True:
                said = (await house.get("/health/ready")).json()
                if said["status"] == "ready" and not (await _gauges(house))["multidb_outbox_turns"]:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"not healed within {HEALED_S} s: {said}")


async def _gauges(house: House) -> Counter[str]:
    """Return the sum of each family over its labels."""
    found: Counter[str] = Counter()
    for line in (await house.get("/metrics")).text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.partition("{")[0]] += int(float(value))
    return found


async def _talk(house: House, kept: CassandraTurns, talk: Talk) -> None:
    """I1, I3 and I4 of one conversation."""
    turns = await history(house.client, talk.session_id, talk.headers)
    stored = (await kept.page(talk.scope, talk.session_id, None, 1_000)).items
    assert [(turn.turn_id, turn.role, turn.text, turn.status) for turn in stored] == [
        (turn["turn_id"], turn["role"], turn["text"], turn["status"]) for turn in turns
    ]
    counts = Counter(turn["turn_id"] for turn in turns)
    assert not [name for name, count in counts.items() if count > 1]
    assert len(turns) <= 2 * len(talk.messages), "more turns than were asked for"
    for message in talk.messages:
        assert [seq for seq, _, _ in message.frames] == list(range(1, len(message.frames) + 1))
        await check_stream(house.client, message)
        _turns_of(turns, message)
    await _one_run(house.client, talk.messages[-1])


def _turns_of(turns: Sequence[Mapping[str, Any]], message: Message) -> None:
    started, last = message.event("run.started"), message.frames[-1][1]
    asked = [turn for turn in turns if turn["turn_id"] == started["turn_id"]]
    assert [(turn["role"], turn["text"]) for turn in asked] == [("user", message.text)]
    assert [turn["text"] for turn in turns if turn["role"] == "user"].count(message.text) == 1
    answers = [turn for turn in turns if turn["turn_id"] == started["answer_turn_id"]]
    if last == "run.completed":
        whole = message.event("answer.completed")["text"]
        assert [(turn["text"], turn["status"]) for turn in answers] == [(whole, "complete")]
    else:
        assert last in TERMINAL
        assert [turn["status"] for turn in answers if turn["status"] == "complete"] == []


async def _one_run(client: httpx.AsyncClient, message: Message) -> None:
    """I3: the key of a message stands for its run for ever."""
    body = {"message": message.text, "effort": message.effort, "session_id": message.session_id}
    headers = {**message.headers, "Idempotency-Key": message.key}
    reply = await client.post("/api/v1/chat/message", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.json()["run_id"] == message.run_id


async def _ledger(house: House, talks: Sequence[Talk]) -> None:
    """I2 and I3: what users were told is what the ledger holds, each run once, nothing reserved."""
    sent: dict[tuple[str, str], list[Message]] = {}
    for talk in talks:
        sent.setdefault((talk.scope.tenant_id, talk.scope.user_id), []).extend(talk.messages)
    async with await psycopg.AsyncConnection.connect(house.urls["accounts"], connect_timeout=10) as connection:
        for user, messages in sent.items():
            owed = sum(message.event("usage.settled")["used_tokens"] for message in messages)
            quota = (await house.get("/api/v1/me", messages[0].headers)).json()
            assert (quota["used_tokens"], quota["reserved_tokens"]) == (owed, 0)
            assert quota["remaining_tokens"] is None or quota["remaining_tokens"] >= 0
            # The user's rows are there for whoever acts for the user, and for nobody else.
            await connection.execute(
                "SELECT set_config('app.tenant', %s, false), set_config('app.user', %s, false)",
                [f"={part}" for part in user],
            )
            entries = await (await connection.execute(ENTRIES)).fetchall()
            assert {key for key, *_ in entries} == {f"run:{message.run_id}" for message in messages}
            assert {(reserved, closed) for _, reserved, closed, _ in entries} == {(1, 1)}
            assert sum(row[3] for row in entries) == owed
            assert await (await connection.execute(BALANCE)).fetchone() == (owed, 0)


async def _apart(house: House, kept: CassandraTurns, talks: Sequence[Talk]) -> None:
    """I5: what is one tenant's is not there for the other, at the door and in the store."""
    for talk in talks:
        stranger = next(other for other in talks if other.scope.tenant_id != talk.scope.tenant_id)
        for path in (f"chat/history/{talk.session_id}", f"runs/{talk.messages[0].run_id}/events"):
            assert (await house.get(f"/api/v1/{path}", stranger.headers)).status_code == 404
        with pytest.raises(NotFound):
            await kept.page(stranger.scope, talk.session_id, None, 10)


async def _audit(house: House, talks: Sequence[Talk]) -> None:
    """I6."""
    async with open_postgres(house.urls["accounts"]) as server:
        audit = await open_audit(server)
        for tenant in {talk.scope.tenant_id for talk in talks}:
            scope = replace(SYSTEM, tenant_id=tenant)
            assert await audit.verify(scope) is None
            assert await audit.page(scope, 0, 1), "nothing was written down"


async def _leftovers(house: House) -> None:
    """I7: no run unfinished or live, no stream open; and asking twice leaves no more files open than asking once."""
    async with open_redis(house.urls["runs"]) as server, open_runs(server) as runs:
        assert list(await runs.unfinished(SYSTEM)) == []
    # Pools grow in the first rounds.
    counts = [await _open_files(house) for _ in range(4)]
    assert counts[-1] < counts[-2] + ROUND // 2, counts
    gauges = await _gauges(house)
    assert (gauges["multidb_runs_live"], gauges["multidb_streams_open"]) == (0, 0)


async def _open_files(house: House) -> int:
    """Return how many files the process has open after a round of requests."""
    replies = await asyncio.gather(*(house.get("/health/ready") for _ in range(ROUND)))
    assert {reply.status_code for reply in replies} == {200}
    return len(os.listdir(f"/proc/{house.server.pid}/fd"))
