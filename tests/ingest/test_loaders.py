from __future__ import annotations

import json
import zipfile
from io import BytesIO

import docx
import fpdf
import pytest

from memory.errors import Refused
from memory.ingest.detect import detect
from memory.ingest.language import language_of
from memory.ingest.loaders import loader
from memory.ingest.parsed import Limits, Parsed, Raw, RefusedPart


def parse(name: str, data: bytes) -> list[Parsed | RefusedPart]:
    raw = Raw(name, data)
    return list(loader(detect(raw))(raw))


def one(name: str, data: bytes) -> Parsed:
    (parsed,) = parse(name, data)
    assert isinstance(parsed, Parsed)
    assert all(parsed.text[block.start : block.end].strip() for block in parsed.blocks)
    return parsed


def block_texts(parsed: Parsed) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks]


def pdf(*pages: str) -> bytes:
    made = fpdf.FPDF()
    made.set_font("Helvetica", size=11)
    for text in pages:
        made.add_page()
        made.multi_cell(0, 6, text)
    return bytes(made.output())


def docx_bytes(fill: object = None) -> bytes:
    made = docx.Document()
    if callable(fill):
        fill(made)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def test_markdown_keeps_words_headings_lists_tables_and_code_without_markup() -> None:
    source = (
        "---\ntitle: Guide\nteam: shop\n---\n# Guide\n\nSome **bold** [link](http://x.example)\nand `code`.\n\n"
        "- one\n- two\n  1. inner\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\n"
    )
    parsed = one("x.md", source.encode())
    assert block_texts(parsed) == [
        "Guide", "Some bold link and code.", "- one", "- two", "1. inner", "A: 1; B: 2", "x = 1",
    ]  # fmt: skip
    assert [block.kind for block in parsed.blocks[-2:]] == ["table", "code"]
    assert parsed.title == "Guide"
    assert parsed.metadata == {"team": "shop"}


def test_html_paragraphs_of_one_item_are_no_single_word() -> None:
    said = "".join(
        f"<p>The group number {number} is used by the mail system and by no one else.</p>" for number in range(9)
    )
    item = "<dl><dt>operator</dt><dd><p>It had uid 37.</p><p>The operator group is empty.</p></dd></dl>"
    page = f"<html><body><article><h1>Groups</h1>{said}{item}<ul><li>One<br>Two</li></ul></article></body></html>"
    text = " ".join(one("x.html", page.encode()).text.split())
    assert "It had uid 37. The operator group is empty." in text
    assert "One Two" in text


def test_html_keeps_the_article_and_leaves_the_furniture_out() -> None:
    body = " ".join(f"The lighthouse keeper wrote entry {number} into his book." for number in range(30))
    page = (
        f"<html><head><title>Keeper</title></head><body><nav><a href=/>Home</a><a href=/shop>Shop now</a></nav>"
        f"<article><h1>Keeper</h1><p>{body}</p></article><footer>Copyright 2026 Imprint</footer></body></html>"
    )
    parsed = one("x.html", page.encode())
    assert body in parsed.text
    assert "Shop now" not in parsed.text
    assert "Imprint" not in parsed.text


def test_pdf_blocks_know_their_page_and_join_wrapped_lines() -> None:
    long = "The tent stands in the wind and the wind blows through the valley all night long until morning comes. " * 3
    parsed = one("x.pdf", pdf(long, "Second page."))
    assert long.strip() in parsed.text
    assert [block.page for block in parsed.blocks] == [1, 2]


