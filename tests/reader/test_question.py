from __future__ import annotations

import pytest

from graphs.reader.question import expected_kind, understand
from graphs.reader.spans import shortest_answer


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who wrote it?", "person"),
        ("When did it open?", "date"),
        ("In what year did it open?", "date"),
        ("what year was it built", "date"),
        ("Where is it made?", "place"),
        ("Which country exports it?", "place"),
        ("How many parts has it?", "number"),
        ("What percentage of it is glass?", "number"),
        ("How much does it cost?", "money"),
        ("What is the price of the lamp?", "money"),
        ("What does the lamp cost?", "money"),
        ("How long does delivery take?", "duration"),
        ("Why is it blue?", "reason"),
        ("What is the name of the lamp?", "name"),
        ("What does SKU mean?", "definition"),
        ("Is it open?", "other"),
        ("", "other"),
    ],
)
def test_expected_kind_is_read_from_the_question_words(question: str, kind: str) -> None:
    assert expected_kind(question) == kind


def test_understand_weighs_known_terms_and_takes_unknown_ones_for_rare() -> None:
    question = understand("Which lamp is blue?", {"lamp": 0.5})
    assert question.terms["lamp"] == 0.5
    assert question.terms["blue"] > 0.5


@pytest.mark.parametrize(
    ("question", "sentence", "short"),
    [
        ("When was it built?", "It was built on 3 May 1998 for the fair.", "3 May 1998"),
        ("How many rooms does the house have?", "The house, built in 1990, has twelve rooms.", "twelve"),
        ("How long does delivery take?", "Delivery takes two to three working days.", "two to three working days"),
        ("Where was he born?", "He was born in Leipzig.", "Leipzig"),
        ("Why is it blue?", "It is blue because of the paint.", ""),
        ("What does the Kestrel cost?", "sku: FW-1001; name: Kestrel; price_eur: 349.00; persons: 2", "349.00"),
        ("What is the R-value of the mat?", "sku: FW-12; name: mat; r_value: 7.1", "7.1"),
        ("Who is it?", "perhaps nobody knows.", ""),
    ],
)
def test_shortest_answer_is_a_span_of_the_expected_kind(question: str, sentence: str, short: str) -> None:
    assert shortest_answer(understand(question, {}), sentence) == short
