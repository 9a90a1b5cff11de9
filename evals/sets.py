"""Reads question sets: the BEIR layout, a folder of documents with a questions file, a file that brings its passages.

docs/evals.md describes the three. Nothing here knows any set by name: what a set holds, its files say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from api.asked import MAX_SAID
from api.terminal import note
from evals.beir import draw
from evals.rows import InvalidSet, answerable_of, gold_answers, grades_of, listed, numbered_rows, rows_of
from evals.turns import Asked, Said, asked_in
from memory.ids import digest

CORPUS, QUERIES, QUESTIONS = "corpus.jsonl", "queries.jsonl", "questions.jsonl"


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
    found = _read_questions(folder / QUERIES)
    for query, document, grade in grades_of(folder, {one.id for one in found}):
        if grade > 0:
            gains.setdefault(query, {})[names.get(document, document)] = grade
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


def _folder(folder: Path, questions: Path) -> EvalSet:
    if not questions.is_file():
        raise InvalidSet(f"{folder} holds neither {CORPUS} with {QUERIES} nor {questions.name}; --questions names one")
    inside = folder / "documents"
    left_out = questions.resolve()
    paths = [inside] if inside.is_dir() else [path for path in sorted(folder.iterdir()) if path.resolve() != left_out]
    asked = _read_questions(questions)
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
    for one in _read_questions(path):
        brought = one.row.get("contexts") or one.row.get("passages") or ()
        titled = [_titled(context) for context in listed(brought)]
        gains = {digest(*parts): 1.0 for parts in titled if any(parts)}
        passages |= {digest(*parts): (digest(*parts), *parts) for parts in titled if any(parts)}
        asked.append(replace(one, gains=gains if one.answerable is not False else {}))
    if not passages:
        raise InvalidSet(
            f"{path}: no row has `contexts`; a folder of documents is given as --data DIR --questions FILE"
        )
    return EvalSet(tuple(asked), (), lambda source: source.partition("#")[2], tuple(passages.values()))


def _titled(context: Any) -> tuple[str, str]:
    if isinstance(context, dict):
        fields = cast("dict[str, Any]", context)
        return str(fields.get("title") or ""), str(fields.get("text") or "")
    return "", str(context or "")


def _read_questions(path: Path) -> list[Question]:
    """The questions of a file, in its order; a row with the id of an earlier one is left out, and named.

    Raises:
        InvalidSet: a row asks nothing.
    """
    found: list[Question] = []
    known: set[str] = set()
    for number, row in numbered_rows(path):
        place = f"{path}, line {number}"
        asked = _questions(row, place)
        names = {one.id for one in asked}
        if known & names:
            note(f"left out: {place}: the id {min(known & names)!r} was used before in this file")
            continue
        known |= names
        found += asked
    return found


def _questions(row: Mapping[str, Any], place: str) -> list[Question]:
    """The questions of a row: one, or one for each scored turn of a conversation. place: of the row, for errors."""
    found = asked_in(row)
    if not all(one.text for one in found):
        raise InvalidSet(f"{place}: it asks nothing: it has no `text`, no `question` and no turn of a user with a text")
    given = row.get("id", row.get("_id"))
    name = digest(repr(sorted(row.items()))) if given in (None, "") else str(given)
    if len(found) == 1:
        return [_question(name, "", {**row, **found[0].row}, found[0], place)]
    return [_question(f"{name}/{turn}", name, {**row, **one.row}, one, place) for turn, one in enumerate(found, 1)]


def _question(name: str, thread: str, row: Mapping[str, Any], asked: Asked, place: str) -> Question:
    return Question(
        id=name,
        text=asked.text[:MAX_SAID],
        answers=gold_answers(row),
        answerable=answerable_of(row, place),
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
    return {names.get(str(name), str(name)): 1.0 for name in listed(given)}


def _id(row: Mapping[str, Any]) -> str:
    return str(row.get("id", row.get("_id", "")))
