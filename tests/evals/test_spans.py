import json

import pytest

from evals.spans import cases, outcomes, report
from memory.span_ports import Span, Spans, Text

ROWS = [
    {"id": "turku", "title": "Lamps", "text": "The Aurora lamp is made in Turku."},
    {"id": "oslo", "title": "Lamps", "text": "The Borealis lamp is made in Oslo."},
    {"id": "lone", "title": "Chairs", "text": "The chair is made in Lund."},
]
ASKED = [
    {"id": "q1", "text": "Where is Aurora made?", "answers": ["Turku"]},
    {"id": "q2", "text": "Where is Borealis made?", "answers": ["Oslo"]},
    {"id": "q3", "text": "Where is the chair made?", "answers": ["Lund"]},
]


@pytest.fixture
def data(tmp_path):
    for name, rows in (("corpus", ROWS), ("queries", ASKED)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    grades = "q1\tturku\t1\nq2\toslo\t1\nq3\tlone\t1\n"
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + grades, encoding="utf-8")
    return tmp_path


class Pointing:
    """Points at a town in every text, surest of Turku."""

    name = "pointing"

    async def spans(self, question, texts):
        towns = [next(town for town in ("Turku", "Oslo", "Lund") if town in text.text) for text in texts]
        return [
            Spans((Span(text.text.index(town), text.text.index(town) + len(town), float(town == "Turku")),), 0.5)
            for text, town in zip(texts, towns, strict=True)
        ]


def test_a_question_is_read_on_its_passage_and_on_another_of_its_title_without_the_answer(data):
    found = {case.question.id: (case.given, case.other) for case in cases(data, 0)}
    turku, oslo = (Text("Lamps", row["text"]) for row in ROWS[:2])
    assert found == {"q1": (turku, oslo), "q2": (oslo, turku)}


def test_a_question_is_asked_about_another_name_of_its_title(data):
    found = {case.question.id: case.stranger for case in cases(data, 0)}
    assert found == {"q1": "Where is Borealis made?", "q2": "Where is Aurora made?"}


async def test_scores_are_of_the_answer_and_of_telling_the_passages_apart(data):
    told = report(await outcomes(Pointing(), cases(data, 0)))
    assert told["n"] == 2
    values = {name: metric["value"] for name, metric in told["metrics"].items()}
    same = {"separation": 0.5, "strangers": 0.5}  # it looks at the texts only
    assert values == {"em": 100.0, "f1": 100.0, "pointed_em": 100.0, "pointed_f1": 100.0, **same}


class Cutting(Pointing):
    """Points at a town without its last letter."""

    async def spans(self, question, texts):
        whole = [found.best[0] for found in await super().spans(question, texts)]
        return [Spans((Span(one.start, one.end - 1, one.score),), 0.5) for one in whole]


async def test_the_answer_is_as_users_get_it_and_what_was_pointed_at_is_told_beside_it(data):
    values = report(await outcomes(Cutting(), cases(data, 0)))["metrics"]
    assert values["em"]["value"] == 100.0
    assert values["pointed_em"]["value"] == 0.0
