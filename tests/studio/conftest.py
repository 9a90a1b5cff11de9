from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import memory.stores
from tests.studio.rigging import Studio, open_studio
from tests.support.small_stores import SmallEmbedder


@pytest.fixture
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    monkeypatch.setattr(memory.stores, "_open_embedder", small)


@pytest.fixture
async def studio(tmp_path: Path, small_embedder: None) -> AsyncGenerator[Studio]:
    async with open_studio(tmp_path / "home", default_quota_tokens=30_000) as studio:
        yield studio
