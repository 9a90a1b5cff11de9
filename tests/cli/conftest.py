from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from api.cli import main

HARBOUR = """# Harbour rules

Boats longer than 12 metres moor at the north pier. The harbour master is Ilse Okafor.

## Fees

A night at the north pier costs 28 euros. Members of the sailing club pay nothing.
"""
KITCHEN = "# Kitchen\n\nThe oven reaches 300 degrees in nine minutes. Bread bakes for 40 minutes.\n"
BOATS = "name,length_m,sails\nAlbatross,11.5,3\nPelican,14.0,2\nTern,7.25,1\n"


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return orjson.loads(self.out)

    @property
    def lines(self):
        return [orjson.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "port"
    folder.mkdir()
    (folder / "harbour.md").write_text(HARBOUR)
    (folder / "kitchen.md").write_text(KITCHEN)
    (folder / "boats.csv").write_text(BOATS)
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["multidb", *arguments])
        patch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit) as ended:
            main()
    printed = capsys.readouterr()
    return Ran(int(ended.value.code or 0), printed.out, printed.err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Run:
    """Call the command in this process on an empty data folder, `home`."""
    return lambda *arguments: call(capsys, *arguments)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MULTIDB_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    """A data folder that holds the corpus, made once; tests get copies of it."""
    home = tmp_path_factory.mktemp("ingested") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIDB_HOME", str(home))
        patch.chdir(corpus.parent)  # sources are named from here
        patch.setattr(sys, "argv", ["multidb", "ingest", corpus.name])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0
    return home


@pytest.fixture
def filled(run: Run, home: Path, ingested: Path) -> Run:
    """Call the command on a data folder that holds the corpus."""
    shutil.copytree(ingested, home)
    return run
