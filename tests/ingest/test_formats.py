from __future__ import annotations

import io

import fpdf
import pypdfium2 as pdfium
import pytest

from memory.errors import Refused
from memory.ingest.detect import detect
from memory.ingest.parsed import Parsed, Raw, RefusedPart
from tests.ingest.made import TABLE, WORDS, archive, formats, mail
from tests.ingest.test_loaders import block_texts, one, parse


@pytest.mark.parametrize("name", list(formats()))
def test_every_format_gives_its_words_and_each_block_is_a_stretch_of_the_text(name: str) -> None:
    documents = [item for item in parse(name, formats()[name]) if isinstance(item, Parsed)]
    assert documents
    assert all(WORDS in document.text for document in documents)
    for document in documents:
        assert all(document.text[block.start : block.end].strip() for block in document.blocks)


@pytest.mark.parametrize("name", ["a.md", "a.docx", "a.pptx", "a.odt", "a.pdf"])
def test_tables_are_rows_with_their_columns_names_in_every_format(name: str) -> None:
    (document,) = (item for item in parse(name, formats()[name]) if isinstance(item, Parsed))
    tables = [document.text[block.start : block.end] for block in document.blocks if block.kind == "table"]
    assert tuple(tables) == TABLE


@pytest.mark.parametrize("name", [name for name in formats() if formats()[name][:2] == b"PK"])
def test_the_name_does_not_decide_what_a_binary_file_is(name: str) -> None:
    data = formats()[name]
    assert detect(Raw("nameless", data)) == detect(Raw(name, data))


def test_a_presentation_keeps_titles_points_and_notes_with_their_slide() -> None:
    parsed = one("a.pptx", formats()["a.pptx"])
    assert block_texts(parsed) == ["Keeper", f"- {WORDS}", "- Second point.", *TABLE, "Said aloud only."]
    assert {block.page for block in parsed.blocks if block.kind != "table"} == {1}


def test_a_workbook_keeps_sheets_rows_and_types() -> None:
    parsed = one("a.xlsx", formats()["a.xlsx"])
    records = [block for block in parsed.blocks if block.kind == "record"]
    assert [(block.row, block.heading) for block in records] == [(2, ("Keeper",)), (3, ("Keeper",))]
    assert dict(records[1].fields) == {"Item": "Stove", "Price": 79}


def test_a_mail_is_followed_by_its_attachments() -> None:
    items = parse("a.eml", mail(("plan.docx", formats()["a.docx"]), ("b.zip", formats()["a.zip"]), ("x.pdf", b"no")))
    keys = [item.key for item in items if isinstance(item, Parsed)]
    assert keys == ["message", "plan.docx", "b.zip#in/a.md", "b.zip#in/a.docx"]
    assert [item.key for item in items if isinstance(item, RefusedPart)] == ["x.pdf"]


def test_an_archive_in_an_archive_in_an_archive_is_not_followed_forever() -> None:
    data = formats()["a.md"]
    for _ in range(8):
        data = archive({"x.zip": data, "a.md": formats()["a.md"]})
    items = parse("x.zip", data)
    assert any(isinstance(item, RefusedPart) for item in items)
    assert len(items) < 8


def test_code_is_cut_at_its_top_level_and_stands_under_its_names() -> None:
    parsed = one("a.py", formats()["a.py"])
    assert parsed.text == formats()["a.py"].decode().strip()
    assert [block.heading for block in parsed.blocks] == [(), (), ("keeper",)]


def test_xml_leaves_are_records_under_their_path() -> None:
    parsed = one("a.xml", formats()["a.xml"])
    assert parsed.blocks[-1].kind == "record"
    assert dict(parsed.blocks[-1].fields)["name"] == "Keeper"


LEFT = ["The keeper wrote his entry", "into the book before the storm", "and then he climbed the stairs"]
RIGHT = ["In the harbour the boats lay", "with double ropes for the wind", "would turn north at midnight"]


def columns() -> bytes:
    made = fpdf.FPDF()
    made.set_font("Helvetica", size=10)
    made.add_page()
    for number, pair in enumerate(zip(LEFT, RIGHT, strict=True)):
        for x, text in zip((10, 110), pair, strict=True):
            made.text(x, 20 + 5 * number, text)
    return bytes(made.output())


def test_two_columns_that_were_printed_line_by_line_are_read_column_by_column() -> None:
    text = one("x.pdf", columns()).text
    assert " ".join(LEFT) in text
    assert " ".join(RIGHT) in text


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pages_and_turned_words_are_read_in_order(turn: int) -> None:
    document = pdfium.PdfDocument(formats()["a.pdf"])
    document[0].set_rotation(turn)
    out = io.BytesIO()
    document.save(out)
    assert block_texts(one("x.pdf", out.getvalue())) == [WORDS, *TABLE]
    made = fpdf.FPDF()
    made.set_font("Helvetica", size=10)
    made.add_page()
    with made.rotation(turn, 100, 150):
        for number, line in enumerate(LEFT):
            made.text(60, 130 + 5 * number, line)
    assert one("x.pdf", bytes(made.output())).text == " ".join(LEFT)


def ole(name: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + name.encode("utf-16-le") + bytes(500)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.docx", ole("EncryptedPackage"), "password"),
        ("a.doc", ole("WordDocument"), "DOC; save it as DOCX"),
        ("a.docx", formats()["a.zip"], "not a DOCX although it is named so"),
        ("a.xlsx", b"Item,Price\n", "not an XLSX although it is named so"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(60), "picture"),
        ("a.xml", b"<a><b></a>", "well-formed"),
        ("a.zip", archive({".hidden": "x"}), "no file"),
    ],
)
def test_refusals_say_what_a_person_understands(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse(name, data)
