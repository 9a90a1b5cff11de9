"""The conformance page has a row for every property and a column for every adapter, and shows none that was broken."""

from __future__ import annotations

from tests.conformance import BROKEN, PAGE, UNKNOWN, Recorder, page, read, tables

WAY_OUT = "write it anew: make services && .venv/bin/python -m tests.conformance"


def test_the_page_has_the_structure_of_the_suites():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(*read(text)), WAY_OUT
    cells, _ = read(text)
    declared = {(t.suite, adapter, name) for t in tables() for adapter in t.adapters for name in t.properties}
    assert cells.keys() == declared


def test_no_adapter_is_published_with_a_broken_property():
    cells, _ = read(PAGE.read_text(encoding="utf-8"))
    assert [key for key, cell in cells.items() if cell == BROKEN] == []


class Report:
    def __init__(self, when, outcome):
        self.nodeid = "tests/contracts/test_ledger.py::test_the_adapter_keeps_the_contract[{}]".format(
            "postgres-every_key_is_used_once"
        )
        self.when, self.failed, self.passed = when, outcome == "failed", outcome == "passed"


def test_a_property_that_failed_at_any_time_is_told_as_broken():
    for outcomes, cell in ((["passed"] * 3, "yes"), (["passed", "failed", "passed"], BROKEN), (["failed"], UNKNOWN)):
        recorder = Recorder()
        for when, outcome in zip(("setup", "call", "teardown"), outcomes, strict=False):
            recorder.pytest_runtest_logreport(Report(when, outcome))
        assert recorder.cells == {("test_ledger", "postgres", "every_key_is_used_once"): cell}
