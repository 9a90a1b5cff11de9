"""Reads the files of question sets line by line: JSON Lines, relevance files, and what a row says of its answer."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


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

    Columns are separated by tabs, or by blanks where there is no tab; TREC's second column of four is ignored. A first
    line without a grade is a header, unless it begins with the id of a query.

    Raises:
        InvalidSet: a line is otherwise, or its grade is no number.
    """
    places = (folder / "qrels.tsv", folder / "qrels" / "test.tsv", *sorted((folder / "qrels").glob("*.tsv")))
    path = next((path for path in places if path.is_file()), None)
    return list(_graded(path, queries)) if path else []


def _graded(path: Path, queries: Collection[str]) -> Iterator[tuple[str, str, float]]:
    for place, (number, line) in enumerate(numbered_lines(path)):
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
        found = _grade(cells)
        if found is not None:
            yield found
        elif place > 0 or len(cells) < 3 or cells[0] in queries:
            raise InvalidSet(f"{path}, line {number}: it is not query, document and a finite number, separated by tabs")


def _grade(cells: Sequence[str]) -> tuple[str, str, float] | None:
    """Query, document and grade of a line, also with TREC's iteration between them; None where it is otherwise."""
    for document, grade in ((2, 3), (1, 2)):
        if len(cells) > grade and (value := _number(cells[grade])) is not None:
            return cells[0], cells[document], value
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def listed(value: Any) -> list[Any]:
    """Return a field that holds one thing or a list of them as a list."""
    if isinstance(value, list | tuple):
        return list(cast("Sequence[Any]", value))
    return [value] if value else []


def gold_answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The gold answers of a row: texts, or as SQuAD writes them objects with a `text`, or one with a list of them."""
    given = listed(row.get("all_answers") or row.get("answers") or row.get("answer"))
    texts = [text for one in given for text in listed(cast("Any", one).get("text") if isinstance(one, dict) else one)]
    return tuple(dict.fromkeys(str(text) for text in texts))


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
