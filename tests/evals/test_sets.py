"""What question sets may look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.sets import InvalidSet, load_set
from evals.turns import Said, asked_in


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def beir(folder: Path, grades: str, place: str = "qrels.tsv") -> Path:
    write(folder / "corpus.jsonl", {"_id": "a", "title": "T", "text": "one"}, {"_id": "b", "text": "two"})
    write(folder / "queries.jsonl", {"_id": "q1", "text": "which  one?"}, {"_id": "q2", "text": "and two?"})
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text(grades, encoding="utf-8")
    return folder


@pytest.mark.parametrize("place", ["qrels.tsv", "qrels/test.tsv"])
@pytest.mark.parametrize("header", ["query-id\tcorpus-id\tscore\n", ""])
def test_the_beir_layout_is_read_with_and_without_a_header(tmp_path: Path, place: str, header: str):
    found = load_set(beir(tmp_path, f"{header}q1\ta\t2\nq1\tb\t0\n", place))
    assert [(one.id, one.text, dict(one.gains)) for one in found.questions] == [
        ("q1", "which one?", {"a": 2.0}),
        ("q2", "and two?", {}),
    ]
    assert found.name_of("some/corpus.jsonl#b") == "b"


def test_documents_with_the_same_words_are_one(tmp_path: Path):
    folder = beir(tmp_path, "q1\ttwin\t1\n")
    with (folder / "corpus.jsonl").open("a", encoding="utf-8") as rows:
        rows.write('{"_id": "twin", "title": "T", "text": "one"}\n')
    found = load_set(folder)
    assert dict(found.questions[0].gains) == {"a": 1.0}
    assert found.name_of("corpus.jsonl#twin") == "a"


def test_a_folder_of_documents_has_its_questions_beside_them(tmp_path: Path):
    (tmp_path / "lease.md").write_text("The lease ends in May.", encoding="utf-8")
    write(
        tmp_path / "questions.jsonl",
        {"question": "When does the lease end?", "answer": "May", "source": "lease.md"},
        {"question": "Who owns the moon?", "answer": "", "source": "", "answerable": False},
    )
    found = load_set(tmp_path)
    assert [path.name for path in found.paths] == ["lease.md"]
    assert found.questions[0].answers == ("May",)
    assert dict(found.questions[0].gains) == {found.name_of("any/where/lease.md"): 1.0}
    assert (found.questions[1].answerable, dict(found.questions[1].gains)) == (False, {})


def test_a_file_may_bring_its_passages(tmp_path: Path):
    row = {"text": "When?", "answers": ["May"], "contexts": ["It ends in May.", {"title": "T", "text": "Else."}]}
    found = load_set(write(tmp_path / "rows.jsonl", row, {**row, "answerable": False}))
    assert [(title, text) for _, title, text in found.passages] == [("", "It ends in May."), ("T", "Else.")]
    assert [len(one.gains) for one in found.questions] == [2, 0]


@pytest.mark.parametrize(
    "turns",
    [
        ["Who wrote it?", "Ann.", "When?"],
        [{"speaker": "user", "text": "Who wrote it?"}, {"speaker": "agent", "text": "Ann."}, {"text": "When?"}],
        [{"question": "Who wrote it?", "answer": "Ann."}, {"question": "When?"}],
    ],
)
def test_the_last_turn_of_the_user_is_asked_after_what_was_said(turns: list[object]):
    assert [(one.text, one.before) for one in asked_in({"turns": turns})] == [
        ("When?", (Said("user", "Who wrote it?"), Said("assistant", "Ann.")))
    ]


def test_turns_with_gold_of_their_own_are_asked_one_after_the_other(tmp_path: Path):
    turns = [{"text": "Who?", "answers": ["Ann"]}, {"text": "When?", "answers": ["May"], "answerable": True}]
    found = load_set(write(tmp_path / "rows.jsonl", {"id": "c", "turns": turns, "contexts": ["Ann wrote it in May."]}))
    assert [(one.id, one.thread, one.answers) for one in found.questions] == [
        ("c/1", "c", ("Ann",)),
        ("c/2", "c", ("May",)),
    ]
    assert len(found.drawn(1, seed=0).questions) == 2


def test_what_is_said_between_turns_with_gold_is_heard_and_gold_of_the_row_is_no_turns():
    turns = [
        {"role": "user", "text": "Hello."},
        {"role": "assistant", "text": "Good day."},
        {"role": "user", "text": "Who?", "answerable": True},
        {"role": "assistant", "text": "what the data answers"},
        {"role": "user", "text": "Thanks."},
        {"role": "user", "text": "When?", "answers": ["May"]},
    ]
    assert [(one.text, [text for _, text in one.before]) for one in asked_in({"turns": turns})] == [
        ("Who?", ["Hello.", "Good day."]),
        ("When?", ["Thanks."]),
    ]


def test_gold_of_a_row_is_no_gold_of_a_turn_that_has_its_own(tmp_path: Path):
    turns = [{"text": "Who?", "answerable": True}, {"text": "When?", "answers": ["May"]}]
    row = {"id": "c", "answers": ["Bremen"], "turns": turns, "contexts": ["Ann wrote it in May."]}
    found = load_set(write(tmp_path / "rows.jsonl", row)).questions
    assert [one.answers for one in found] == [(), ("May",)]


@pytest.mark.parametrize("line", ["{", "[]", '"text"'])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str):
    path = tmp_path / "rows.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InvalidSet, match="line 1"):
        load_set(path)


def test_a_folder_without_questions_says_how_to_name_them(tmp_path: Path):
    with pytest.raises(InvalidSet, match="--questions"):
        load_set(tmp_path)
