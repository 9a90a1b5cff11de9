"""docs/faults.md and the tested table are one."""

from __future__ import annotations

from tests.faults.page import FILE, page
from tests.faults.table import CELLS, EVERY_TIME


def test_the_page_says_what_is_tested() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.faults"


def test_every_cell_that_is_to_run_each_time_is_in_the_table() -> None:
    assert {(cell.dependency, cell.fault) for cell in CELLS} >= EVERY_TIME
