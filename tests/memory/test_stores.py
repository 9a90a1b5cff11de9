"""Opening the stores: URLs, the folder, and what the house is handed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from memory.errors import FolderLocked, InvalidInput
from memory.folder import find_holder
from memory.settings import StoreSettings
from memory.stores import Stores, open_stores
from memory.urls import path_of
from tests.support.kill import ROOT
from tests.support.people import ALICE

EMBEDDED_PORTS = ["turns", "answers", "accounts", "ledger", "audit", "feedback", "runs", "cache", "limits"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


async def test_the_default_opens_everything_in_one_folder_and_owns_it(home):
    settings = StoreSettings(home=home, default_quota_tokens=50)
    async with open_stores(settings, command="multidb serve", url="http://127.0.0.1:1") as stores:
        assert all(getattr(stores, field.name) is not None for field in fields(Stores))
        assert find_holder(home).url == "http://127.0.0.1:1"
        with pytest.raises(FolderLocked, match="multidb serve"):
            async with open_stores(settings):
                pass
        assert (await stores.ledger.usage(ALICE)).remaining_tokens == 50
        assert replace(stores, turns="wrapped").turns == "wrapped"
        with pytest.raises(FrozenInstanceError):
            stores.turns = "other"
        ports = {server.name: server.ports for server in stores.servers}
        assert ports == {"sqlite:documents.db": ["documents"], "sqlite:chat.db": EMBEDDED_PORTS}
        assert all(sum(server.breaker.meter.counts) for server in stores.servers)
    assert find_holder(home) is None
    assert {path.name for path in home.glob("*.db")} == {"chat.db", "checkpoints.db", "documents.db"}


async def test_a_port_moves_by_its_url(home, tmp_path):
    elsewhere = tmp_path / "turns.db"
    async with open_stores(StoreSettings(home=home, turns_url=f"sqlite:///{elsewhere}")):
        assert elsewhere.exists()


@pytest.mark.parametrize("url", ["mysql://user:secret@host/db", "sqlite://x.db", "sqlite:///", "chat.db"])
def test_a_url_of_no_known_kind_names_its_setting_and_keeps_its_password(url):
    with pytest.raises(InvalidInput, match="MULTIDB_TURNS_URL") as refusal:
        path_of("turns", url, "sqlite", Path("chat.db"))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", "default.db"),
        ("sqlite:///a.db", "a.db"),
        ("sqlite:////var/a.db", "/var/a.db"),
        ("sqlite:///x/a.db", "x/a.db"),
    ],
)
def test_a_url_names_a_file(url, path):
    assert path_of("turns", url, "sqlite", Path("default.db")) == Path(path)


async def test_an_unknown_embedder_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="MULTIDB_EMBEDDER"):
        async with open_stores(StoreSettings(home=tmp_path, embedder="word2vec")):
            pass
    assert find_holder(tmp_path) is None


def test_importing_the_wiring_loads_no_adapter():
    heavy = ("aiosqlite", "faiss", "onnxruntime", "langgraph", "langchain_core", "torch")
    program = f"import sys, memory.stores; print([m for m in {heavy!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
