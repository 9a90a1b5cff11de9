"""Loaders and pipeline over third-party files: `make test-data DATA=DIR`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from lxml import html

from memory.ingest.detect import detect
from memory.ingest.loaders import loader
from memory.ingest.parsed import Parsed, Raw
from memory.ingest.pipeline import IngestOptions, ingest
from tests.ingest.rig import SCOPE, open_rig

pytestmark = [
    pytest.mark.data,
    pytest.mark.timeout(900),
    pytest.mark.skipif("MULTIDB_TEST_DATA" not in os.environ, reason="set MULTIDB_TEST_DATA (make test-data DATA=DIR)"),
]
OLD = {".doc", ".xls", ".ppt"}
ASVS = "asvs-4.0.3-en"


def data(*parts: str) -> Path:
    return Path(os.environ["MULTIDB_TEST_DATA"]).joinpath("ingest", *parts)


def text_of(path: Path) -> str:
    raw = Raw(path.name, path.read_bytes())
    return "\n".join(item.text for item in loader(detect(raw))(raw) if isinstance(item, Parsed))


def bare(text: str) -> str:
    """Text without links, emphasis and white space, so that formats can be compared."""
    return re.sub(r"[\s*_`]+", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))


async def test_each_file_is_kept_or_refused_with_a_reason_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    files = [path for path in data("fixtures").rglob("*") if path.is_file()]
    async with open_rig(tmp_path) as rig:
        options = IngestOptions(base=tmp_path)
        first = await ingest(SCOPE, [data("fixtures")], rig, options)
        second = await ingest(SCOPE, [data("fixtures")], rig, options)
    print(f"{len(files)} files, {first.kept} documents kept; refused: {dict(first.refused)}")  # noqa: T201 figures
    kept = {item.source.split("#")[0] for item in first.documents}
    refused = {path.split("#")[0]: reason for path, reason in first.refused}
    assert len(files) == len(kept | set(refused))
    assert all(refused.values())
    readable = {path.name for path in files if path.suffix not in OLD}
    assert readable == {Path(source).name for source in kept}
    assert (second.kept, second.unchanged) == (0, first.kept + first.unchanged)


@pytest.mark.parametrize("name", [f"{ASVS}.csv", f"{ASVS}.json", f"{ASVS}.docx", f"{ASVS}.pdf", f"{ASVS}.xml", "en-md"])
def test_a_standards_requirements_are_found_in_every_format(name: str) -> None:
    requirements = json.loads(data("asvs", f"{ASVS}.flat.json").read_text())["requirements"]
    path = data("asvs", name)
    parts = sorted(path.glob("*.md")) if path.is_dir() else [path]
    text = bare("\n".join(text_of(part) for part in parts))
    found = sum(bare(requirement["req_description"]) in text for requirement in requirements)
    print(f"{name}: {found} of {len(requirements)} requirements found")  # noqa: T201 figures
    assert len(requirements) == 286
    assert found >= 0.99 * len(requirements)


def test_the_paragraphs_of_noisy_pages_survive_and_their_bars_do_not() -> None:
    total = found = 0
    furniture: set[str] = set()
    for line in data("squad_html_truth.jsonl").read_text().splitlines():
        page = json.loads(line)
        path = data("squad_html", page["file"])
        whole = text_of(path)
        text, lines = bare(whole), {line.strip("- ") for line in whole.splitlines()}
        bars = html.parse(path).xpath("//nav//a | //*[@id='topNavbar']//a")
        furniture |= {f"{path.name}: {bar.text_content()}" for bar in bars if bar.text_content().strip() in lines}
        total += len(page["paragraphs"])
        found += sum(bare(paragraph) in text for paragraph in page["paragraphs"])
    print(f"{found} of {total} paragraphs found; of the bars: {furniture}")  # noqa: T201 figures
    assert found >= 0.98 * total
    assert not furniture
