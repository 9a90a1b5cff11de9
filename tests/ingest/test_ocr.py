"""Words in pictures come back, in order, marked as read by OCR, within the limits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memory.errors import Refused
from memory.ingest.parsed import Limits, Parsed, RefusedPart
from memory.ingest.parser import open_parser
from memory.ingest.pipeline import IngestOptions, Progress, ingest
from memory.ingest.split import Splitter
from tests.ingest.rig import SCOPE, open_rig
from tests.ingest.scans import LEFT, RIGHT, STORY, columns, line, photographed, recall, saved, scanned_pdf, written
from tests.ingest.test_loaders import block_texts, one, parse

LINE = "The lamp burns through the whole night."
KINDS = {"a.png": "PNG", "a.jpg": "JPEG", "a.tiff": "TIFF", "a.webp": "WEBP", "a.bmp": "BMP", "a.gif": "GIF"}


@pytest.mark.parametrize(("font", "size", "dots"), [("Helvetica", 11, 150), ("Times", 9, 200), ("Courier", 10, 120)])
def test_a_photographed_page_comes_back_with_its_words(font: str, size: float, dots: int) -> None:
    parsed = one("a.png", saved(photographed(written(font, size), dots=dots), "PNG"))
    assert recall(parsed.text, STORY) >= 0.98


def test_pages_with_text_are_read_as_text_and_scanned_pages_by_ocr_and_marked() -> None:
    parsed = one("a.pdf", scanned_pdf("This page has its text.", photographed(written()), "The last page."))
    assert [block.page for block in parsed.blocks] == [1, *[2] * (len(parsed.blocks) - 2), 3]
    assert recall(parsed.text, f"This page has its text. {STORY} The last page.") >= 0.98
    assert {block.page for block in parsed.blocks if block.is_ocr} == {2}
    assert parsed.metadata["ocr_pages"] == 1
    pieces = Splitter(lambda text: len(text.split()), 256).split(parsed, "Title")
    assert {piece.page for piece in pieces if ("read_by", "ocr") in piece.fields} == {2}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_is_read_whatever_its_name(name: str) -> None:
    data = saved(line(), KINDS[name])
    assert one(name, data).text == one("nameless", data).text == LINE


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_scan_is_read_in_order(quarters: int) -> None:
    turned = Image.fromarray(np.rot90(np.asarray(photographed(written())), quarters))
    assert recall(one("a.png", saved(turned, "PNG")).text, STORY) >= 0.98


def test_a_scan_that_lies_a_little_askew_is_read_line_by_line() -> None:
    askew = photographed(written()).rotate(2.5, expand=True, fillcolor="white")
    assert " ".join(STORY.split()[:12]) in one("a.jpg", saved(askew, "JPEG")).text


def test_two_columns_of_a_scan_are_read_one_after_the_other() -> None:
    text = one("a.png", saved(photographed(columns()), "PNG")).text
    assert " ".join(LEFT) in text
    assert " ".join(RIGHT) in text


def test_a_picture_on_nothing_a_dark_one_and_a_deep_one_are_read() -> None:
    grey = line().convert("L")
    clear = Image.new("LA", grey.size)
    clear.putdata([(0, 255 - value) for value in grey.get_flattened_data()])
    deep = Image.fromarray(np.asarray(grey, np.uint16) * 200)
    dark = Image.fromarray(255 - np.asarray(grey))
    assert [one("a.png", saved(made, "PNG")).text for made in (clear, deep, dark)] == [LINE] * 3


def test_a_moving_picture_tells_that_only_its_first_is_read() -> None:
    items = parse("a.gif", saved(line(), "GIF", save_all=True, append_images=[Image.new("RGB", line().size)]))
    assert [type(item) for item in items] == [Parsed, RefusedPart]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.png", saved(Image.new("RGB", (400, 300), "white"), "PNG"), "no words were found in the picture"),
        ("a.pdf", scanned_pdf(Image.new("RGB", (400, 300), "white")), "no text on its 1 page"),
        ("a.png", saved(line(), "PNG")[:900], "damaged picture"),
        ("a.png", b"just words", "not a picture although it is named so"),
        ("a.png", saved(Image.new("1", (12_000, 12_000)), "PNG"), "pixels"),
    ],
)
def test_pictures_that_cannot_be_read_are_refused_with_a_reason(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse(name, data)


async def test_an_ingestion_tells_pages_and_one_bad_scan_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.tiff").write_bytes(saved(line(), "TIFF", save_all=True, append_images=[line(STORY[:40])]))
    (tmp_path / "b.png").write_bytes(saved(line(), "PNG")[:500])
    (tmp_path / "c.md").write_text("The words are here.")
    states: list[Progress] = []
    (tmp_path / "store").mkdir()
    async with open_rig(tmp_path / "store") as rig:
        options = IngestOptions(base=tmp_path)
        files = [tmp_path / name for name in ("a.tiff", "b.png", "c.md")]
        first = await ingest(SCOPE, files, rig, options, states.append)
        again = await ingest(SCOPE, files, rig, options)
        passages = await rig.passages(await rig.documents.by_source(SCOPE, "a.tiff"))
    assert (first.kept, [path for path, _ in first.refused]) == (2, ["b.png"])
    assert (again.kept, again.unchanged) == (0, 2)
    assert ("a.tiff", 2, 2) in {(state.source, state.page, state.pages) for state in states}
    assert all(passage.is_ocr for passage in passages)


async def test_a_scan_that_is_interrupted_leaves_nothing_half_kept_and_the_next_run_reads_what_is_left(
    tmp_path: Path,
) -> None:
    pages = [line(f"This is the page of the number {number}.") for number in range(1, 4)]
    (tmp_path / "a.md").write_text("The first words are here.")
    (tmp_path / "b.tiff").write_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    (tmp_path / "c.png").write_bytes(saved(line(), "PNG")[:500])
    (tmp_path / "d.md").write_text("The last words are here.")
    (tmp_path / "store").mkdir()
    files, reading = [tmp_path / name for name in ("a.md", "b.tiff", "c.png", "d.md")], asyncio.Event()

    def tell(state: Progress) -> None:
        if (state.source, state.page) == ("b.tiff", 1):
            reading.set()

    options = IngestOptions(base=tmp_path)
    async with open_rig(tmp_path / "store") as rig, asyncio.timeout(60):
        running = asyncio.create_task(ingest(SCOPE, files, rig, options, tell))
        await reading.wait()
        running.cancel()
        await asyncio.wait([running])
        between = await rig.sources()
        report = await ingest(SCOPE, files, rig, options)
        after = await rig.sources()
        text = (await rig.documents.by_source(SCOPE, "b.tiff")).text
    assert running.cancelled()
    assert set(between) <= {"a.md"}
    assert after == ["a.md", "b.tiff", "d.md"]
    assert report.kept + len(between) == 3
    assert [path for path, _ in report.refused] == ["c.png"]
    assert text.count("This is the page") == 3


async def test_long_work_tells_its_pages_and_is_no_hang_while_it_gets_on() -> None:
    pages = [line(f"This is the page of the number {number}.") for number in range(1, 9)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    told: list[tuple[int, int]] = []
    async with open_parser(Limits(cpu_s=4)) as parser:
        items = [item async for item in parser.parse("a.tiff", data, lambda page, pages: told.append((page, pages)))]
    (parsed,) = (item for item in items if isinstance(item, Parsed))
    assert block_texts(parsed) == [f"This is the page of the number {number}." for number in range(1, 9)]
    assert [page for page, _ in told] == sorted(page for page, _ in told)
    assert {pages for _, pages in told} == {8}
