"""What docs/architecture.md names exists, and nothing that it lists is missing from its lists."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from api.settings import Settings
from api.wiring import open_app
from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = ("api", "graphs", "tools", "mcp_servers", "memory", "evals", "tests")


@pytest.mark.parametrize("name", sorted(set(re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w/.]*)`", PAGE))))
def test_a_file_that_the_page_names_exists(name: str) -> None:
    assert (ROOT / name).exists()


def test_every_point_of_dying_is_explained() -> None:
    points = {
        point
        for path in (ROOT / "api" / "runs").glob("*.py")
        for point in re.findall(r'\.crash\("([\w.]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert points == set(re.findall(r"^\| `((?:admit|run|close)\.\w+)` \|", PAGE, re.MULTILINE))


def test_every_event_of_the_example_is_an_event() -> None:
    known = set(re.findall(r'Literal\["([a-z]+\.[a-z]+)"\]', (ROOT / "api" / "events.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"^\| \d+ \| `([a-z]+\.[a-z]+)`", PAGE, re.MULTILINE))

    assert len(told) == 9
    assert told <= known


async def test_every_file_of_the_data_folder_is_explained(tmp_path: Path) -> None:
    async with open_app(Settings(home=tmp_path), command="this test"):
        made = {name for name in os.listdir(tmp_path) if not name.endswith(("-wal", "-shm"))}

    assert made <= {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)` \|", PAGE, re.MULTILINE)}
