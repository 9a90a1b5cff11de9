"""Runs and events as the suites write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from memory.records import RunEvent, RunRecord
from tests.support.people import ALICE


def run(run_id="run", scope=ALICE, **fields):
    whole = RunRecord(
        run_id=run_id,
        scope=scope,
        thread_id="thread",
        user_turn_id="u",
        answer_turn_id="a",
        message="what?",
        context='{"effort": "quick"}',
        versions={"prompts": "1", "embedder": "minilm"},
        reserved_tokens=2_000,
        status="running",
        created_at=datetime(2026, 1, 15, tzinfo=UTC),
        fingerprint="f",
    )
    return replace(whole, **fields)


def events(first, last):
    return [RunEvent(seq, "answer.delta", b'{"seq":%d}' % seq) for seq in range(first, last + 1)]
