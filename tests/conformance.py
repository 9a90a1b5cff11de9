"""`python -m tests.conformance [SUITE ...]` runs the contract suites and writes docs/conformance.md from what passed.

Needs the servers (`make services`). With names of suites (`test_ledger`) only those are run, and the other tables stay.
The page's structure is the suites' own: a table for each, a row for each property, a column for each adapter.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.contracts.test_every_port import MORE, SAVER_SUITE, SUITES

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
FOLDER = Path(__file__).parent / "contracts"
NODE = re.compile(r"contracts/(test_\w+)\.py::test_the_(?:adapter|saver)_keeps_the_contract(?:_of_\w+)?\[(.+)\]$")
BESIDE = ("test_documents_ferretdb", "test_index_atlas")
"""Modules that ask the same suites of further servers; their CELLS say whose column a test stands in."""
KEPT, BROKEN, UNKNOWN = "yes", "**no**", "not run"
HEAD = """# What was held on which adapter

Each table is a contract suite of `tests/contracts`, each row a property, each column the adapter it was asked of: the
very same test. Written by `python -m tests.conformance`; what stands behind a server's name is in
[services.md](services.md), which properties a broken adapter is caught by in the suites themselves.

`mongo` is a MongoDB-wire server with atomic updates; `ferretdb` is one that keeps every acknowledged write over its end
and whose updates are not atomic, so that what two writers come to there is one run's luck. `atlas, by its rules` is a
contract server written from MongoDB's documentation (tests/support/atlas) in front of `mongo`: Atlas itself was never
asked.
"""
Cells = Mapping[tuple[str, str, str], str]
"""(suite, adapter, property) -> what was found."""


class Table(NamedTuple):
    """A suite as its module declares it."""

    suite: str
    title: str
    adapters: list[str]
    properties: list[str]


def suites() -> dict[str, list[str]]:
    """Return every suite with the ports that share it; imports none, as pytest must be the first to."""
    ports: dict[str, list[str]] = {}
    for port, suite in SUITES.items():
        for name in (suite, *MORE.get(port, ())):
            ports.setdefault(name, []).append(port)
    ports[SAVER_SUITE] = ["Checkpoint saver"]
    return dict(sorted(ports.items(), key=lambda item: (item[1], item[0])))


def tables() -> Iterator[Table]:
    """Return what every suite declares."""
    for suite, names in suites().items():
        module = importlib.import_module(f"tests.contracts.{suite}")
        checks = [check.__name__.removeprefix("check_") for check in module.CHECKS]
        further = [column for of, column in beside().values() if of == suite]
        yield Table(suite, " and ".join(names), [*module.RIGS, *further], checks)


def beside() -> dict[tuple[str, str], tuple[str, str]]:
    """Return (module, how its test's name begins) -> (suite, column)."""
    modules = {name: importlib.import_module(f"tests.contracts.{name}") for name in BESIDE}
    return {(name, begin): cell for name, module in modules.items() for begin, cell in module.CELLS.items()}


class Recorder:
    """Notes how each property fared on each adapter."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str, str], str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's worst phase; one that could not begin was not run."""
        found = NODE.search(report.nodeid)
        if not found:
            return
        suite, parameters = found.groups()
        for key in keys(suite, parameters):
            if report.when == "setup" and report.failed:
                self.cells[key] = UNKNOWN
            elif report.failed or (report.when == "call" and self.cells.get(key) != BROKEN):
                self.cells[key] = BROKEN if report.failed else KEPT if report.passed else UNKNOWN


def keys(suite: str, parameters: str) -> list[tuple[str, str, str]]:
    """Return the cell that a test's parameters (`adapter-property`) name."""
    if suite in BESIDE:
        return [
            (of, column, name)
            for (module, begin), (of, column) in beside().items()
            for name in [parameters.removeprefix(f"{begin}-")]
            if module == suite and name != parameters
        ]
    table = next(table for table in tables() if table.suite == suite)
    return [
        (suite, adapter, name)
        for adapter in table.adapters
        for name in table.properties
        if parameters == f"{adapter}-{name}"
    ]


def page(cells: Cells, runs: Mapping[str, str]) -> str:
    """Return the page. runs: suite -> when and at which commit it was run."""
    parts = [HEAD]
    for table in tables():
        ran = runs.get(table.suite, UNKNOWN)
        parts.append(f"## {table.title}: `{table.suite}`\n\nRun: {ran}\n")
        lines = [["Property", *table.adapters], ["---"] * (len(table.adapters) + 1)]
        for name in table.properties:
            found = [cells.get((table.suite, adapter, name), UNKNOWN) for adapter in table.adapters]
            lines.append([name.replace("_", " "), *found])
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
    return "\n".join(parts)


def read(text: str) -> tuple[dict[tuple[str, str, str], str], dict[str, str]]:
    """Return the cells and the runs of a page."""
    cells: dict[tuple[str, str, str], str] = {}
    runs: dict[str, str] = {}
    for section in text.split("\n## ")[1:]:
        suite = section.partition("`")[2].partition("`")[0]
        runs[suite] = section.partition("\nRun: ")[2].partition("\n")[0]
        rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
        adapters = rows[0][1:]
        for name, *found in rows[2:]:
            cells |= {(suite, one, name.replace(" ", "_")): cell for one, cell in zip(adapters, found, strict=True)}
    return cells, runs


def main(wanted: list[str]) -> int:
    """Run suites (all, if none is named) and write the page."""
    recorder = Recorder()
    modules = wanted or [*suites(), *BESIDE]
    wanted = wanted or list(suites())
    paths = [str(FOLDER / f"{module}.py") for module in modules]
    # The marker's words let the long ones in, which are left out otherwise.
    options = ["-q", "-k", "keeps_the_contract", "-m", "chaos or not chaos", "-p", "no:cacheprovider"]
    outcome = pytest.main([*paths, *options], plugins=[recorder])
    old, runs = read(PAGE.read_text("utf-8")) if PAGE.exists() else ({}, {})
    columns = beside().values()
    cells = {key: cell for key, cell in old.items() if key[0] not in wanted or key[:2] in columns} | recorder.cells
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    now = f"{time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit.stdout.strip() or 'unknown'}"
    PAGE.write_text(page(cells, runs | dict.fromkeys(wanted, now)), encoding="utf-8")
    return int(outcome)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
