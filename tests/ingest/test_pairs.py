"""Tables and lines of properties: each value keeps the name that stands beside it, whatever format they come in."""

from __future__ import annotations

from io import BytesIO

import docx
import pytest

from memory.ingest.detect import detect
from memory.ingest.loaders import loader
from memory.ingest.parsed import Parsed, Raw

TABLE = "<table>{}</table>"
DATA = {"Capacity": "8 kg", "Noise": "65 dB", "Energy class": "A++"}
LINES = [f"{name}: {value}" for name, value in DATA.items()]


def lines(name: str, data: bytes) -> list[str]:
    raw = Raw(name, data)
    (parsed,) = loader(detect(raw))(raw)
    assert isinstance(parsed, Parsed)
    told = [parsed.text[block.start : block.end] for block in parsed.blocks]
    return [line for text in told for line in text.split("\n")]


def page(*rows: str) -> bytes:
    return f"<html><body><h1>Vega</h1><p>All about it.</p>{TABLE.format(''.join(rows))}</body></html>".encode()


def rows(mark: str) -> list[str]:
    return [f"<tr><{mark}>{name}</{mark}><td>{value}</td></tr>" for name, value in DATA.items()]


def word(table: list[tuple[str, ...]]) -> bytes:
    made = docx.Document()
    grid = made.add_table(rows=len(table), cols=len(table[0]))
    for row, texts in zip(grid.rows, table, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    out = BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.html", page(*rows("th"))),
        ("x.html", page(*rows("td"))),
        ("x.docx", word(list(DATA.items()))),
        ("x.md", "\n".join(["| | |", "|---|---|", *(f"| {a}: | {b} |" for a, b in DATA.items())]).encode()),
        ("x.md", "\n".join(f"**{a}:** {b}" for a, b in DATA.items()).encode()),
    ],
)
def test_each_value_stands_behind_its_name(name: str, data: bytes) -> None:
    assert lines(name, data)[-3:] == LINES


def test_a_first_row_of_names_is_one_still() -> None:
    head = "<tr><th>Code</th><th>Meaning</th></tr>"
    assert lines("x.html", page(head, "<tr><td>E1</td><td>Open</td></tr>"))[-1] == "Code: E1; Meaning: Open"
    corner = "<tr><th></th><th>Pro</th></tr>"
    assert lines("x.html", page(corner, "<tr><th>Users</th><td>5</td></tr>"))[-1] == "Users; Pro: 5"
    assert lines("x.docx", word([("Method", "Price"), ("Express", "9 EUR")])) == ["Method: Express; Price: 9 EUR"]
    assert lines("x.docx", word([("", "Pro", "Max"), ("Users", "5", "9")])) == ["Users; Pro: 5; Max: 9"]


def test_wrapped_prose_with_a_colon_is_one_paragraph() -> None:
    assert lines("x.md", b"Note: the shop\ncloses early: at noon.") == ["Note: the shop closes early: at noon."]
