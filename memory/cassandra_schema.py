"""The tables in Cassandra and ScyllaDB, in the CQL that both speak, and how they come to be.

No counters, views or secondary indexes; one thread's rows and one tenant's lists are cut into partitions of bounded
size. Rows that a condition guards are written by conditions only, but for deletions: those carry a time that no write
of the same incarnation reaches (see docs/decisions/cassandra.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from memory.errors import InvalidInput, StoreError

if TYPE_CHECKING:
    from memory.cassandra import Cassandra

CREATE_KEYSPACE = (
    "CREATE KEYSPACE IF NOT EXISTS {keyspace}"
    " WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}"
)
BOOTSTRAP = (
    "CREATE TABLE IF NOT EXISTS schema_versions (component text PRIMARY KEY, version int)",
    "CREATE TABLE IF NOT EXISTS schema_locks (name text PRIMARY KEY, holder uuid)",
)
MIGRATIONS = (
    (
        """
        CREATE TABLE IF NOT EXISTS threads (
            tenant_id text, thread_id text, incarnation uuid, user_id text, title text, created_at text,
            PRIMARY KEY ((tenant_id, thread_id))
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS threads_by_user (
            tenant_id text, user_id text, thread_id text, incarnation uuid, title text, created_at text,
            updated_at text, last_turn_id text, buckets set<text>, closed boolean,
            PRIMARY KEY ((tenant_id, user_id), thread_id, incarnation)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS turns (
            tenant_id text, thread_id text, incarnation uuid, bucket text, turn_id text, content text, body blob,
            PRIMARY KEY ((tenant_id, thread_id, incarnation, bucket), turn_id)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS answer_entries (
            tenant_id text, shard int, entry_id text, incarnation uuid, category text, question text, answer text,
            revision int, updated_by text, updated_at text,
            PRIMARY KEY ((tenant_id, shard), entry_id)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS answer_hits (
            tenant_id text, entry_id text, incarnation uuid, shard int, event_id text,
            PRIMARY KEY ((tenant_id, entry_id, incarnation, shard), event_id)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS feedback_by_thread (
            tenant_id text, user_id text, thread_id text, turn_id text, run_id text, rating text, comment text,
            created_at text,
            PRIMARY KEY ((tenant_id, user_id, thread_id), turn_id)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS feedback_by_turn (
            tenant_id text, bucket text, turn_id text, user_id text, thread_id text,
            PRIMARY KEY ((tenant_id, bucket), turn_id, user_id, thread_id)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS feedback_buckets (tenant_id text PRIMARY KEY, buckets set<text>)
        """,
    ),
)
COMPONENT = "chat"
LOCK_S = 60
RETRY_S = 0.2

_KEYSPACES = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?"
_TABLES = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?"
VERSION = "SELECT version FROM schema_versions WHERE component = ?"
_SET_VERSION = "INSERT INTO schema_versions (component, version) VALUES (?, ?)"
_LOCK = f"INSERT INTO schema_locks (name, holder) VALUES (?, ?) IF NOT EXISTS USING TTL {LOCK_S}"
_UNLOCK = "DELETE FROM schema_locks WHERE name = ? IF holder = ?"


async def prepare_keyspace(server: Cassandra) -> None:
    """Make sure that the keyspace is there.

    Raises:
        InvalidInput: it is not, and the URL does not say that it may be made.
        StoreUnavailable: the cluster does not answer.
    """
    address = server.address
    if await server.first(_KEYSPACES, address.keyspace):
        return
    if address.replication is None:
        raise InvalidInput(
            f"there is no keyspace {address.keyspace!r} at {address.shown}; make it, or add ?replication=N to the URL"
            " to have it made"
        )
    await server.define(CREATE_KEYSPACE.format(keyspace=address.keyspace, replication=address.replication))


async def migrate(server: Cassandra) -> None:
    """Bring the tables up to date; of several processes one does it and the others wait.

    Raises:
        StoreError: the tables are a newer version's.
        StoreUnavailable: the cluster does not answer.
    """
    found = {row["table_name"] for row in await server.rows(_TABLES, server.address.keyspace)}
    if not {"schema_versions", "schema_locks"} <= found:
        for statement in BOOTSTRAP:
            await server.define(statement)
    holder = uuid4()
    while (have := await _version(server)) < len(MIGRATIONS):
        new, there = await server.decide(_LOCK, COMPONENT, holder)
        if not new and there["holder"] != holder:
            await asyncio.sleep(RETRY_S)
            continue
        try:
            await _apply(server, have)
        finally:
            await server.decide(_UNLOCK, COMPONENT, holder)


async def _version(server: Cassandra) -> int:
    row = await server.first(VERSION, COMPONENT)
    have = row["version"] if row else 0
    if have > len(MIGRATIONS):
        raise StoreError(f"the tables were made by a newer version (schema {have}, this one knows {len(MIGRATIONS)})")
    return have


async def _apply(server: Cassandra, have: int) -> None:
    for number, statements in enumerate(MIGRATIONS[have:], have + 1):
        for statement in statements:
            await server.define(statement)
        await server.write(_SET_VERSION, COMPONENT, number)
