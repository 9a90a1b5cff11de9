"""The outbox's table in PostgreSQL, shared by all processes: what waits outlives the disk of the one that kept it.

Each process brings what it kept itself, so that a thread's turns stay in order. It says now and then that it is there;
what was kept by one that has not for a while is taken over by another.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import sql

from memory.encoding import Codec
from memory.errors import Conflict, NotFound
from memory.ports import TurnStore
from memory.postgres import Connection, Postgres, migrate, original, stored
from memory.records import Scope, Turn
from memory.sqlite import Database
from memory.turns.outbox import OutboxTurns
from memory.turns.outbox_file import MIGRATIONS as FILE_MIGRATIONS
from memory.turns.outbox_file import OutboxFile, Waiting

GONE_S = 30
"""Who has not been seen for so long is taken for dead; if they are not, both bring the same turns, which is no harm."""
TABLES = """
CREATE TABLE turn_outbox (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, thread_id text COLLATE "C" NOT NULL,
    turn_id text COLLATE "C" NOT NULL, content text NOT NULL, body bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(), owner text NOT NULL, problem text NOT NULL DEFAULT '',
    UNIQUE (tenant_id, thread_id, turn_id)
);
CREATE TABLE turn_outbox_owners (owner text PRIMARY KEY, seen_at timestamptz NOT NULL);
ALTER TABLE turn_outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON turn_outbox USING (
    coalesce(current_setting('app.tenant', true), '') IN ('', '=' || tenant_id)
);
"""
MIGRATIONS = (sql.SQL(TABLES),)
_TURN = Codec(Turn)
_SEEN = sql.SQL(
    "INSERT INTO turn_outbox_owners VALUES (%s, now()) ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at"
)
_PLACE = "sequence, tenant_id, user_id, thread_id, kept_at"
_TAKE_OVER = sql.SQL(
    "UPDATE turn_outbox SET owner = %s WHERE owner NOT IN (SELECT owner FROM turn_outbox_owners"
    f" WHERE seen_at > now() - make_interval(secs => %s)) RETURNING {_PLACE}"
)
_WAITING = sql.SQL(f"SELECT {_PLACE} FROM turn_outbox WHERE owner = %s AND problem = '' ORDER BY sequence")
_REFUSED = sql.SQL("SELECT count(*) FROM turn_outbox WHERE owner = %s AND problem <> ''")
_ONE = sql.SQL("SELECT content, body FROM turn_outbox WHERE sequence = %s AND problem = ''")
_OF_THREAD = sql.SQL(
    "SELECT content, body FROM turn_outbox"
    " WHERE tenant_id = %s AND user_id = %s AND thread_id = %s AND problem = '' ORDER BY turn_id"
)
_FORGET = sql.SQL("DELETE FROM turn_outbox WHERE tenant_id = %s AND user_id = %s AND thread_id = %s")
_DONE = sql.SQL("DELETE FROM turn_outbox WHERE sequence = %s")
_REFUSE = sql.SQL("UPDATE turn_outbox SET problem = %s WHERE sequence = %s")
_OWNER = sql.SQL("SELECT user_id FROM turn_outbox WHERE tenant_id = %s AND thread_id = %s LIMIT 1")
_STORED = sql.SQL("SELECT content, body FROM turn_outbox WHERE tenant_id = %s AND thread_id = %s AND turn_id = %s")
_KEEP = sql.SQL(
    "INSERT INTO turn_outbox (tenant_id, user_id, thread_id, turn_id, content, body, owner)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING sequence"
)


@asynccontextmanager
async def open_shared_outbox(
    store: TurnStore, server: Postgres, replica: str, file: Database | None
) -> AsyncGenerator[OutboxTurns]:
    """Put an outbox in front of a store; what waits in a file from before, if one is given, moves to the table."""
    await migrate(server, "turn_outbox", MIGRATIONS)
    table = OutboxTable(server, replica)
    if file is not None:
        await file.migrate("turn_outbox", FILE_MIGRATIONS)
        await _move(OutboxFile(file), table)
    outbox = OutboxTurns(store, table)
    await outbox.start()
    try:
        yield outbox
    finally:
        await outbox.stop()


class OutboxTable:
    """The table, as one process sees it: its own rows, but for reading and forgetting a thread."""

    def __init__(self, server: Postgres, replica: str) -> None:
        """Use a migrated database; replica: the name of this process, that of no other which is alive."""
        self._server = server
        self._replica = stored(replica)

    async def keep(self, scope: Scope, turn: Turn) -> bool:
        """Keep a turn durably; False if it was there. NotFound and Conflict as in the file."""
        body, thread = _TURN.dump(replace(turn, text="")), (stored(scope.tenant_id), stored(turn.thread_id))

        async def work(connection: Connection) -> bool:
            owner = await (await connection.execute(_OWNER, thread)).fetchone()
            if owner and owner[0] != stored(scope.user_id):
                raise NotFound(f"there is no thread {turn.thread_id!r}")
            row = (thread[0], stored(scope.user_id), thread[1], stored(turn.turn_id), stored(turn.text), body)
            if await (await connection.execute(_KEEP, (*row, self._replica))).fetchone():
                return True
            there = await (await connection.execute(_STORED, (*thread, stored(turn.turn_id)))).fetchone()
            if there and replace(_turn(there), created_at=turn.created_at) != turn:
                raise Conflict(f"turn {turn.turn_id} holds other content")
            return False

        return await self._server.transaction(scope, work)

    async def tend(self) -> Sequence[Waiting]:
        """Say that this process is there, and take over what was kept by those that are gone."""
        await self._server.fetch(_SEEN, (self._replica,))
        return [_waiting(row) for row in await self._server.fetch(_TAKE_OVER, (self._replica, GONE_S))]

    async def waiting(self) -> Sequence[Waiting]:
        """Return what this process has to bring, the oldest first."""
        return [_waiting(row) for row in await self._server.fetch(_WAITING, (self._replica,))]

    async def refused(self) -> int:
        """How many turns of this process the store will never take."""
        return (await self._server.fetch(_REFUSED, (self._replica,)))[0][0]

    async def turn(self, item: Waiting) -> Turn | None:
        """Return what waits in a place, if it still does."""
        rows = await self._server.fetch(_ONE, (item.sequence,))
        return _turn(rows[0]) if rows else None

    async def turns(self, scope: Scope, thread_id: str) -> Sequence[Turn]:
        """Return what waits of a thread in any process, by turn_id."""
        return [_turn(row) for row in await self._server.fetch(_OF_THREAD, _thread(scope, thread_id))]

    async def done(self, item: Waiting, problem: str) -> None:
        """Remove what the store has taken, or note why it never will."""
        if problem:
            await self._server.fetch(_REFUSE, (stored(problem), item.sequence))
        else:
            await self._server.fetch(_DONE, (item.sequence,))

    async def forget(self, scope: Scope, thread_id: str) -> None:
        """Forget what waits or was refused of a thread, in every process."""
        await self._server.fetch(_FORGET, _thread(scope, thread_id))


async def _move(file: OutboxFile, table: OutboxTable) -> None:
    """Bring what waits from the file to the table; broken off, it begins again with what is left."""
    for item in await file.waiting():
        turn = await file.turn(item)
        if turn is not None:
            await table.keep(item.scope, turn)
            await file.done(item, "")


def _thread(scope: Scope, thread_id: str) -> tuple[str, str, str]:
    return stored(scope.tenant_id), stored(scope.user_id), stored(thread_id)


def _waiting(row: tuple[Any, ...]) -> Waiting:
    sequence, tenant, user, thread, kept_at = row
    at: datetime = kept_at
    return Waiting(sequence, Scope(original(tenant), original(user)), original(thread), at.timestamp())


def _turn(row: tuple[Any, ...]) -> Turn:
    return replace(_TURN.load(row[1]), text=original(row[0]))
