"""Accounts and AuditLog: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from memory.accounts import postgres, postgres_audit
from memory.accounts.sqlite import open_accounts
from memory.accounts.sqlite_audit import open_audit
from memory.errors import AccessDenied, InvalidInput, NotFound
from memory.records import Page, Plan, Scope
from memory.sqlite import open_database
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB, FOREIGN_OPERATOR, NAMESAKE, OPERATOR
from tests.support.rig import on_sqlite
from tests.support.servers import on_postgres, rigs
from tests.support.texts import AWKWARD

DEFAULT = Plan("default", 500)


class Both(SimpleNamespace):
    """Both ports of the accounts database as one object, so that one rig serves them."""


async def both_on_sqlite(database, clock):
    return both(await open_accounts(database, DEFAULT, clock.now), await open_audit(database, clock.now))


async def both_on_postgres(server, clock):
    accounts = await postgres.open_accounts(server, DEFAULT, clock.now)
    return both(accounts, await postgres_audit.open_audit(server, clock.now))


def both(accounts, audit):
    return Both(
        **{name: getattr(accounts, name) for name in ("user", "users", "assign_plan", "forget_user")},
        **{name: getattr(audit, name) for name in ("append", "page", "verify", "forget_actor")},
    )


RIGS = {"sqlite": on_sqlite(both_on_sqlite), "postgres": on_postgres(both_on_postgres)}


async def check_a_user_seen_first_is_made_on_the_default_plan(rig):
    first = await rig.store.user(ALICE)
    assert (first.tenant_id, first.user_id, first.plan) == ("acme", "alice", DEFAULT)
    rig.clock.advance(days=3)
    assert await rig.second.user(ALICE) == first


async def check_the_local_user_exists_from_the_start(rig):
    page = await rig.store.users(Scope("local", "local", roles=("operator",)), None, 5)
    assert [user.user_id for user in page.items] == ["local"]


async def check_operators_assign_plans(rig):
    await rig.store.user(ALICE)
    plan = Plan("team", 9_000, "day")
    assert (await rig.store.assign_plan(OPERATOR, "alice", plan)).plan == plan
    assert (await rig.second.user(ALICE)).plan == plan
    with pytest.raises(NotFound):
        await rig.store.assign_plan(OPERATOR, "nobody", plan)
    with pytest.raises(InvalidInput):
        await rig.store.assign_plan(OPERATOR, "alice", Plan("team", -1))


async def check_only_the_tenants_operators_reach_other_users(rig):
    await rig.store.user(ALICE)
    for denied in (rig.store.assign_plan(ALICE, "alice", Plan("free", None)), rig.store.users(ALICE, None, 5)):
        with pytest.raises(AccessDenied):
            await denied
    with pytest.raises(NotFound):
        await rig.store.assign_plan(FOREIGN_OPERATOR, "alice", Plan("free", None))
    assert (await rig.store.users(FOREIGN_OPERATOR, None, 5)).items == ()
    assert (await rig.store.user(ALICE)).plan == DEFAULT


async def check_users_are_paged_by_id_without_gap_or_repeat(rig):
    names = sorted(text for name, text in AWKWARD.items() if name != "megabyte")
    names = [name for name in names if name]
    await asyncio.gather(*(store.user(Scope("acme", name)) for name in names for store in (rig.store, rig.second)))
    await rig.store.user(NAMESAKE)
    found, after = [], None
    while True:
        page = await rig.store.users(OPERATOR, after, 2)
        found += [user.user_id for user in page.items]
        if page.next is None:
            break
        after = page.next
    assert found == names


async def check_the_audit_chain_is_in_order_and_whole(rig):
    entries = [await rig.store.append(ALICE, "read", text[:80], text) for text in AWKWARD.values()]
    assert [entry.sequence for entry in entries] == list(range(1, len(AWKWARD) + 1))
    assert list(await rig.second.page(OPERATOR, 0, 50)) == entries
    assert list(await rig.second.page(OPERATOR, 3, 2)) == entries[3:5]
    assert await rig.store.verify(OPERATOR) is None


async def check_two_writers_make_one_audit_chain(rig):
    await asyncio.gather(*((rig.store, rig.second)[n % 2].append(ALICE, "act", str(n)) for n in range(40)))
    entries = await rig.store.page(OPERATOR, 0, 50)
    assert [entry.sequence for entry in entries] == list(range(1, 41))
    assert {entry.target for entry in entries} == {str(n) for n in range(40)}
    assert await rig.store.verify(OPERATOR) is None


async def check_tenants_have_chains_of_their_own(rig):
    await rig.store.append(ALICE, "read", "ours")
    theirs = await rig.store.append(NAMESAKE, "read", "theirs")
    assert theirs.sequence == 1
    assert [entry.target for entry in await rig.store.page(FOREIGN_OPERATOR, 0, 9)] == ["theirs"]
    with pytest.raises(AccessDenied):
        await rig.store.page(BOB, 0, 9)


async def check_a_forgotten_user_is_made_anew_and_nobody_else_is(rig):
    made = [await rig.store.user(scope) for scope in (ALICE, BOB, NAMESAKE)]
    await rig.store.assign_plan(OPERATOR, "alice", Plan("team", 9_000, "day"))
    rig.clock.advance(days=1)
    for _ in range(2):
        await rig.store.forget_user(ALICE)
    assert [user.user_id for user in (await rig.second.users(OPERATOR, None, 9)).items] == ["bob"]
    assert [await rig.store.user(scope) for scope in (BOB, NAMESAKE)] == made[1:]
    anew = await rig.store.user(ALICE)
    assert anew.plan == DEFAULT
    assert anew.created_at > made[0].created_at


async def check_a_forgotten_actor_is_a_pseudonym_in_a_whole_chain(rig):
    for scope in (ALICE, BOB, ALICE, NAMESAKE):
        await rig.store.append(scope, "act", "x")
    for _ in range(2):
        await rig.store.forget_actor(ALICE)
    first, bob, again = (entry.actor for entry in await rig.second.page(OPERATOR, 0, 9))
    assert first == again
    assert (bob, "alice" in first) == ("bob", False)
    assert await rig.store.verify(OPERATOR) is None
    assert [entry.actor for entry in await rig.store.page(FOREIGN_OPERATOR, 0, 9)] == ["alice"]
    assert (await rig.store.append(ALICE, "act", "y")).actor == "alice"
    assert [entry.actor for entry in await rig.store.page(OPERATOR, 2, 9)] == [first, "alice"]


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.append(ALICE, "act", "x"))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def write_entries(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        audit = await open_audit(database)
        while True:
            yield str((await audit.append(ALICE, "act", "x")).sequence)


async def test_an_acknowledged_entry_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_entries", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        audit = await open_audit(database)
        kept = [str(entry.sequence) for entry in await audit.page(OPERATOR, 0, 100_000)]
        assert kept[: len(acknowledged)] == acknowledged
        assert await audit.verify(OPERATOR) is None


async def test_an_entry_that_somebody_changed_breaks_the_chain(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        audit = await open_audit(database)
        for number in range(5):
            await audit.append(ALICE, "act", str(number))

        def tamper(connection):
            connection.execute("DROP TRIGGER audit_changes_no_entry")
            connection.execute("UPDATE audit_entries SET target = 'nothing' WHERE sequence = 3")

        await database.write(tamper)
        assert await audit.verify(OPERATOR) == 3


@pytest.mark.parametrize("statement", ["DELETE FROM audit_entries", "UPDATE audit_entries SET actor = 'x'"])
async def test_the_audit_table_refuses_changes(tmp_path, statement):
    async with open_database(tmp_path / "store.db") as database:
        audit = await open_audit(database)
        await audit.append(ALICE, "act", "x")
        with pytest.raises(Exception, match="append-only"):
            await database.write(lambda connection: connection.execute(statement).rowcount)
        assert len(await audit.page(OPERATOR, 0, 9)) == 1


# Adapters that break one promise each ---------------------------------------------------------------


async def makes_users_free(sound, scope):
    return replace(await sound(scope), plan=Plan("free", None))


async def lists_nobody(sound, *args):
    return Page(())


async def keeps_the_old_plan(sound, scope, user_id, plan):
    raise NotFound(user_id)


async def asks_for_no_role(sound, scope, *args):
    return await sound(replace(scope, roles=("operator",)), *args)


async def skips_a_user(sound, scope, after, limit):
    page = await sound(scope, after, limit)
    return Page(page.items[1:] if after else page.items, page.next)


async def begins_at_the_start(sound, scope, after, limit):
    return await sound(scope, 0, limit)


async def drops_entries(sound, scope, action, target, detail=""):
    if target != "7":
        return await sound(scope, action, target, detail)
    return None


async def forgets_the_tenant(sound, scope, *args):
    return await sound(replace(scope, tenant_id="acme"), *args)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


async def forgets_nobody(sound, scope):
    """Claims to have forgotten a person."""


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_forgotten_user_is_made_anew_and_nobody_else_is, {"forget_user": forgets_nobody}),
        (check_a_forgotten_actor_is_a_pseudonym_in_a_whole_chain, {"forget_actor": forgets_nobody}),
        (check_a_user_seen_first_is_made_on_the_default_plan, {"user": makes_users_free}),
        (check_the_local_user_exists_from_the_start, {"users": lists_nobody}),
        (check_operators_assign_plans, {"assign_plan": keeps_the_old_plan}),
        (check_only_the_tenants_operators_reach_other_users, {"users": asks_for_no_role}),
        (check_users_are_paged_by_id_without_gap_or_repeat, {"users": skips_a_user}),
        (check_the_audit_chain_is_in_order_and_whole, {"page": begins_at_the_start}),
        (check_two_writers_make_one_audit_chain, {"append": drops_entries}),
        (check_tenants_have_chains_of_their_own, {"append": forgets_the_tenant}),
        (check_an_outage_is_told_in_time, {"append": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
