"""DocumentStore on FerretDB: the suites of the port, on a server that keeps every acknowledged write over its end.

FerretDB 1 does not update a document atomically, so what two writers at once come to there is luck; that is what
`mongo` is for. Long, so it is run by `make chaos` and by `python -m tests.conformance`.
"""

from __future__ import annotations

from typing import Any

import pytest

from memory.documents import mongodb
from tests.contracts import test_documents, test_vector_sets, test_versions
from tests.support.mongo import on_mongo

pytestmark = [pytest.mark.services, pytest.mark.chaos]
SUITES: dict[str, tuple[Any, Any]] = {
    "test_documents": (test_documents, mongodb.open_documents),
    "test_vector_sets": (test_vector_sets, mongodb.open_documents),
    "test_versions": (test_versions, lambda mongo: mongodb.open_documents(mongo, test_versions.KEPT)),
}
CELLS = {suite: (suite, "ferretdb") for suite in SUITES}
"""How a test's name begins -> the table and column of docs/conformance.md."""
CASES = [
    pytest.param(suite, check, id=f"{suite}-{check.__name__.removeprefix('check_')}")
    for suite, (module, _) in SUITES.items()
    for check in module.CHECKS
]


@pytest.mark.parametrize(("suite", "check"), CASES)
async def test_the_adapter_keeps_the_contract(tmp_path, suite, check):
    async with on_mongo(SUITES[suite][1], "ferretdb")(tmp_path) as rig:
        await check(rig)
