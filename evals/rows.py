"""Reads the files of question sets line by line: JSON Lines, relevance files, and what a row says of its answer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

_TRUTH = {
    **dict.fromkeys(("true", "yes", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "0", "0.0"), False),
}
MOST = 100
"""The highest grade there is: gains grow as two to its power."""
_COLUMNS = (
    re.compile(r"quer(?:y|ies)|q_?id|topic", re.I),
    re.compile(r"corpus|doc|passage|p_?id", re.I),
    re.compile(r"score|rel|grade|label|judg", re.I),
)
"""How headers name query, document and grade, from the beginning of the cell."""
ANSWERS = ("all_answers", "answers", "answer")
"""Fields with gold answers; the first that has any counts."""


class InvalidSet(ValueError):
    """Data is not as docs/evals.md says; the message names file and line."""


def rows_of(path: Path, needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file. needed: fields that each of them must have.

    Raises:
        InvalidSet: it is not there or not in UTF-8, or a line is no JSON object, or lacks a field.
    """
    return [row for _, row in numbered_rows(path, needed)]


def numbered_rows(path: Path, needed: Sequence[str] = ()) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects of a JSON Lines file with the number of their line, from 1.

    Raises:
        InvalidSet: as for `rows_of`.
    """
    return [(number, _object(path, number, line, needed)) for number, line in numbered_lines(path)]


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a text file that are not blank, with their numbers; a byte order mark is no part of it.

    Raises:
        InvalidSet: it is not there, or not in UTF-8.
    """
    if not path.is_file():
        raise InvalidSet(f"{path} is not there")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise InvalidSet(f"{path}, line {line}: it is not in UTF-8; save the file as UTF-8") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _object(path: Path, number: int, line: str, needed: Sequence[str]) -> dict[str, Any]:
    try:
        row: object = json.loads(line)
    except ValueError as error:
        whole = " The file must have one object a line." if line.strip() in ("[", "{") else ""
        raise InvalidSet(f"{path}, line {number}: it is not JSON: {error}.{whole}") from error
    if not isinstance(row, dict):
        raise InvalidSet(f"{path}, line {number}: it is not an object; the file must have one object a line")
    if lacking := [name for name in needed if name not in row]:
        raise InvalidSet(f"{path}, line {number}: there is no {lacking[0]!r}")
    return cast("dict[str, Any]", row)


def grades_of(folder: Path, queries: Collection[str]) -> list[tuple[str, str, float]]:
    """Return (query, document, grade) of a BEIR folder's relevance file, header left out; none where there is no file.

    Columns are separated by tabs, or by blanks where there is no tab. A first line without a grade is a header, unless
    it begins with the id of a query; it tells the columns by their names. Without names for all three they are query,
    document and grade, or as TREC has them, with an iteration of 0 or Q0 between the first two in every line.

    Raises:
        InvalidSet: a line is otherwise, or its grade is no number.
    """
    places = (folder / "qrels.tsv", folder / "qrels" / "test.tsv", *sorted((folder / "qrels").glob("*.tsv")))
    path = next((path for path in places if path.is_file()), None)
    return list(_graded(path, queries)) if path else []


def _graded(path: Path, queries: Collection[str]) -> Iterator[tuple[str, str, float]]:
    lines = [(number, _cells(line)) for number, line in numbered_lines(path)]
    named: Sequence[int] = ()
    if lines and _is_header(lines[0][1], queries):
        named = _named_columns(lines.pop(0)[1])
    is_trec = all(len(cells) > 3 and cells[1].upper() in ("0", "Q0") for _, cells in lines)
    query, document, grade = named or ((0, 2, 3) if is_trec else (0, 1, 2))
    for number, cells in lines:
        value = _number(cells[grade]) if len(cells) > max(query, document, grade) else None
        if value is None:
            raise InvalidSet(
                f"{path}, line {number}: it is not query, document and a number up to {MOST}, separated by tabs"
            )
        yield cells[query], cells[document], value


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()


def _is_header(cells: Sequence[str], queries: Collection[str]) -> bool:
    return len(cells) >= 3 and cells[0] not in queries and not any(_number(cell) is not None for cell in cells[2:4])


def _named_columns(cells: Sequence[str]) -> tuple[int, ...]:
    """Where a header has query, document and grade; () unless it names each of them once."""
    found = [[at for at, cell in enumerate(cells) if name.match(cell)] for name in _COLUMNS]
    return tuple(places[0] for places in found) if all(len(places) == 1 for places in found) else ()


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value <= MOST else None


def listed(value: Any) -> list[Any]:
    """Return a field that holds one thing or a list of them as a list."""
    if isinstance(value, list | tuple):
        return list(cast("Sequence[Any]", value))
    return [] if value in (None, "", {}) else [value]


def gold_answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The gold answers of a row: texts, or as SQuAD writes them objects with a `text`, or one with a list of them."""
    none: list[Any] = []
    given = next((found for name in ANSWERS if (found := listed(row.get(name)))), none)
    texts = [text for one in given for text in listed(cast("Any", one).get("text") if isinstance(one, dict) else one)]
    return tuple(dict.fromkeys(_told(text) for text in texts if text not in (None, "")))


def _told(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def is_left_empty(row: Mapping[str, Any]) -> bool:
    """Whether a row has a place for gold answers and none in it, as SQuAD 2.0 writes what cannot be answered."""
    places = [row[name] for name in ANSWERS if isinstance(row.get(name), list | dict)]
    return bool(places) and not gold_answers(row)


def answerable_of(row: Mapping[str, Any], place: str) -> bool | None:
    """Whether the documents answer a row's question; None where nobody said. place: of the row, for errors.

    `is_impossible`, as SQuAD 2.0 has it, says the opposite of `answerable`.

    Raises:
        InvalidSet: it says neither true nor false.
    """
    for name, is_opposite in (("answerable", False), ("is_impossible", True)):
        if (given := row.get(name)) is not None:
            known = _TRUTH.get(str(given).strip().casefold())
            if known is None:
                raise InvalidSet(f"{place}: {name!r} is {given!r}; it must be true or false")
            return known != is_opposite
    return None
