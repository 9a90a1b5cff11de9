"""Reads question sets: the BEIR layout, a folder of documents with a questions file, a file that brings its passages.

docs/evals.md describes the three. Nothing here knows any set by name: what a set holds, its files say.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from evals.beir import draw
from evals.turns import Asked, Said, asked_in
from memory.ids import digest

CORPUS, QUERIES, QUESTIONS = "corpus.jsonl", "queries.jsonl", "questions.jsonl"


class InvalidSet(ValueError):
    """Data is not as docs/evals.md says; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what is known about its answer.

    gains: name of each document that answers it -> grade above 0. answers: gold answers. answerable: None where
    nobody said. before: what was said before it. thread: questions of one conversation share it; "" is none.
    row: the object it was read from.
    """

    id: str
    text: str
    gains: Mapping[str, float] = field(default_factory=dict[str, float])
    answers: tuple[str, ...] = ()
    answerable: bool | None = None
    before: tuple[Said, ...] = ()
    thread: str = ""
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class EvalSet:
    """Questions and the documents they are asked of.

    paths: files and folders to ingest. passages: (name, title, text) of documents that the questions file brought.
    name_of: a document's source -> the name that gains use.
    """

    questions: tuple[Question, ...]
    paths: tuple[Path, ...]
    name_of: Callable[[str], str]
    passages: tuple[tuple[str, str, str], ...] = ()

    @property
    def mark(self) -> str:
        """A digest of the documents, by name, size and time of change; another one means other documents."""
        files = [file for path in self.paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
        stats = ((str(file), file.stat()) for file in files if file.is_file())
        told = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
        return digest(*told, *(part for passage in self.passages for part in passage))

    def drawn(self, limit: int, seed: int) -> EvalSet:
        """The set with a random sample of its questions, whole conversations at a time; limit 0 keeps all."""
        threads = list(dict.fromkeys(one.thread or one.id for one in self.questions))
        if not limit or limit >= len(threads):
            return self
        kept = set(draw(threads, limit, seed)[0])
        return replace(self, questions=tuple(one for one in self.questions if (one.thread or one.id) in kept))


def load_set(data: Path, questions: Path | None = None) -> EvalSet:
    """Read a set in whichever layout it is.

    Raises:
        InvalidSet: a file is missing, or not as documented.
    """
    if data.is_file():
        return _with_passages(data)
    if (data / CORPUS).is_file() and questions is None:
        return _beir(data)
    return _folder(data, questions or data / QUESTIONS)


def _beir(folder: Path) -> EvalSet:
    names = _canonical(rows_of(folder / CORPUS))
    gains: dict[str, dict[str, float]] = {}
    for query, document, grade in _grades(folder):
        if grade > 0:
            gains.setdefault(query, {})[names.get(document, document)] = grade
    found = [one for row in rows_of(folder / QUERIES) for one in _questions(row)]
    asked = tuple(replace(one, gains=gains.get(one.id) or _own_gains(one, names)) for one in found)
    mark = f"{CORPUS}#"

    def name_of(source: str) -> str:
        name = source.partition(mark)[2]
        return names.get(name, name)

    return EvalSet(asked, (folder / CORPUS,), name_of)


def _canonical(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name of each document -> the first with the same words: a store keeps them once."""
    first: dict[tuple[str, str], str] = {}
    return {_id(row): first.setdefault((str(row.get("title", "")), str(row.get("text", ""))), _id(row)) for row in rows}


def _grades(folder: Path) -> list[tuple[str, str, float]]:
    """The rows of the relevance file, header left out; none if there is no file."""
    places = (folder / "qrels.tsv", folder / "qrels" / "test.tsv", *sorted((folder / "qrels").glob("*.tsv")))
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    body = rows[1:] if rows and not _is_number(rows[0][-1]) else rows
    try:
        return [(row[0], row[-2], float(row[-1])) for row in body]
    except (ValueError, IndexError) as error:
        raise InvalidSet(f"{path}: a line is not query, document, grade: {error}") from error


