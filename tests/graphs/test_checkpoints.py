"""Every state type survives a checkpoint when only the state's own types may be read back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import run

ROUND_TRIP = """
import asyncio, sys
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from graphs.deps import Deps
from graphs.graph import build_graph
from graphs.models import Models
from graphs.state import State
from tests.graphs.driving import as_dict, context
from tests.graphs.test_graph import RETURNS, TOWER, turn
from tests.support.fake_tools import FakeTools, WordReader

CONFIG = {"configurable": {"thread_id": "t"}}


async def main(path):
    question = "When was the Eiffel Tower completed?"
    tools = FakeTools([TOWER], entries={question: RETURNS}, similarity=0.5, down=frozenset({"nothing"}))
    history = (turn("user", "Hello?", 1), turn("assistant", "Yes.", 2))
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        graph = build_graph(Deps(tools, Models(), WordReader()), saver)
        asked = State(question=question, history=history)
        ended = await graph.ainvoke(asked, CONFIG, context=context(), version="v2")
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        graph = build_graph(Deps(tools, Models(), WordReader()), saver)
        kept = as_dict((await graph.aget_state(CONFIG)).values)
    assert State(**kept) == State(**as_dict(getattr(ended, "value", ended)))
    kept = as_dict(State(**kept))
    assert hash(kept["answer"]) and hash(kept["hits"][0].passage)
    assert kept["answer"].claims[0].citations[0].quote
    assert kept["hits"] and kept["entries"] and kept["history"][0].created_at.tzinfo
    print("kept")


asyncio.run(main(sys.argv[1]))
"""


def test_state_survives_a_checkpoint_under_the_strict_allow_list(tmp_path: Path):
    environment = {**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true", "PYTHONPATH": "."}
    done = run(
        [sys.executable, "-W", "error::UserWarning", "-c", ROUND_TRIP, str(tmp_path / "c.db")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "kept", done.stderr[-2000:]
    assert "unregistered" not in done.stderr
    assert "Blocked" not in done.stderr
