"""CSV and TSV: each row is a record with typed fields; the first row names the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import PurePosixPath

from memory.errors import Refused
from memory.ingest.decode import decode
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import looks_headed, row_text
from memory.ingest.typed import typed_columns
from memory.records import Scalar

DELIMITERS = ",;\t|"
SAMPLE_LINES = 50
LABEL_CELLS = 3


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the table as one document, a record block per row; rows count from 1, the header left out."""
    rows = _rows(raw)
    header: list[str] = [name.strip() for name in rows.pop(0)] if looks_headed(rows) else []
    builder = TextBuilder(raw.limits.text_characters)
    columns = typed_columns(header, rows)
    for number, row in enumerate(rows):
        fields: list[tuple[str, Scalar]] = [
            (name, values[number]) for name, values in columns.items() if values[number] is not None
        ]  # type: ignore[misc]
        builder.add_record(row_text(header, row), number + 1, _label(header, row), fields)
    suffix = PurePosixPath(raw.name).suffix.casefold()
    media = "text/tab-separated-values" if suffix == ".tsv" else "text/csv"
    yield Parsed(builder.text(), tuple(builder.blocks), media)


def _rows(raw: Raw) -> list[list[str]]:
    text = decode(raw.data)
    csv.field_size_limit(raw.limits.text_characters)
    try:
        found = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
        return [row for row in found if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Refused(f"it is not a table of delimited values ({error})") from error


def _delimiter(text: str) -> str:
    """The mark that cuts the first lines into the same number of cells, at least two; a comma if none does."""
    lines = text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    best, most = ",", 0.0
    for mark in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        usual = max(set(widths), key=widths.count) if widths else 0
        score = widths.count(usual) * min(usual, 4) / max(1, len(widths)) if usual > 1 else 0.0
        if score > most:
            best, most = mark, score
    return best


def _label(header: Sequence[str], row: Sequence[str]) -> str:
    return row_text(header, row[:LABEL_CELLS]).split("\n")[0]
