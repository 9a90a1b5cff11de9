from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import api.agent
import memory.stores
from api.http import create_app
from api.settings import Settings
from tests.api.rigging import LOCAL_URL, SECRET, Script, Scripted, Served, open_server, says
from tests.support.small_stores import SmallEmbedder


@pytest.fixture(autouse=True)
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    monkeypatch.setattr(memory.stores, "_open_embedder", small)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Scripted]:
    """Put a scripted graph in the place of the real one."""

    def put(script: Script) -> Scripted:
        graph = Scripted(script)
        monkeypatch.setattr(api.agent, "build_graph", lambda *_: graph)
        return graph

    return put


@pytest.fixture
async def served(home: Path, script: Callable[[Script], Scripted]) -> AsyncGenerator[Served]:
    """A server whose graph says two sentences."""
    script(says("It is 41 metres tall.", "It stands on a cliff."))
    async with open_server(home) as server:
        yield server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory.stores, "_open_embedder", small)
        patch.setattr(api.agent, "build_graph", lambda *_: Scripted(says("It is 41 metres tall.")))
        settings = Settings(
            home=tmp_path_factory.mktemp("home"), secret=SECRET, max_body_bytes=100_000, max_upload_bytes=200_000
        )
        with TestClient(create_app(settings), base_url=LOCAL_URL) as client:
            yield client
