"""Which tests run where: long storms only when asked for, and in CI no test is skipped unnoticed."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests.support.servers import cassandra_keyspace, mongo_database, own_redis, postgres_database, redis_database

__all__ = ["cassandra_keyspace", "mongo_database", "own_redis", "postgres_database", "redis_database"]
"""Fixtures of every test: a fresh database on a server that `make services` started, and a Redis of one's own."""
MAY_BE_SKIPPED = frozenset({"data", "models", "browser", "atlas"})
"""Marks of tests that need what not every machine has: third-party data, torch, Chromium, Atlas."""
if not os.environ.get("MULTIDB_SERVICES"):
    MAY_BE_SKIPPED |= {"services"}
SKIPPED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SKIPPED] = []
    config.pluginmanager.register(SkipWatch(config))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the storms out unless they are asked for by `-m chaos`."""
    if "chaos" in str(config.option.markexpr):
        return
    storms = [item for item in items if item.get_closest_marker("chaos")]
    if storms:
        config.hook.pytest_deselected(items=storms)
        items[:] = [item for item in items if item not in storms]


class SkipWatch:
    """Notes skips where the reports come together, so that it also works with several workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._skipped = config.stash[SKIPPED]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and not MAY_BE_SKIPPED & report.keywords.keys():
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)


def unexpected_skips(config: pytest.Config) -> Sequence[str]:
    """Tests that CI expects to run and that did not."""
    return config.stash[SKIPPED] if os.environ.get("CI") else ()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skip that nobody allowed is a failure."""
    if unexpected_skips(session.config) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for test in unexpected_skips(config):
        terminalreporter.write_line(f"SKIPPED BUT EXPECTED TO RUN: {test}", red=True)
