"""Sets as people really have them: other line ends, numbers for ids, columns too many, rows that say nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals import statistics
from evals.__main__ import app, main
from evals.card import InvalidRow, load_rated
from evals.rows import InvalidSet, answerable_of, gold_answers, rows_of
from evals.sets import load_set
from tests.evals.test_sets import beir, write

RATED: Mapping[str, Any] = {
    "input": [{"speaker": "user", "text": "When?"}],
    "contexts": ["It ends in May."],
    "response": "In May.",
    "human": {"faithfulness": {"a": 4, "b": 3}},
}


@pytest.mark.parametrize(
    "grades",
    [
        "query-id\tcorpus-id\tscore\r\nq1\ta\t2\r\n\r\n",
        "\ufeffq1\ta\t2\n",
        "q1 a 2\n",
        "q1 0 a 2\n",
        "q1\tQ0\ta\t2\n",
        "qid\tdocument\trelevance\tnote\nq1\ta\t2\tchecked twice\n",
        "query-id\tcorpus-id\tscore\tannotators\nq1\ta\t2\t3\n",
        "corpus-id\tquery-id\tscore\na\tq1\t2\n",
        "q1\ta\t2\t3\n",
        "q1\ta\t1\nq1\ta\t2\nq1\ta\t0\n",
    ],
)
def test_relevance_files_are_read_as_people_write_them(tmp_path: Path, grades: str):
    assert dict(load_set(beir(tmp_path, grades)).questions[0].gains) == {"a": 2.0}


@pytest.mark.parametrize(
    "line", ["q1,a,2", "q1\ta\tyes", "q1\ta\tnan", "q1\ta\tinf", "q1\ta\t2000", "q1\ta", "q9\ta\t1\nq1\ta\tmuch"]
)
def test_a_relevance_line_that_says_no_grade_is_named(tmp_path: Path, line: str):
    with pytest.raises(InvalidSet, match=r"qrels\.tsv, line \d"):
        load_set(beir(tmp_path, f"q2\tb\t1\n{line}\n"))


@pytest.mark.parametrize("line", ["q1\ta\tyes", "q1,a,1"])
def test_a_first_relevance_line_of_a_known_question_is_no_header(tmp_path: Path, line: str):
    with pytest.raises(InvalidSet, match=r"qrels\.tsv, line 1"):
        load_set(beir(tmp_path, f"{line}\n"))


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 0, "text": "When?", "contexts": ["In May."]}\r\n\r\n')
    found = load_set(path)
    assert [(one.id, one.text) for one in found.questions] == [("0", "When?")]


@pytest.mark.parametrize("row", [{"name": "a", "text": "x"}, {"id": 1.0, "text": "x"}, {"_id": " ", "text": "x"}])
def test_a_document_that_no_relevance_file_can_name_is_named(tmp_path: Path, row: dict[str, Any]):
    folder = beir(tmp_path, "q1\ta\t1\n")
    write(folder / "corpus.jsonl", {"id": 0, "text": "first"}, row)
    with pytest.raises(InvalidSet, match=r"corpus\.jsonl, line 2: it has no `id`"):
        load_set(folder)


@pytest.mark.parametrize("name", ["id", "_id", "doc_id", "document_id"])
def test_documents_are_named_by_any_field_that_ingestion_takes_for_an_id(tmp_path: Path, name: str):
    folder = beir(tmp_path, "q1\t7\t1\n")
    write(folder / "corpus.jsonl", {name: 7, "text": "x"})
    assert dict(load_set(folder).questions[0].gains) == {"7": 1.0}


def test_a_source_that_is_no_document_is_no_gold_beside_a_relevance_file(tmp_path: Path):
    folder = beir(tmp_path, "q1\ta\t1\n")
    write(
        folder / "queries.jsonl",
        {"id": "q1", "text": "one?", "source": "a forum"},
        {"id": "q2", "text": "two?", "source": "a forum"},
        {"id": "q3", "text": "three?", "source": "b"},
    )
    assert [dict(one.gains) for one in load_set(folder).questions] == [{"a": 1.0}, {}, {"b": 1.0}]


def test_a_document_of_a_folder_is_the_gold_name_that_says_most_of_it(tmp_path: Path):
    for name in ("guide.md", "old/guide.md"):
        (tmp_path / "documents" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "documents" / name).write_text("It ends in May.", encoding="utf-8")
    rows = [{"question": f"When, by {name}?", "source": name} for name in ("guide.md", "old/guide.md")]
    found = load_set(write(tmp_path / "questions.jsonl", *rows).parent)
    assert [found.name_of(f"/x/documents/{name}") for name in ("guide.md", "old/guide.md")] == [
        "guide.md",
        "old/guide.md",
    ]


@pytest.mark.parametrize("answers", [{"text": [], "answer_start": []}, [], [""]])
def test_an_empty_place_for_the_answer_beside_contexts_says_that_there_is_none(tmp_path: Path, answers: object):
    row = {"question": "When?", "contexts": ["It ends in May."], "answers": answers}
    (asked,) = load_set(write(tmp_path / "rows.jsonl", row)).questions
    assert (asked.answerable, dict(asked.gains)) == (False, {})


def test_no_place_for_the_answer_leaves_it_unknown(tmp_path: Path):
    row = {"question": "When?", "contexts": ["It ends in May."]}
    found = load_set(write(tmp_path / "rows.jsonl", row, {**row, "answers": None, "id": "2"})).questions
    assert [(one.answerable, len(one.gains)) for one in found] == [(None, 1), (None, 1)]


def test_of_several_contexts_those_answer_that_the_question_names(tmp_path: Path):
    contexts = [{"id": 7, "title": "Lease", "text": "It ends in May."}, {"id": 8, "text": "Soup is hot."}]
    rows = [{"question": f"{source}?", "contexts": contexts, "source": source} for source in (7, "Lease", "elsewhere")]
    found = load_set(write(tmp_path / "rows.jsonl", *rows))
    names = [name for name, _, _ in found.passages]
    assert [sorted(one.gains) for one in found.questions] == [names[:1], names[:1], sorted(names)]


def test_a_context_without_a_text_is_named_and_a_blank_one_is_none(tmp_path: Path):
    row = {"id": "q", "question": "When?", "contexts": [" ", "It ends in May."]}
    assert len(load_set(write(tmp_path / "rows.jsonl", row)).questions[0].gains) == 1
    wrong = {**row, "contexts": [{"title": "Lease", "content": "It ends in May."}]}
    with pytest.raises(InvalidSet, match="question 'q': one of its `contexts` is an object without `text`"):
        load_set(write(tmp_path / "rows.jsonl", wrong))


def test_ids_and_the_names_of_them_are_compared_without_blanks_about_them(tmp_path: Path):
    folder = beir(tmp_path, "q1\ta\t1\n")
    write(folder / "corpus.jsonl", {"id": " a", "text": "one"})
    write(folder / "queries.jsonl", {"id": "q1 ", "text": "one?"})
    assert dict(load_set(folder).questions[0].gains) == {"a": 1.0}


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text": "When?"}\n{"text": "M\xfcller"}\n')
    with pytest.raises(InvalidSet, match=r"line 2.*UTF-8"):
        rows_of(path)


@pytest.mark.parametrize(
    "row", [{"id": 1}, {"text": "  "}, {"turns": [{"speaker": "agent", "text": "Hello."}]}, {"turns": "When?"}]
)
def test_a_row_that_asks_nothing_is_named(tmp_path: Path, row: dict[str, Any]):
    path = write(tmp_path / "rows.jsonl", {"text": "When?", "contexts": ["x"]}, {**row, "contexts": ["x"]})
    with pytest.raises(InvalidSet, match="line 2"):
        load_set(path)


def test_a_question_with_an_id_that_was_used_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = [{"id": 7, "text": text, "contexts": ["In May."]} for text in ("When?", "Why?")]
    assert [one.text for one in load_set(write(tmp_path / "rows.jsonl", *rows)).questions] == ["When?"]
    assert "rows.jsonl, line 2" in capsys.readouterr().err


def test_questions_without_ids_are_told_apart_by_their_rows(tmp_path: Path):
    rows = [{"turns": [first, "It is.", "Why?"], "contexts": ["x"]} for first in ("Is it?", "Is she?")]
    assert len({one.id for one in load_set(write(tmp_path / "rows.jsonl", *rows)).questions}) == 2


def test_a_single_turn_with_gold_of_its_own_keeps_it(tmp_path: Path):
    turns = [{"role": "user", "text": "When?", "answers": ["May"]}, {"role": "assistant", "text": "?"}]
    found = load_set(write(tmp_path / "rows.jsonl", {"turns": turns, "contexts": ["In May."]}))
    assert [(one.text, one.answers) for one in found.questions] == [("When?", ("May",))]


def test_a_passage_may_be_a_single_text_and_an_empty_one_is_none(tmp_path: Path):
    row = {"text": "When?", "contexts": "It ends in May."}
    nothing = {"text": "Why?", "contexts": [None, {"title": None, "text": None}, {"text": "Because."}]}
    found = load_set(write(tmp_path / "rows.jsonl", row, nothing))
    assert [passage[1:] for passage in found.passages] == [("", "It ends in May."), ("", "Because.")]


def test_a_question_is_asked_as_far_as_the_door_takes_it(tmp_path: Path):
    found = load_set(write(tmp_path / "rows.jsonl", {"text": "why " * 3000, "contexts": ["x"]}))
    assert len(found.questions[0].text) == 4000


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        ({"answers": {"text": ["May", "May"], "answer_start": [3, 3]}}, ("May",)),
        ({"answers": [{"text": "May", "answer_start": 3}]}, ("May",)),
        ({"answer": 31}, ("31",)),
        ({"answers": [0]}, ("0",)),
        ({"answer": False}, ("no",)),
        ({"all_answers": [], "answers": ["May"]}, ("May",)),
        ({"answers": None}, ()),
    ],
)
def test_gold_answers_may_be_written_as_squad_does(row: dict[str, Any], answers: tuple[str, ...]):
    assert gold_answers(row) == answers


@pytest.mark.parametrize(
    ("row", "is_answerable"),
    [
        ({"answerable": "false"}, False),
        ({"answerable": 1}, True),
        ({"answerable": 0.0}, False),
        ({"is_impossible": True}, False),
        ({"answerable": None}, None),
    ],
)
def test_answerable_is_read_whatever_says_it(row: dict[str, Any], is_answerable: bool | None):
    assert answerable_of(row, "here") is is_answerable


def test_answerable_that_says_neither_is_named():
    with pytest.raises(InvalidSet, match=r"rows\.jsonl, line 3: 'answerable'"):
        answerable_of({"answerable": "perhaps"}, "rows.jsonl, line 3")


def test_raters_without_a_mark_and_silent_responses_are_read(tmp_path: Path):
    row: dict[str, Any] = {**RATED, "contexts": [], "response": "", "human": {"faithfulness": {"a": None, "b": 2.5}}}
    assert [(one.grade, one.contexts) for one in load_rated(write(tmp_path / "rated.jsonl", row))] == [(2.5, ())]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"response": None}, "`response`"),
        ({"contexts": [{"title": "T"}]}, "`contexts`.text"),
        ({"contexts": [3]}, "`contexts`"),
        ({"input": [{"speaker": "user"}]}, "`input`.text"),
        ({"human": {}}, "`human.faithfulness`"),
        ({"human": {"faithfulness": {}}}, "`human.faithfulness`"),
        ({"human": {"faithfulness": [4, 3]}}, "`human.faithfulness`"),
        ({"human": {"faithfulness": {"a": 5}}}, "`human.faithfulness`.a"),
        ({"human": {"faithfulness": {"a": "4"}}}, "`human.faithfulness`.a"),
        ({"human": {"faithfulness": {"a": True}}}, "`human.faithfulness`.a"),
    ],
)
def test_a_rated_row_that_is_otherwise_is_named_with_its_field(tmp_path: Path, change: dict[str, Any], field: str):
    path = write(tmp_path / "rated.jsonl", RATED, {**RATED, **change})
    with pytest.raises(InvalidRow) as told:
        load_rated(path)
    assert f"rated.jsonl, line 2: {field}" in str(told.value)


def fails(monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    monkeypatch.setattr(sys, "argv", ["multidb eval", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


def test_documents_that_nobody_can_read_end_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = beir(tmp_path, "q1\ta\t1\n")
    (folder / "corpus.jsonl").write_text("", encoding="utf-8")
    fails(monkeypatch, "answers", "--data", str(folder))
    assert "no document could be read" in capsys.readouterr().err


def test_documents_that_questions_name_and_nobody_brought_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 10)
    folder = beir(tmp_path, "q1\ta\t1\nq1\tlost\t1\n")
    ran = CliRunner().invoke(app, ["answers", "--data", str(folder), "--effort", "quick", "--json"])
    assert ran.exit_code == 0
    assert "1 of 2 documents that questions name are not here, 'lost'" in ran.stderr


def test_a_set_none_of_whose_documents_is_named_ends_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = beir(tmp_path, "q1\tlost\t1\n")
    fails(monkeypatch, "answers", "--data", str(folder))
    assert "no document that questions name is here: 'lost' is the first of 1" in capsys.readouterr().err


def test_each_set_in_a_folder_has_documents_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 10)
    first, second = (beir(tmp_path / name, "q1\ta\t1\n") for name in ("one", "two"))
    write(second / "corpus.jsonl", {"id": "a", "text": "two"}, {"id": "b", "text": "one"})
    home = tmp_path / "home"
    found = [
        CliRunner().invoke(app, ["retrieval", "--effort", "quick", "--json", "--home", str(home), "--data", str(data)])
        for data in (first, second, first)
    ]
    assert [ran.exit_code for ran in found] == [0, 0, 0]
    assert [json.loads(ran.stdout)["systems"]["bm25"]["hit@1"]["value"] for ran in found] == [1.0, 0.0, 1.0]


def test_a_field_to_append_that_no_question_has_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = beir(tmp_path, "q1\ta\t1\n")
    fails(monkeypatch, "retrieval", "--data", str(folder), "--append", "produkt")
    assert "no question has the field 'produkt'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ([["Hello, how may I help?", "When?"], ["Hello, how may I help?", "Why?"]], 2),
        ([["When?"], ["When?", "And then?"]], 1),
    ],
)
def test_conversations_are_told_apart_by_what_the_user_says_first(tmp_path: Path, inputs: list[list[str]], count: int):
    rows = [
        {
            **RATED,
            "input": [
                {"speaker": "user" if text.endswith("?") and "help" not in text else "agent", "text": text}
                for text in said
            ],
        }
        for said in inputs
    ]
    assert len({one.thread for one in load_rated(write(tmp_path / "rated.jsonl", *rows))}) == count


def test_a_conversation_may_be_called_0(tmp_path: Path):
    rows = [{**RATED, "conversation": name} for name in (0, 1)]
    assert [one.thread for one in load_rated(write(tmp_path / "rated.jsonl", *rows))] == ["0", "1"]
