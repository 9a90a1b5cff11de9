"""Acceptance over third-party questions: `make test-data DATA=DIR`. Embeds some 3,200 passages: minutes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evals.quality import measure

DATA = os.environ.get("MULTIDB_TEST_DATA", "")

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA, reason="needs third-party data: make test-data DATA=DIR"),
    pytest.mark.timeout(3600),
]


def test_answers_reach_their_goals_end_to_end(tmp_path: Path) -> None:
    figures = measure(Path(DATA), questions=300, seed=0, home=tmp_path)
    assert [figure.line() for figure in figures if not figure.is_met] == []
