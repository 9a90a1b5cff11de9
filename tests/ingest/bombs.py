"""Files that are small to send and dear to read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from tests.ingest.made import archive, formats
from tests.ingest.scans import saved


def replaced(name: str, part: str, change: Callable[[bytes], bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(formats()[name])) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        assert part in source.namelist()
        for entry in source.infolist():
            data = source.read(entry)
            target.writestr(entry.filename, change(data) if entry.filename == part else data)
    return out.getvalue()


LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]>"
)


def swollen(data: bytes) -> bytes:
    return data + b" " * 300_000_000


def laughing(data: bytes) -> bytes:
    """XML that starts with entities that double each other, and uses them."""
    head, mark, rest = data.partition(b"?>")
    body = rest if mark else data
    inside = body.index(b">", body.index(b"<w:t") if b"<w:t" in body else 0) + 1
    return (head + mark if mark else b"") + LAUGHS + body[:inside] + b"&a11;" + body[inside:]


def stacked_pdf(levels: int = 3, size: int = 300_000_000) -> bytes:
    """A page whose content is packed several times over."""
    data = bytes(0)
    packer = zlib.compressobj(9)
    block = b"BT /F1 12 Tf (x) Tj ET\n" * 40_000
    data = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    for _ in range(levels - 1):
        data = zlib.compress(data, 9)
    filters = b"/FlateDecode " * levels
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter [%s] >>\nstream\n%s\nendstream" % (len(data), filters, data),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = b"%PDF-1.7\n"
    places: list[int] = []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)


def rows_far_down() -> bytes:
    """A sheet of two cells in the first and the last possible place, repeated."""
    row = '<row r="{0}"><c r="XFD{0}" t="inlineStr"><is><t>x</t></is></c></row>'
    rows = "".join(row.format(number) for number in range(1_000, 1_040_000, 200))
    start = b"<sheetData>"
    return replaced(
        "a.xlsx", "xl/worksheets/sheet1.xml", lambda data: data.replace(start, start + b"", 1).replace(
            b"</sheetData>", rows.encode() + b"</sheetData>"
        ),
    )  # fmt: skip


DEEP = 200_000
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip bomb in docx": (
        "a.docx",
        lambda: replaced("a.docx", "word/document.xml", swollen),
    ),
    "high ratio zip": ("a.zip", lambda: archive({"a.txt": b"a" * 100_000_000})),
    "laughs in docx": ("a.docx", lambda: replaced("a.docx", "word/document.xml", laughing)),
    "laughs in xml": ("a.xml", lambda: LAUGHS + b"<a>&a11;</a>"),
    "laughs in xlsx": ("a.xlsx", lambda: replaced("a.xlsx", "xl/worksheets/sheet1.xml", laughing)),
    "deep json": ("a.json", lambda: b"[" * DEEP + b"]" * DEEP),
    "deep json objects": ("a.json", lambda: b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "deep xml": ("a.xml", lambda: b"<a>" * DEEP + b"</a>" * DEEP),
    "deep html": ("a.html", lambda: b"<div>" * DEEP + b"x" + b"</div>" * DEEP),
    "deep markdown": ("a.md", lambda: b"> " * DEEP + b"x\n"),
    "deep rtf": ("a.rtf", lambda: b"{\\rtf1" + b"{" * DEEP + b"x" + b"}" * DEEP + b"}"),
    "one csv line": ("a.csv", lambda: b"a," * 20_000_000),
    "one csv quote": ("a.csv", lambda: b'a,"' + b"x,\n" * 8_000_000),
    "markdown brackets": ("a.md", lambda: b"[" * 100_000 + b"a" + b"](" * 50_000),
    "markdown stars": ("a.md", lambda: b"*a **b " * 60_000),
    "markdown comments": ("a.md", lambda: b"<!-- <a " * 100_000),
    "stacked pdf": ("a.pdf", stacked_pdf),
    "pixels in png": ("a.png", lambda: saved(Image.new("1", (16_000, 16_000)), "PNG")),
    "pixels in tiff": ("a.tiff", lambda: saved(Image.new("1", (40_000, 40_000)), "TIFF", compression="group4")),
    "rst tables": ("a.rst", lambda: b"+--+\n" * 40_000),
    "sheet far down": ("a.xlsx", rows_far_down),
    "mail parts": (
        "a.eml",
        lambda: b"From: a\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    ),
}
