"""XLSX: each sheet is a section, each row a record with typed fields; the first row that looks so names the columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from memory.errors import Refused
from memory.ingest.archive import check_office
from memory.ingest.decode import clean
from memory.ingest.parsed import Parsed, Raw, TextBuilder, scalar
from memory.ingest.rows import looks_headed, row_text
from memory.ingest.typed import MAX_FIELDS, MAX_VALUE
from memory.records import Scalar

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_COLUMNS = 1_000
LABEL_CELLS = 3
_ERRORS = (InvalidFileException, BadZipFile, KeyError, ValueError, TypeError, SyntaxError, AttributeError, IndexError)


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the workbook as one document; rows count from 1 as the program that made it shows them."""
    check_office(raw.data, raw.limits)
    builder = TextBuilder(raw.limits.text_characters)
    try:
        with warnings.catch_warnings(action="ignore"):  # of extensions that do not hold text
            book: Any = openpyxl.load_workbook(BytesIO(raw.data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                _sheet(builder, sheet)
            title = clean(book.properties.title or "").strip()
    except _ERRORS as error:
        raise Refused(f"it is not a readable XLSX ({error})") from error
    yield Parsed(builder.text(), tuple(builder.blocks), MEDIA_TYPE, title)


def _sheet(builder: TextBuilder, sheet: Any) -> None:
    sheet.reset_dimensions()  # what a file declares may be a million empty rows
    builder.add_heading(clean(sheet.title), 1)
    header: list[str] | None = None
    waiting: tuple[int, list[Any]] | None = None
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        row = list(values)
        if not any(value not in (None, "") for value in row):
            continue
        if len(row) > MAX_COLUMNS:
            raise Refused(f"a sheet has more than {MAX_COLUMNS:,} columns")
        if header is not None:
            _record(builder, header, row, number)
        elif waiting is None:
            waiting = number, row
        else:
            header = _header(builder, waiting, row)
            _record(builder, header, row, number)
    if header is None and waiting is not None:
        _record(builder, [], waiting[1], waiting[0])


def _header(builder: TextBuilder, first: tuple[int, list[Any]], second: list[Any]) -> list[str]:
    number, row = first
    names = [_text(value) for value in row]
    filled = [name for name in names if name]
    if looks_headed([filled, [_text(value) for value in second]]):
        return names
    _record(builder, [], row, number)
    return []


def _record(builder: TextBuilder, header: Sequence[str], row: Sequence[Any], number: int) -> None:
    cells = [_text(value) for value in row]
    fields: list[tuple[str, Scalar]] = []
    for name, value in list(zip(header, row, strict=False))[:MAX_FIELDS]:
        kept = scalar(value if isinstance(value, bool | int | float) else _text(value))
        if name and kept not in (None, "") and len(str(kept)) <= MAX_VALUE:
            fields.append((name, kept))  # type: ignore[arg-type] None is left out
    label = row_text(header, cells[:LABEL_CELLS]).split("\n")[0]
    builder.add_record(row_text(header, cells), number, label, fields)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.12g}"
    return " ".join(clean(str(value)).split())
