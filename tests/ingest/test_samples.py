"""The sample corpus says what its questions claim: other tests rely on them as truth."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from memory.ingest.pipeline import IngestOptions, ingest
from tests.ingest.rig import SCOPE, Rig, open_rig

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with open_rig(tmp_path) as opened:
        yield opened


async def test_every_sample_is_readable_and_holds_the_answers_that_are_claimed(rig: Rig) -> None:
    report = await ingest(SCOPE, [ROOT / "samples" / "fernweh"], rig, IngestOptions(base=ROOT))
    assert report.refused == ()
    assert report.kept == 37
    questions = [json.loads(line) for line in (ROOT / "samples" / "questions.jsonl").read_text().splitlines()]
    for question in questions:
        if question["answerable"]:
            document = await rig.documents.by_source(SCOPE, question["source"])
            assert all(part in document.text for part in question["answer"].split(" and ")), question
    assert sum(not question["answerable"] for question in questions) == 20
    asked = {question["question"] for question in questions}
    assert all(question["after"] in asked for question in questions if "after" in question)


async def test_the_manuals_tables_are_rows_with_their_columns_names(rig: Rig) -> None:
    await ingest(SCOPE, [ROOT / "samples" / "fernweh" / "manuals"], rig, IngestOptions(base=ROOT))
    stove = await rig.documents.by_source(SCOPE, "samples/fernweh/manuals/ember-stove.pdf")
    tables = [passage for passage in await rig.passages(stove) if passage.kind == "table"]
    assert any("Cartridge: 230 g; Full power: 75 minutes" in passage.text for passage in tables)
    assert {passage.page for passage in tables} == {2}
    assert "edition 4, page" not in stove.text
    tent = await rig.documents.by_source(SCOPE, "samples/fernweh/manuals/kestrel-tent.docx")
    assert "Work: Seal the seams; How often: every two years" in tent.text
