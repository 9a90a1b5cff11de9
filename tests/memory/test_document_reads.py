"""What reading passages costs: nothing of a document's text, however long that is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from memory.documents import rows
from memory.documents.schema import MIGRATIONS
from memory.records import LOCAL

PARAMETERS = {**rows.who(LOCAL), "wanted": "[]", "prefix": "", "length": 0, "after": None, "limit": 1}


@pytest.fixture
def connection(tmp_path: Path):
    opened = sqlite3.connect(tmp_path / "documents.db")
    for script in MIGRATIONS:
        opened.executescript(script)
    yield opened
    opened.close()


@pytest.mark.parametrize("read", ["passages", "page"])
def test_reading_passages_and_listing_documents_never_walk_through_a_text(connection: sqlite3.Connection, read: str):
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    if read == "passages":
        rows.passages(connection, LOCAL, ["p"])
    else:
        rows.page(connection, LOCAL, "", None, 1)
    plan = " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}", PARAMETERS))
    assert "SEARCH c USING COVERING INDEX document_contents_told" in plan
