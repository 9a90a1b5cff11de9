"""What only PostgreSQL promises of the accounts: a second wall, evidence that stays, and books that balance."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from memory.accounts.postgres import open_accounts
from memory.accounts.postgres_audit import open_audit
from memory.accounts.postgres_ledger import open_ledger
from memory.errors import InvalidInput, StoreUnavailable
from memory.postgres import open_postgres
from memory.records import Plan, Scope
from memory.settings import StoreSettings
from memory.stores import open_stores
from tests.memory.test_postgres import answers, is_back
from tests.services.places import default_places
from tests.support.people import ALICE, BOB, NAMESAKE, OPERATOR
from tests.support.servers import fresh_postgres_schema, own_postgres, server_url

pytestmark = pytest.mark.services
TABLES = (
    *("tenants", "users", "plan_assignments", "ledger_entries", "quota_balances", "audit_actors", "audit_entries"),
    "schema_versions",
)
UNSCOPED = {"schema_versions"}
EVIDENCE = ("ledger_entries", "audit_entries")


@pytest.fixture
async def database():
    async with fresh_postgres_schema() as url:
        yield url


@pytest.fixture
async def server(database):
    """A database in which two tenants have done everything once."""
    async with open_postgres(database) as server:
        accounts, ledger, audit = await open_accounts(server), await open_ledger(server), await open_audit(server)
        for scope in (ALICE, BOB, NAMESAKE):
            await accounts.user(scope)
            operator = Scope(scope.tenant_id, "olga", roles=("operator",))
            await accounts.assign_plan(operator, scope.user_id, Plan("team", 1_000, "day"))
            await ledger.reserve(scope, "key", 7)
            await audit.append(scope, "read", "a document")
        yield server


def selecting(*columns):
    async def work(connection):
        return await (await connection.execute(work.statement)).fetchall()

    work.statement = sql.SQL("SELECT DISTINCT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns[1:])), sql.Identifier(columns[0])
    )
    return work


@asynccontextmanager
async def above_the_wall(database):
    """The superuser, in the same schema, whom neither policies nor triggers hold."""
    name = database.split("//")[1].split(":")[0]
    async with await psycopg.AsyncConnection.connect(server_url("postgres"), autocommit=True) as admin:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(name)))
        yield admin


async def test_no_table_is_outside_the_wall(server):
    found = await server.fetch(
        sql.SQL(
            "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
            " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
        )
    )
    assert {name for name, _ in found} == set(TABLES)
    assert {name for name, walled in found if not walled} == UNSCOPED


@pytest.mark.parametrize("table", sorted(set(TABLES) - UNSCOPED))
async def test_a_query_without_where_sees_the_scopes_tenant_only(server, table):
    for scope in (ALICE, NAMESAKE):
        assert await server.transaction(scope, selecting(table, "tenant_id")) == [(scope.tenant_id,)]
    nobody = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    assert await server.run(lambda connection: one(connection, nobody)) == (0,)


@pytest.mark.parametrize("table", ["ledger_entries", "quota_balances"])
async def test_what_a_user_spent_is_that_users_alone(server, table):
    assert await server.transaction(ALICE, selecting(table, "user_id")) == [("alice",)]
    assert await server.transaction(OPERATOR, selecting(table, "user_id")) == []


async def one(connection, statement):
    return await (await connection.execute(statement)).fetchone()


async def test_a_row_of_another_tenant_cannot_be_written(server):
    def writing(connection):
        return connection.execute("INSERT INTO users VALUES ('globex', 'mallory', now())")

    with pytest.raises(StoreUnavailable, match="row-level security"):
        await server.transaction(ALICE, writing)


async def test_a_connection_forgets_the_scope_with_its_transaction(server):
    for scope in (ALICE, NAMESAKE):
        await server.transaction(scope, selecting("users", "tenant_id"))
        assert await server.fetch(sql.SQL("SELECT count(*) FROM users")) == [(0,)]


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET tenant_id = ''", "TRUNCATE {}"])
async def test_evidence_cannot_be_changed(server, table, change):
    statement = sql.SQL(change).format(sql.Identifier(table))
    with pytest.raises(StoreUnavailable, match="append-only"):
        await server.transaction(ALICE, lambda connection: connection.execute(statement))


async def test_a_user_can_be_forgotten_and_the_evidence_stays(server, database):
    audit = await open_audit(server)
    async with above_the_wall(database) as admin:
        await admin.execute("SET session_replication_role = origin")
        await admin.execute("DELETE FROM audit_actors WHERE user_id = 'alice'")
        await admin.execute("DELETE FROM users WHERE user_id = 'alice'")
    assert await audit.verify(ALICE) is None
    first, second = await audit.page(OPERATOR, 0, 9)
    assert UUID(first.actor)
    assert second.actor == "bob"
    assert await server.transaction(ALICE, selecting("ledger_entries", "key")) == [("key",)]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_entries SET target = 'nothing' WHERE sequence = 3", 3),
        ("DELETE FROM audit_entries WHERE sequence = 2", 2),
        ("UPDATE audit_entries SET at = at + interval '1 second' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET actor = gen_random_uuid() WHERE sequence = 5", 5),
    ],
)
async def test_an_entry_that_somebody_changed_breaks_the_chain(database, change, broken):
    async with open_postgres(database) as server:
        audit = await open_audit(server)
        for number in range(5):
            await audit.append(ALICE, "act", str(number))
        async with above_the_wall(database) as admin:
            await admin.execute(change)
        assert await audit.verify(ALICE) == broken


async def test_a_user_has_one_plan_at_a_time_and_keeps_the_former_ones(server):
    accounts = await open_accounts(server)
    plans = [Plan("team", tokens, "month") for tokens in range(20)]
    await asyncio.gather(*(accounts.assign_plan(OPERATOR, "alice", plan) for plan in plans))
    kept = await server.transaction(ALICE, selecting("plan_assignments", "user_id", "quota_tokens", "ends_at"))
    of_alice = [(quota, end) for user, quota, end in kept if user == "alice"]
    assert {quota for quota, _ in of_alice} == {1_000, *range(20)}
    assert [quota for quota, end in of_alice if end is None] == [(await accounts.user(ALICE)).plan.quota_tokens]


async def test_a_plan_of_ones_own_is_what_counts(database):
    async with open_postgres(database) as server:
        accounts, ledger = await open_accounts(server), await open_ledger(server, Plan("metered", 1_000))
        await accounts.user(ALICE)
        await ledger.reserve(ALICE, "before", 9)
        await accounts.assign_plan(OPERATOR, "alice", Plan("tiny", 10, "day"))
        assert (await ledger.usage(ALICE)).remaining_tokens == 1
        await accounts.assign_plan(OPERATOR, "alice", Plan("free", None))
        await ledger.reserve(ALICE, "a", 10**9)
        assert (await ledger.usage(ALICE)).remaining_tokens is None


@pytest.mark.parametrize("tokens", [2**63, 10**30])
async def test_an_amount_that_no_column_holds_is_refused(server, tokens):
    ledger = await open_ledger(server)
    with pytest.raises(InvalidInput):
        await ledger.reserve(ALICE, "large", tokens)
    with pytest.raises(InvalidInput):
        await ledger.reserve(ALICE, "half \ud800", 1)


async def test_a_role_that_may_make_and_remove_nothing_is_enough_once_the_tables_are_there(server, database):
    schema = database.split("//")[1].split(":")[0]
    names = {"role": sql.Identifier(f"app_{schema}"), "schema": sql.Identifier(schema), "secret": sql.Literal(schema)}
    async with above_the_wall(database) as admin:
        for statement in (
            "CREATE ROLE {role} LOGIN PASSWORD {secret}",
            "ALTER ROLE {role} SET search_path = {schema}",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        ):
            await admin.execute(sql.SQL(statement).format(**names))
        try:
            async with open_postgres(database.replace(f"{schema}:", f"app_{schema}:")) as modest:
                ledger, audit = await open_ledger(modest), await open_audit(modest)
                await ledger.settle(ALICE, "key", 3)
                assert (await ledger.usage(ALICE)).used_tokens == 3
                await audit.append(ALICE, "read", "another document")
                assert await audit.verify(ALICE) is None
                with pytest.raises(StoreUnavailable, match="permission denied"):
                    await modest.transaction(ALICE, lambda connection: connection.execute("DELETE FROM users"))
        finally:
            await admin.execute(sql.SQL("DROP OWNED BY {role}; DROP ROLE {role}").format(**names))


async def test_what_was_acknowledged_survives_the_servers_kill():
    async with own_postgres() as process:
        url = process.kind.application_url(process.port)
        await answers(url)
        async with open_postgres(url, 2.0) as server:
            ledger, audit = await open_ledger(server), await open_audit(server)
            charged = 0
            with suppress(StoreUnavailable):
                while True:
                    await ledger.reserve(ALICE, str(charged), 3)
                    await ledger.settle(ALICE, str(charged), 2)
                    charged += 1
                    await audit.append(ALICE, "act", str(charged))
                    if charged == 25:
                        killing = asyncio.ensure_future(process.process.stop(signal.SIGKILL))
            await killing
            await process.start(default_places())
            await answers(url)
            await is_back(server, 3)
            assert (await ledger.usage(ALICE)).used_tokens in (2 * charged, 2 * charged + 2)
            assert len(await audit.page(OPERATOR, 0, 10_000)) in (charged - 1, charged)
            assert await audit.verify(ALICE) is None


async def test_the_house_keeps_its_accounts_where_the_setting_says(database, tmp_path):
    settings = StoreSettings(home=tmp_path, accounts_url=database, default_quota_tokens=50, postgres_connections=2)
    async with open_stores(settings) as stores:
        await stores.ledger.reserve(ALICE, "a", 20)
        assert (await stores.accounts.user(ALICE)).plan == Plan("local", 50)
        assert (await stores.audit.append(ALICE, "act", "x")).sequence == 1
    async with open_stores(settings) as stores:
        assert (await stores.ledger.usage(ALICE)).remaining_tokens == 30
