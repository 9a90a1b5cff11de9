"""The embedded ledger stays as quick as it was on the first day: it is never cleared, and every question asks it."""

from __future__ import annotations

from memory.accounts.sqlite_ledger import open_ledger
from memory.records import LOCAL
from memory.sqlite import open_database


async def test_a_question_is_charged_without_reading_the_ledger_whole(tmp_path):
    async with open_database(tmp_path / "chat.db") as database:
        ledger = await open_ledger(database)
        statements: list[str] = []
        await database.write(lambda connection: connection.set_trace_callback(statements.append))

        await ledger.reserve(LOCAL, "run:1", 2_000)
        await ledger.settle(LOCAL, "run:1", 400)

        asked = [one for one in statements if one.startswith("SELECT") and "ledger_" in one]
        plans = [await database.read(lambda connection, one=one: explained(connection, one)) for one in asked]
    assert asked
    assert not [plan for plan in plans if "SCAN" in plan]


def explained(connection, statement):
    """What SQLite would read for a statement."""
    return "; ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
