"""Reads question sets: the BEIR layout, a folder of documents with a questions file, a file that brings its passages.

docs/evals.md describes the three. Nothing here knows any set by name: what a set holds, its files say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from api.asked import MAX_SAID
from api.terminal import note
from evals.beir import draw
from evals.rows import InvalidSet, answerable_of, gold_answers, grades_of, is_left_empty, listed, numbered_rows
from evals.turns import GOLD, Asked, Said, asked_in
from memory.ids import digest
from memory.ingest.loaders.jsonl import key_of

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
    gains: dict[str, dict[str, float]] = {}
    found = _read_questions(folder / QUERIES)
    graded = grades_of(folder, {one.id for one in found})
    names = _canonical(_documents(folder / CORPUS, are_graded=bool(graded)))
    for query, document, grade in graded:
        name = names.get(document, document)
        if grade > gains.get(query, {}).get(name, 0.0):
            gains.setdefault(query, {})[name] = grade
    asked = tuple(
        replace(one, gains=gains.get(one.id) or _own_gains(one, names, is_known_only=bool(graded))) for one in found
    )
    mark = f"{CORPUS}#"

    def name_of(source: str) -> str:
        name = source.partition(mark)[2].strip()
        return names.get(name, name)

    return EvalSet(asked, (folder / CORPUS,), name_of)


def _documents(path: Path, *, are_graded: bool) -> dict[str, Mapping[str, Any]]:
    """The documents of a corpus by their ids; by the number of their line where they have none, as ingestion does.

    Raises:
        InvalidSet: there is a relevance file, and it could not name one of them.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for number, row in numbered_rows(path):
        name = key_of(row).strip()
        if not name and are_graded:
            raise InvalidSet(f"{path}, line {number}: it has no `id`, a text or an integer")
        found.setdefault(name or str(number), row)
    return found


def _canonical(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name of each document -> the first with the same words: a store keeps them once."""
    first: dict[tuple[str, str], str] = {}
    said = {name: (str(row.get("title", "")), str(row.get("text", ""))) for name, row in rows.items()}
    return {name: first.setdefault(words, name) for name, words in said.items()}


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
            fitting = [name for name in gold if f"/{candidate}".endswith(f"/{name}")]
            if found := max(fitting, key=len, default=""):
                return found
        return file

    return EvalSet(tuple(replace(one, gains=_own_gains(one, {})) for one in asked), tuple(paths), name_of)


def _with_passages(path: Path) -> EvalSet:
    passages: dict[str, tuple[str, str, str]] = {}
    asked: list[Question] = []
    for one in _read_questions(path):
        brought = one.row.get("contexts") or one.row.get("passages") or ()
        given = [_Brought.of(context, f"{path}, question {one.id!r}") for context in listed(brought)]
        kept = [context for context in given if context.title or context.text]
        passages |= {context.name: (context.name, context.title, context.text) for context in kept}
        if one.answerable is None and is_left_empty(one.row):
            one = replace(one, answerable=False)
        asked.append(replace(one, gains={context.name: 1.0 for context in _answering(one, kept)}))
    if not passages:
        raise InvalidSet(
            f"{path}: no row has `contexts`; a folder of documents is given as --data DIR --questions FILE"
        )
    return EvalSet(tuple(asked), (), lambda source: source.partition("#")[2], tuple(passages.values()))


class _Brought(NamedTuple):
    """A context that a question brought; key: what the row calls it."""

    title: str
    text: str
    key: str = ""

    @property
    def name(self) -> str:
        return digest(self.title, self.text)

    @classmethod
    def of(cls, context: Any, place: str) -> _Brought:
        """Read one; InvalidSet if it is an object without a text."""
        if not isinstance(context, dict):
            return cls("", str(context or "").strip())
        fields = cast("dict[str, Any]", context)
        if "text" not in fields:
            raise InvalidSet(f"{place}: one of its `contexts` is an object without `text`")
        return cls(str(fields.get("title") or "").strip(), str(fields["text"] or "").strip(), key_of(fields))


def _answering(question: Question, given: Sequence[_Brought]) -> Sequence[_Brought]:
    """The contexts that answer a question: those that its sources name by id or title, all where they name none."""
    if question.answerable is False:
        return ()
    named = set(_own_gains(question, {}))
    return [context for context in given if {context.key, context.title} & named] or given


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
    name = digest(repr(sorted(row.items()))) if given in (None, "") else str(given).strip()
    if len(found) == 1:
        return [_question(name, "", _joined(row, found[0].row), found[0], place)]
    return [_question(f"{name}/{turn}", name, _joined(row, one.row), one, place) for turn, one in enumerate(found, 1)]


def _joined(row: Mapping[str, Any], turn: Mapping[str, Any]) -> dict[str, Any]:
    """A row with a turn's own fields; the gold of the row is no turn's that has gold of its own."""
    left = {name: value for name, value in row.items() if not turn or name not in {*GOLD, "answer"}}
    return {**left, **turn}


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


def _own_gains(question: Question, names: Mapping[str, str], *, is_known_only: bool = False) -> dict[str, float]:
    """Documents that a question itself names: `source_doc`, `source` or `sources`.

    is_known_only: leave out what is no document of the set; beside a relevance file such a field may say anything.
    """
    if question.answerable is False:
        return {}
    row = question.row
    given = row.get("source_doc") or row.get("sources") or row.get("source") or ()
    told = [str(name) for name in listed(given)]
    return {names.get(name, name): 1.0 for name in told if name in names or not is_known_only}
