"""PassageIndex inside MongoDB: the suite of the port on a contract server, and what only this adapter has.

Atlas itself was never there: the server is tests/support/atlas, written from MongoDB's documentation, in front of a
wire server. A MongoDB without $rankFusion is another rig.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from memory.errors import EmbedderMismatch, StoreUnavailable
from memory.index import atlas as adapter
from memory.ports import SearchQuery
from tests.contracts import test_index as suite
from tests.contracts.suite import named
from tests.contracts.test_index import BICYCLE, PARROT, IndexRig, WordsEmbedder, filled, found, put
from tests.support.atlas.rig import on_atlas
from tests.support.atlas.server import Atlas
from tests.support.documents import document, vector_of
from tests.support.people import ALICE

pytestmark = pytest.mark.services
VERSIONS = {"fused by the server": "8.2.0", "fused by us": "7.0.12"}


@dataclass(frozen=True)
class AtlasRig(IndexRig):
    """An index rig with the contract server that its index talks to."""

    server: Atlas


@asynccontextmanager
async def on_version(folder: Path, version: str) -> AsyncGenerator[AtlasRig]:
    async with on_atlas(folder, WordsEmbedder(), version) as (server, documents, reopen), reopen("first") as index:
        yield AtlasRig(index, documents, reopen, server)


@pytest.fixture(params=VERSIONS)
async def rig(request: Any, tmp_path: Path) -> AsyncGenerator[AtlasRig]:
    async with on_version(tmp_path, VERSIONS[request.param]) as rig:
        yield rig


@pytest.mark.parametrize("check", named(suite.CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)
