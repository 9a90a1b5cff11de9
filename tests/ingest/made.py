"""One small file of each format, all of the same words where the format allows."""

from __future__ import annotations

import json
import zipfile
from email.message import EmailMessage
from functools import cache
from io import BytesIO

import docx
import fpdf
import openpyxl
import pptx

from tests.ingest.scans import line, saved, scanned_pdf

WORDS = "The lamp of the lighthouse burns through the whole night."
ROWS = (("Item", "Price"), ("Tent", "349"), ("Stove", "79"))
TABLE = ("Item: Tent; Price: 349", "Item: Stove; Price: 79")


def archive(parts: dict[str, str | bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def _saved(made: object) -> bytes:
    out = BytesIO()
    made.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def _docx() -> bytes:
    made = docx.Document()
    made.add_heading("Keeper", 1)
    made.add_paragraph(WORDS)
    table = made.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, ROWS, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    return _saved(made)


def _pptx() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Keeper"
    slide.placeholders[1].text = f"{WORDS}\nSecond point."
    table = slide.shapes.add_table(3, 2, 0, 0, 5_000_000, 1_000_000).table
    for number, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            table.cell(number, column).text = text
    slide.notes_slide.notes_text_frame.text = "Said aloud only."
    return _saved(made)


def _xlsx() -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Keeper"
    for row in (("Item", "Price", "Words"), ("Tent", 349, WORDS), ("Stove", 79, None)):
        sheet.append(row)
    made.create_sheet("Empty")
    return _saved(made)


def _pdf() -> bytes:
    made = fpdf.FPDF()
    made.set_font("Helvetica", size=11)
    made.add_page()
    made.multi_cell(0, 6, WORDS)
    with made.table() as table:
        for cells in ROWS:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    return bytes(made.output())


def mail(*attached: tuple[str, bytes]) -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "Keeper", "ines@example.org", "ada@example.org"
    made.set_content(WORDS)
    made.add_alternative(f"<p>{WORDS}</p>", subtype="html")
    for name, data in attached:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bytes(made)


def _epub() -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book/it.opf"/></rootfiles></container>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>Keeper</dc:title><dc:creator>Ada</dc:creator></metadata><manifest>"
        '<item id="b" href="two.xhtml"/><item id="a" href="one.xhtml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "book/it.opf": package,
            "book/one.xhtml": f"<html><body><h1>One</h1><p>{WORDS}</p></body></html>",
            "book/two.xhtml": "<html><body><h1>Two</h1><p>The second chapter.</p></body></html>",
        }
    )


def _odt() -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table")
    )
    rows = "".join(
        f"<table:table-row>{''.join(f'<table:table-cell><text:p>{cell}</text:p></table:table-cell>' for cell in row)}"
        "</table:table-row>"
        for row in ROWS
    )
    body = (
        f'<text:h text:outline-level="1">Keeper</text:h><text:p>{WORDS}</text:p>'
        f"<text:list><text:list-item><text:p>a<text:s/>point</text:p></text:list-item></text:list>"
        f"<table:table>{rows}</table:table>"
    )
    inside = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {spaces}>{inside}</office:document-content>"
    return archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def _notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "source": ["# Keeper\n", "\n", WORDS]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"text/plain": ["2"]}}]},
    ]
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


@cache
def formats() -> dict[str, bytes]:
    """File name -> content; each holds WORDS."""
    texts = {
        "a.md": f"# Keeper\n\n{WORDS}\n\n| Item | Price |\n|---|---|\n| Tent | 349 |\n| Stove | 79 |\n",
        "a.txt": WORDS,
        "a.html": f"<html><head><title>Keeper</title></head><body><article><p>{WORDS}</p></article></body>",
        "a.csv": f"Item,Words\nTent,{WORDS}\nStove,\n",
        "a.json": json.dumps({"name": "Keeper", "items": [{"id": 1, "words": WORDS}]}),
        "a.jsonl": json.dumps({"id": "k1", "title": "Keeper", "text": WORDS}) + "\n",
        "a.xml": f'<?xml version="1.0"?><items><item id="1"><name>Keeper</name><words>{WORDS}</words></item></items>',
        "a.rtf": "{\\rtf1\\ansi\\deff0 {\\fonttbl{\\f0 Arial;}}\\f0 " + WORDS + "\\par}",
        "a.rst": f"Keeper\n======\n\n{WORDS}\n\n* a point\n\n.. code::\n\n   x = 1\n",
        "a.py": f'"""{WORDS}"""\n\nimport this\n\n\ndef keeper():\n    lamp = 1\n\n    return lamp\n',
    }
    made = {name: text.encode() for name, text in texts.items()}
    made |= {"a.docx": _docx(), "a.pptx": _pptx(), "a.xlsx": _xlsx(), "a.pdf": _pdf(), "a.eml": mail()}
    made |= {"a.epub": _epub(), "a.odt": _odt(), "a.ipynb": _notebook()}
    made |= {"a.tsv": f"Item\tWords\nTent\t{WORDS}\n".encode(), "scan.pdf": scanned_pdf(line(WORDS))}
    made |= {f"a.{kind}": saved(line(WORDS), kind) for kind in ("png", "jpeg")}
    made["a.zip"] = archive({"in/a.md": made["a.md"], "in/a.docx": made["a.docx"]})
    return made