def _folder(folder: Path, questions: Path) -> EvalSet:
    if not questions.is_file():
        raise InvalidSet(f"{folder} holds neither {CORPUS} with {QUERIES} nor {questions.name}; --questions names one")
    inside = folder / "documents"
    left_out = questions.resolve()
    paths = [inside] if inside.is_dir() else [path for path in sorted(folder.iterdir()) if path.resolve() != left_out]
    asked = [one for row in rows_of(questions) for one in _questions(row)]
    gold = {name for one in asked for name in _own_gains(one, {})}

    def name_of(source: str) -> str:
        """The gold name that a source is, as a whole or as its file; else the source."""
        file = source.partition("#")[0]
        for candidate in (source, file):
            if found := next((name for name in gold if f"/{candidate}".endswith(f"/{name}")), ""):
                return found
        return file

    return EvalSet(tuple(replace(one, gains=_own_gains(one, {})) for one in asked), tuple(paths), name_of)


def _with_passages(path: Path) -> EvalSet:
    passages: dict[str, tuple[str, str, str]] = {}
    asked: list[Question] = []
    for row in rows_of(path):
        gains: dict[str, float] = {}
        for context in cast("list[Any]", row.get("contexts") or row.get("passages") or []):
            title, text = _titled(context)
            name = digest(title, text)
            passages[name] = (name, title, text)
            gains[name] = 1.0
        asked += [replace(one, gains=gains if one.answerable is not False else {}) for one in _questions(row)]
    if not passages:
        raise InvalidSet(
            f"{path}: no row has `contexts`; a folder of documents is given as --data DIR --questions FILE"
        )
    return EvalSet(tuple(asked), (), lambda source: source.partition("#")[2], tuple(passages.values()))


def _titled(context: Any) -> tuple[str, str]:
    if isinstance(context, dict):
        fields = cast("dict[str, Any]", context)
        return str(fields.get("title", "")), str(fields.get("text", ""))
    return "", str(context)


def _questions(row: Mapping[str, Any]) -> list[Question]:
    """The questions of a row: one, or one for each scored turn of a conversation."""
    found = asked_in(row)
    name = str(row.get("id", row.get("_id", ""))) or digest(*(one.text for one in found))
    if len(found) == 1:
        return [_question(name, "", row, found[0])]
    return [_question(f"{name}/{place}", name, {**row, **one.row}, one) for place, one in enumerate(found, 1)]


def _question(name: str, thread: str, row: Mapping[str, Any], asked: Asked) -> Question:
    answers = row.get("all_answers") or row.get("answers") or row.get("answer") or ()
    listed = [answers] if isinstance(answers, str) else cast("list[Any]", answers)
    answerable = row.get("answerable")
    return Question(
        id=name,
        text=asked.text,
        answers=tuple(str(answer) for answer in listed),
        answerable=None if answerable is None else bool(answerable),
        before=asked.before,
        thread=thread,
        row=row,
    )


def _own_gains(question: Question, names: Mapping[str, str]) -> dict[str, float]:
    """Documents that a question itself names: `source_doc`, `source` or `sources`."""
    if question.answerable is False:
        return {}
    row = question.row
    given = row.get("source_doc") or row.get("sources") or row.get("source") or ()
    listed = [given] if isinstance(given, str) else cast("list[Any]", given)
    return {names.get(str(name), str(name)): 1.0 for name in listed}


def rows_of(path: Path, needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file. needed: fields that each of them must have.

    Raises:
        InvalidSet: it is not there or not in UTF-8, or a line is no JSON object, or lacks a field.
    """
    if not path.is_file():
        raise InvalidSet(f"{path} is not there")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidSet(f"{path} is not in UTF-8: {error}") from error
    return [_object(path, number, line, needed) for number, line in enumerate(lines, 1) if line.strip()]


def _object(path: Path, number: int, line: str, needed: Sequence[str]) -> dict[str, Any]:
    try:
        row: object = json.loads(line)
    except ValueError as error:
        raise InvalidSet(f"{path}, line {number}: {error}") from error
    if not isinstance(row, dict):
        raise InvalidSet(f"{path}, line {number}: it is not an object")
    if lacking := [name for name in needed if name not in row]:
        raise InvalidSet(f"{path}, line {number}: there is no {lacking[0]!r}")
    return cast("dict[str, Any]", row)


def _id(row: Mapping[str, Any]) -> str:
    return str(row.get("id", row.get("_id", "")))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
