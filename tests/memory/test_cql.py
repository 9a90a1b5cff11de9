"""Every CQL statement is one that Cassandra and ScyllaDB both take, and keeps the rules that make replays harmless."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory import cassandra_schema
from memory.answers import cassandra as answers
from memory.cassandra_url import Address, address_of
from memory.errors import InvalidInput
from memory.feedback import cassandra as feedback
from memory.turns import cassandra as turns

ROOM = Path(__file__).parents[2] / "memory"
MODULES = (answers, feedback, turns, cassandra_schema)
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE|CREATE|ALTER|DROP|BEGIN|TRUNCATE)\b")
FORBIDDEN = {
    "a scan": r"ALLOW FILTERING",
    "only ScyllaDB's": r"BYPASS CACHE|USING TIMEOUT|PER PARTITION|SCYLLA_|tablets|paxos_grace_seconds|PRUNE"
    r"|synchronous_updates",
    "only Cassandra's": r"\bSAI\b|StorageAttachedIndex|CREATE (CUSTOM )?INDEX|CREATE TRIGGER"
    r"|CREATE (OR REPLACE )?(FUNCTION|AGGREGATE)|MASKED WITH|\bvector<|\bduration\b|speculative_retry|GROUP BY|LIKE '"
    r"|memtable =|WITH ID",
    "not repeatable": r"\bcounter\b|\bnow\(\)|\buuid\(\)|currentTimestamp|toTimestamp",
    "experimental": r"MATERIALIZED VIEW",
    "refused with tablets": r"SimpleStrategy",
    "of more than one partition": r"\bBATCH\b",
    "dangerous": r"DROP|TRUNCATE",
}


def found_in(values):
    for value in values:
        if isinstance(value, str) and STATEMENT.match(value):
            yield " ".join(value.split())
        elif isinstance(value, tuple):
            yield from found_in(value)


def all_statements():
    return [statement for module in MODULES for statement in found_in(vars(module).values())]


def problems(statement):
    """What is wrong with a statement."""
    found = [why for why, pattern in FORBIDDEN.items() if re.search(pattern, statement, re.IGNORECASE)]
    if statement.startswith("CREATE") and "IF NOT EXISTS" not in statement:
        found.append("not repeatable")
    if statement.startswith("SELECT") and " WHERE " not in statement:
        found.append("a scan")
    if re.search(r"SELECT \*", statement):
        found.append("other columns after a migration")
    if re.search(r"(?<!frozen<)\b(list|map)<", statement):
        found.append("a collection that is not frozen")
    return found


@pytest.mark.parametrize("statement", all_statements())
def test_a_statement_is_one_that_both_databases_take(statement):
    assert problems(statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT a FROM t WHERE b = ? ALLOW FILTERING",
        "SELECT a FROM t",
        "SELECT * FROM t WHERE a = ?",
        "SELECT a FROM t WHERE a = ? BYPASS CACHE",
        "SELECT a FROM t WHERE a = ? USING TIMEOUT 5s",
        "CREATE TABLE t (a text PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS t (a text PRIMARY KEY, n counter)",
        "CREATE TABLE IF NOT EXISTS t (a text PRIMARY KEY, m map<text, text>)",
        "CREATE INDEX IF NOT EXISTS ON t (a) USING 'sai'",
        "CREATE KEYSPACE IF NOT EXISTS k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "INSERT INTO t (a) VALUES (now())",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT a FROM t WHERE a IS NOT NULL PRIMARY KEY (a)",
    ],
)
def test_the_linter_notices(statement):
    assert problems(statement)


def test_the_linter_sees_every_statement_of_the_adapters():
    assert len(all_statements()) > 40
    for path in ROOM.rglob("*.py"):
        if re.search(r"server\.(rows|first|write|decide|define)\(", path.read_text()) and "assandra" in path.name:
            assert str(path) in {module.__file__ for module in MODULES}


def table_of(statement):
    return re.search(r"(?:FROM|INTO|UPDATE) (\w+)", statement)[1]


def test_a_row_is_written_under_conditions_or_without_and_never_both():
    writes = [one for one in all_statements() if re.match(r"INSERT|UPDATE|DELETE", one)]
    guarded = {table_of(one) for one in writes if " IF " in one}
    assert guarded == {"answer_entries", "schema_locks", "threads", "turns"}
    for statement in writes:
        if table_of(statement) in guarded and " IF " not in statement:
            # What ends an incarnation is dated after every write to it.
            assert statement.startswith("DELETE FROM turns USING TIMESTAMP ?")


def test_a_set_is_only_added_to():
    for name in re.findall(r"(\w+) set<text>", str(cassandra_schema.MIGRATIONS)):
        for statement in all_statements():
            assert not re.search(rf"SET .*{name} = (?!{name} \+)", statement)


def test_every_partition_is_bounded_by_a_bucket_a_shard_or_one_owner():
    found = (re.search(r"EXISTS (\w+) \(.* KEY \(\((.*?)\)", one) for one in all_statements())
    assert dict(one.groups() for one in found if one) == {
        "threads": "tenant_id, thread_id",
        "threads_by_user": "tenant_id, user_id",
        "turns": "tenant_id, thread_id, incarnation, bucket",
        "answer_entries": "tenant_id, shard",
        "answer_hits": "tenant_id, entry_id, incarnation, shard",
        "feedback_by_thread": "tenant_id, user_id, thread_id",
        "feedback_by_turn": "tenant_id, bucket",
    }


def test_an_address_says_everything():
    found = address_of("scylla://ada:p%40ss@one:19042,two/chat?dc=eu&consistency=quorum&ca=/ca.pem&replication=3")
    expected = Address(
        (("one", 19042), ("two", 9042)), "chat", "ada", "p@ss", "eu", "QUORUM", True, "/ca.pem", replication=3
    )
    assert found == expected
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        *("cassandra://host", "cassandra://host/", "cassandra://u:secret@/chat", "http://u:secret@host/chat"),
        *("cassandra://u:secret@host:port/chat", "cassandra://u:secret@host/Chat; DROP", "cassandra://host/chat?x=1"),
        *("cassandra://host/chat?consistency=secret", "cassandra://host/chat?replication=0", "cassandra://[secret/c"),
    ],
)
def test_a_useless_address_is_refused_without_showing_a_password(url):
    with pytest.raises(InvalidInput) as told:
        address_of(url)
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None
