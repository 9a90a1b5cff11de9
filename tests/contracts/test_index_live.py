"""The suite of PassageIndex on a real MongoDB with search, if MONGODB_URI names one. Never run where this was written.

It makes a database of its own and drops it. What a lagging index may not have yet is waited for by `catch_up`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from memory.documents.sqlite import open_documents
from memory.index.atlas import migrate, open_home, open_index
from memory.sqlite import open_database
from tests.contracts import test_index as suite
from tests.contracts.suite import named
from tests.contracts.test_index import IndexRig, WordsEmbedder

URL = os.environ.get("MONGODB_URI", "")
pytestmark = [
    pytest.mark.atlas,
    pytest.mark.skipif(not URL, reason="needs a MongoDB with search: set MONGODB_URI"),
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[IndexRig]:
    name = f"test_{uuid4().hex}"
    url = urlunsplit(urlsplit(URL)._replace(path=f"/{name}"))
    async with open_database(tmp_path / "store.db") as database:
        documents = await open_documents(database)

        @asynccontextmanager
        async def reopen(name="index", embedder=None):
            async with open_home(url, 60.0, name) as home:
                await migrate(home, embedder or WordsEmbedder())
                async with open_index(home, documents, embedder or WordsEmbedder()) as index:
                    yield index

        async with reopen("first") as index, AsyncMongoClient(URL) as client:
            try:
                yield IndexRig(index, documents, reopen)
            finally:
                await client.drop_database(name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("check", named(suite.CHECKS))
async def test_a_real_mongodb_keeps_the_contract(rig, check):
    await check(rig)
