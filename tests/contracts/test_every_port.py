"""Every port has a contract suite that asks for each of its methods, and adapters that break each property."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Protocol, get_type_hints

import pytest

from memory import document_ports, ports, run_ports
from memory.stores import Stores

SUITES = {
    "Accounts": "test_accounts",
    "AnswerStore": "test_answers",
    "AuditLog": "test_accounts",
    "Cache": "test_cache",
    "DocumentStore": "test_documents",
    "Embedder": "test_embedder",
    "FeedbackStore": "test_feedback",
    "PassageIndex": "test_index",
    "QuotaLedger": "test_ledger",
    "RateLimits": "test_limits",
    "RunLog": "test_runs",
    "TurnStore": "test_turns",
}
MORE = {"DocumentStore": ("test_versions", "test_vector_sets"), "PassageIndex": ("test_index_switch",)}
"""Further suites of a port that has many properties."""
SAVER_SUITE = "test_savers"


def declared():
    """Each port with its public methods and properties."""
    found = {}
    for module in (ports, document_ports, run_ports):
        for name, item in vars(module).items():
            if inspect.isclass(item) and Protocol in item.__bases__ and item.__module__ == module.__name__:
                found[name] = {member for member in vars(item) if not member.startswith("_")}
    return found


def suite(name):
    return importlib.import_module(f"{__package__}.{name}")


def test_every_port_has_a_suite():
    assert SUITES.keys() == declared().keys()


@pytest.mark.parametrize(("port", "module"), SUITES.items())
def test_a_suite_asks_for_every_method_of_its_port(port, module):
    source = "".join(inspect.getsource(suite(name)) for name in (module, *MORE.get(port, ())))
    assert {member for member in declared()[port] if not re.search(rf"\.{member}\b", source)} == set()


@pytest.mark.parametrize("module", sorted({*SUITES.values(), *sum(MORE.values(), ()), SAVER_SUITE}))
def test_a_suite_has_properties_adapters_and_a_broken_adapter_for_each_property(module):
    tests = vars(suite(module))
    assert tests["CHECKS"]
    assert tests["RIGS"]
    assert any(
        "assert_each_has_a_fault" in inspect.getsource(test)
        for test in tests.values()
        if inspect.isfunction(test) and test.__name__.startswith("test_")
    )


def test_every_store_that_is_opened_is_held_to_a_suite():
    kinds = {kind.__name__ for kind in get_type_hints(Stores, localns={"BaseCheckpointSaver": dict}).values()}
    assert kinds - {"dict", "Sequence"} == SUITES.keys()
