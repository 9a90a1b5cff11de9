from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from memory.errors import NotFound, StoreUnavailable
from memory.ingest.pipeline import IngestOptions, Progress, ingest, ingest_bytes
from memory.records import Access, Scope
from tests.ingest.rig import SCOPE, Rig, open_rig

LONG = " ".join(f"Sentence {number} of the story tells what the keeper saw that night." for number in range(30))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with open_rig(tmp_path) as opened:
        yield opened


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text(f"# Lighthouse\n\n{LONG}\n\n## Hours\n\nOpen from nine to five.\n")
    (folder / "deep" / "b.csv").write_text("name,price\nTent,349.50\nStove,79.00\n")
    (folder / "bad.pdf").write_text("this is no PDF")
    (folder / ".hidden.md").write_text("not for ingestion")
    lines = ({"id": f"k{number}", "title": "Entry", "text": f"This is entry {number}."} for number in range(150))
    (folder / "c.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


@pytest.fixture
def options(tmp_path: Path) -> IngestOptions:
    return IngestOptions(base=tmp_path)


async def test_a_folder_becomes_documents_and_what_cannot_be_read_is_named(
    rig: Rig, corpus: Path, options: IngestOptions
) -> None:
    report = await ingest(SCOPE, [corpus, corpus / "missing.md"], rig, options)
    assert (report.kept, report.unchanged, report.pruned) == (152, 0, 0)
    assert {path for path, _ in report.refused} == {"corpus/bad.pdf", str(corpus / "missing.md")}
    sources = await rig.sources()
    assert "corpus/deep/b.csv" in sources
    assert "corpus/c.jsonl#k7" in sources
    assert not any("hidden" in source for source in sources)
    assert rig.index.caught_up == 1


async def test_every_passage_is_a_stretch_of_its_documents_text(rig: Rig, corpus: Path, options: IngestOptions) -> None:
    await ingest(SCOPE, [corpus], rig, options)
    document = await rig.documents.by_source(SCOPE, "corpus/a.md")
    passages = await rig.passages(document)
    assert len(passages) > 3
    assert all(document.text[passage.start : passage.end] == passage.text for passage in passages)
    assert passages[-1].heading == ("Lighthouse", "Hours")
    assert passages[-1].context == "Lighthouse > Hours"
    assert document.title == "Lighthouse"
    assert document.language == "en"
    rows = await rig.passages(await rig.documents.by_source(SCOPE, "corpus/deep/b.csv"))
    assert [(passage.row, dict(passage.fields)["price"]) for passage in rows] == [(1, 349.5), (2, 79.0)]


async def test_a_second_run_changes_and_embeds_nothing(rig: Rig, corpus: Path, options: IngestOptions) -> None:
    await ingest(SCOPE, [corpus], rig, options)
    before, sequence = len(rig.embedder.calls), await rig.documents.last_sequence(replace(SCOPE, roles=("system",)))
    report = await ingest(SCOPE, [corpus], rig, options)
    assert (report.kept, report.unchanged) == (0, 152)
    assert not [call for call in rig.embedder.calls[before:] if call]
    assert await rig.documents.last_sequence(replace(SCOPE, roles=("system",))) == sequence


async def test_a_changed_file_and_a_changed_line_are_replaced_alone(
    rig: Rig, corpus: Path, options: IngestOptions
) -> None:
    await ingest(SCOPE, [corpus], rig, options)
    (corpus / "a.md").write_text("# Lighthouse\n\nIt was torn down.\n")
    lines = (corpus / "c.jsonl").read_text().replace("This is entry 3.", "This is another entry.")
    (corpus / "c.jsonl").write_text(lines)
    report = await ingest(SCOPE, [corpus], rig, options)
    assert (report.kept, report.unchanged) == (2, 150)
    assert (await rig.documents.by_source(SCOPE, "corpus/a.md")).text.endswith("It was torn down.")
    assert (await rig.documents.by_source(SCOPE, "corpus/c.jsonl#k3")).text == "This is another entry."


async def test_prune_forgets_files_and_lines_that_are_gone_and_nothing_else(
    rig: Rig, corpus: Path, options: IngestOptions, tmp_path: Path
) -> None:
    (tmp_path / "corpus2").mkdir()
    (tmp_path / "corpus2" / "x.md").write_text("Another folder.")
    await ingest(SCOPE, [corpus, tmp_path / "corpus2"], rig, options)
    (corpus / "deep" / "b.csv").unlink()
    (corpus / "a.md").write_bytes(b"\x00\x01\x02\x03" * 500)
    kept_lines = (corpus / "c.jsonl").read_text().splitlines()[:100]
    (corpus / "c.jsonl").write_text("\n".join(kept_lines))
    report = await ingest(SCOPE, [corpus], rig, replace(options, prune=True))
    assert report.pruned == 51
    sources = await rig.sources()
    assert "corpus/deep/b.csv" not in sources
    assert "corpus/a.md" in sources, "a file that cannot be read now keeps what was read before"
    assert "corpus2/x.md" in sources


async def test_a_line_that_its_file_no_longer_holds_is_forgotten_unless_a_line_cannot_be_read(
    rig: Rig, corpus: Path, options: IngestOptions
) -> None:
    await ingest(SCOPE, [corpus], rig, options)
    lines = (corpus / "c.jsonl").read_text().splitlines()
    (corpus / "c.jsonl").write_text("\n".join([*lines[:100], "not json"]))
    assert (await ingest(SCOPE, [corpus], rig, options)).pruned == 0
    (corpus / "c.jsonl").write_text("\n".join(lines[:100]))
    report = await ingest(SCOPE, [corpus / "c.jsonl"], rig, options)
    assert (report.unchanged, report.pruned) == (100, 50)
    assert len([source for source in await rig.sources() if source.startswith("corpus/c.jsonl#")]) == 100


async def test_passages_of_a_mixed_document_carry_their_own_language(rig: Rig, tmp_path: Path) -> None:
    english = "The shop is open from Monday to Friday and it is closed on the weekend."
    german = "Der Laden ist von Montag bis Freitag geöffnet und am Wochenende ist er immer geschlossen."
    (tmp_path / "a.md").write_text(f"{english}\n\n{german}\n\n{english}")
    await ingest(SCOPE, [tmp_path / "a.md"], rig, IngestOptions(base=tmp_path))
    passages = await rig.passages(await rig.documents.by_source(SCOPE, "a.md"))
    assert [passage.language for passage in passages] == ["en", "de", "en"]


async def test_the_same_content_twice_is_one_document_under_two_sources(
    rig: Rig, tmp_path: Path, options: IngestOptions
) -> None:
    for name in ("one.md", "two.md"):
        (tmp_path / name).write_text("# Same\n\nThe very same words.")
    report = await ingest(SCOPE, [tmp_path / "one.md", tmp_path / "two.md"], rig, options)
    assert sorted(item.outcome for item in report.documents) == ["alias", "kept"]
    again = await ingest(SCOPE, [tmp_path / "one.md", tmp_path / "two.md"], rig, options)
    assert (again.kept, again.unchanged) == (0, 2)


async def test_an_ingestion_that_was_cancelled_goes_on_where_it_was(
    rig: Rig, corpus: Path, options: IngestOptions
) -> None:
    rig.embedder.gate.clear()
    running = asyncio.create_task(ingest(SCOPE, [corpus], rig, options))
    async with asyncio.timeout(30):
        await rig.embedder.called.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    rig.embedder.gate.set()
    report = await ingest(SCOPE, [corpus], rig, options)
    assert report.kept + report.unchanged == 152
    assert len(await rig.sources()) == 152


async def test_a_store_that_fails_ends_the_ingestion_with_its_own_error(
    rig: Rig, corpus: Path, options: IngestOptions
) -> None:
    rig.embedder.fails = True
    with pytest.raises(StoreUnavailable):
        await ingest(SCOPE, [corpus], rig, options)


async def test_progress_counts_up_to_all_files(rig: Rig, corpus: Path, options: IngestOptions) -> None:
    states: list[Progress] = []
    await ingest(SCOPE, [corpus], rig, options, states.append)
    assert max(state.files_done for state in states) == states[-1].files == 4
    assert states[-1].kept == 152


async def test_collection_access_and_tenant_are_the_ingestions(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Only for the repair workshop.")
    options = IngestOptions(base=tmp_path, collection="repairs", access=Access(groups=("workshop",)))
    scope = replace(SCOPE, groups=("workshop",))
    await ingest(scope, [tmp_path / "a.md"], rig, options)
    assert (await rig.documents.by_source(scope, "a.md")).collection == "repairs"
    for stranger in (SCOPE, Scope("other", "ines", groups=("workshop",))):
        with pytest.raises(NotFound):
            await rig.documents.by_source(stranger, "a.md")


async def test_an_upload_is_kept_under_a_harmless_name(rig: Rig) -> None:
    report = await ingest_bytes(SCOPE, "../../etc/pass\u202ewd\x00#1.md", b"# Hi\n\nHello there.", rig)
    (item,) = report.documents
    assert item.source == "etc/passwd_1.md"
    assert item.outcome == "kept"
    assert (await rig.documents.get(SCOPE, item.document_id)).title == "Hi"


async def test_an_upload_that_cannot_be_read_is_refused_with_its_name(rig: Rig) -> None:
    report = await ingest_bytes(SCOPE, "x.pdf", b"no pdf", rig)
    assert report.documents == ()
    assert report.refused[0][0] == "x.pdf"


async def test_what_is_embedded_never_exceeds_the_embedder(rig: Rig, corpus: Path, options: IngestOptions) -> None:
    await ingest(SCOPE, [corpus], rig, options)
    texts = [text for call in rig.embedder.calls for text in call]
    assert all(rig.embedder.count_tokens(text) <= rig.embedder.max_tokens - 2 for text in texts)
    assert any(text.startswith("Lighthouse > Hours\n") for text in texts)