def test_docx_keeps_headings_lists_and_merged_table_cells() -> None:
    def fill(made: docx.document.Document) -> None:
        made.add_heading("Care", 1)
        made.add_paragraph("Wash it.", style="List Bullet")
        table = made.add_table(rows=3, cols=2)
        for row, cells in zip(table.rows, (("Group", "Item"), ("G", "a"), ("", "b")), strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        table.cell(1, 0).merge(table.cell(2, 0))

    parsed = one("x.docx", docx_bytes(fill))
    assert block_texts(parsed) == ["Care", "- Wash it.", "Group: G; Item: a", "Group: G; Item: b"]


@pytest.mark.parametrize(("name", "data"), [("x.csv", b"a;b\n1;x\n2;y\n"), ("x.tsv", b"a\tb\n1\tx\n2\ty\n")])
def test_tables_find_their_delimiter_and_types(name: str, data: bytes) -> None:
    parsed = one(name, data)
    assert block_texts(parsed) == ["a: 1; b: x", "a: 2; b: y"]
    assert parsed.blocks[0].fields == (("a", 1), ("b", "x"))


def test_a_column_of_codes_stays_text() -> None:
    parsed = one("x.csv", b"zip,size\n01234,1.5\n56789,2\n")
    assert parsed.blocks[0].fields == (("zip", "01234"), ("size", 1.5))


def test_a_table_without_a_header_has_rows_without_names() -> None:
    assert block_texts(one("x.csv", b"1,2\n3,4\n")) == ["1; 2", "3; 4"]


def test_json_objects_are_records_under_their_path() -> None:
    parsed = one("x.json", b'{"name": "Shop", "tents": [{"id": "T1", "price": 3, "tags": ["a", "b"]}]}')
    assert block_texts(parsed) == ["name: Shop", "Shop: tents", "id: T1; price: 3; tags: a, b"]
    assert parsed.title == "Shop"


def test_an_object_of_a_few_values_is_told_in_its_owners_record_and_an_item_stands_under_no_other_items_heading() -> (
    None
):
    fan = b'{"name": "Fan", "price": {"amount": 49.5, "currency": "EUR"}, "parts": [{"id": 1}, {"id": 2}]}'
    heater = b'{"name": "Heater", "price": {"amount": 99, "seen": null}}'
    parsed = one("x.json", b'{"range": [' + fan + b"," + heater + b"]}")
    assert block_texts(parsed)[:2] == ["range", "name: Fan; price amount: 49.5; price currency: EUR"]
    named = [block.heading for block in parsed.blocks if parsed.text.startswith("name: ", block.start)]
    assert named == [("range",), ("range",)]


def test_each_json_line_with_text_is_a_document_and_bad_lines_cost_themselves() -> None:
    lines = (
        b'{"id": "a/1", "title": "T", "text": "Hello.", "year": 1999, "list": [1]}\n'
        b"not json\n\n"
        b'{"text": ""}\n'
        b'{"id": "a/1", "text": "again"}\n'
        b'{"text": "no id"}\n'
    )
    items = parse("x.jsonl", lines)
    documents = [item for item in items if isinstance(item, Parsed)]
    assert [(item.key, item.title, item.text) for item in documents] == [("a/1", "T", "Hello."), ("6", "", "no id")]
    assert documents[0].metadata == {"year": 1999}
    assert [item.key for item in items if isinstance(item, RefusedPart)] == ["2", "4", "5"]


def json_line(**fields: object) -> Parsed:
    return one("x.jsonl", json.dumps(fields).encode())


def test_the_short_fields_of_a_json_line_are_a_record_behind_its_text_and_filters_as_well() -> None:
    parsed = json_line(id="T-7", status="open", tags=["fan", "noise"], by={"name": "Ann"}, seen=None, text="It hums.")
    assert block_texts(parsed) == ["It hums.", "id: T-7; status: open; tags: fan, noise; by name: Ann"]
    assert [block.kind for block in parsed.blocks] == ["text", "record"]
    assert parsed.blocks[1].label == "T-7"
    assert parsed.metadata == {"status": "open"}


def test_a_long_field_of_a_json_line_is_a_paragraph_unless_it_is_data_or_a_copy() -> None:
    long, data = "We changed the bearing. " * 8, "a1b2" * 60
    parsed = json_line(id=7, state="done", fix=long, html=data, body="It hums. " * 20, vector=[0.1] * 90, text=long)
    assert block_texts(parsed) == [long.strip(), f"body: {'It hums. ' * 20}".strip(), "id: 7; state: done"]


@pytest.mark.parametrize(
    "fields",
    [
        {"_id": "a"},
        {"id": "a", "title": "T", "url": "https://example.org/a"},
        {"_id": "a", "title": "T", "metadata": {"year": 1999, "by": "Ann"}},
        {"id": "a", "title": "T", "category": "faq"},
        {"id": "a", "title": "T", "source": "a manual", "lang": "en", "category": "faq"},
    ],
)
def test_a_json_line_of_a_corpus_is_its_text_alone(fields: dict[str, object]) -> None:
    parsed = json_line(**fields, text="One.\n\nTwo.")
    assert parsed.text == "One.\n\nTwo."
    assert [block.kind for block in parsed.blocks] == ["text", "text"]


def test_a_json_line_without_text_is_a_record() -> None:
    parsed = json_line(id="T-7", title="Hum", status="open")
    assert block_texts(parsed) == ["id: T-7; title: Hum; status: open"]
    assert parsed.blocks[0].kind == "record"


@pytest.mark.parametrize(
    "data",
    [
        "Grüße aus Köln.".encode(),
        b"\xef\xbb\xbf" + "Grüße aus Köln.".encode(),
        "Grüße aus Köln.".encode("utf-16"),
        "Grüße aus Köln.".encode("utf-16-le"),
        "Grüße aus Köln.".encode("cp1252"),
        b"Gr\xc3\xbc\x00\xc3\x9fe aus K\xc3\xb6ln." + b" ",
    ],
    ids=["utf-8", "mark", "utf-16", "utf-16 without mark", "latin", "NUL"],
)
def test_text_is_read_in_whatever_encoding_it_comes(data: bytes) -> None:
    assert one("x.txt", data * 1).text == "Grüße aus Köln."


def test_emoji_and_right_to_left_text_survive() -> None:
    text = "שלום עולם 👩‍👩‍👧 مرحبا"
    assert one("x.txt", text.encode()).text == text


def archive(names: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in names.items():
            made.writestr(name, data)
    return out.getvalue()


REFUSED = {
    "empty": ("x.md", b""),
    "white space": ("x.txt", b" \n\n "),
    "unknown type": ("x.exe", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" * 20),
    "binary named text": ("x.txt", bytes(range(256)) * 8),
    "text named pdf": ("x.pdf", b"hello"),
    "text named docx": ("x.docx", b"hello"),
    "archive named docx": ("x.docx", archive({"a.txt": b"a"})),
    "damaged docx": ("x.docx", archive({"word/document.xml": b"<a"})),
    "torn docx": ("x.docx", docx_bytes()[:2000]),
    "empty json object": ("x.json", b"{"),
    "deep json": ("x.json", b"[" * 500 + b"]" * 500),
    "png": ("x.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 40),
    "torn pdf": ("x.pdf", b"%PDF-1.7\nnothing"),
    "blank pdf": ("x.pdf", pdf("")),
}


@pytest.mark.parametrize(("name", "data"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse(name, data)
    assert refused.value.reason


def test_an_archive_that_unpacks_too_far_is_refused_before_it_is_unpacked() -> None:
    data = archive({"word/document.xml": b"\0" * 50_000_000})
    with pytest.raises(Refused, match="unpacks"):
        detect(Raw("x.docx", data, Limits(unpacked_bytes=10_000_000)))


def test_the_language_of_a_text_is_told_or_left_open() -> None:
    assert language_of("The shop is open from Monday to Friday and it is closed on the weekend.") == "en"
    assert language_of("Der Laden ist von Montag bis Freitag geöffnet und am Wochenende geschlossen.") == "de"
    assert language_of("42") == ""


def test_the_language_of_a_text_in_a_script_of_its_own_needs_few_letters() -> None:
    assert [language_of(text) for text in ("你好，世界", "こんにちは", "안녕하세요")] == ["zh", "ja", "ko"]
