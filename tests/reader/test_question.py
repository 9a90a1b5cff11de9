from __future__ import annotations

import pytest

from graphs.reader.question import expected_kind, understand
from graphs.reader.spans import fits_kind, shortest_answer


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
        ("How much is a family ticket?", "money"),
        ("How much are the lamps?", "money"),
        ("How much is the weight of the lamp?", "number"),
        ("How much is left?", "number"),
        ("What is the price of the lamp?", "money"),
        ("What does the lamp cost?", "money"),
        ("How long does delivery take?", "duration"),
        ("What is the maximum speed of the boat?", "number"),
        ("What is the salary of the driver?", "money"),
        ("What is its wingspan?", "number"),
        ("What is the bridge's width?", "number"),
        ("What is the thickness of the ice?", "number"),
        ("What height is it?", "number"),
        ("What is Quill's date of birth?", "date"),
        ("In which years did it close?", "date"),
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
        ("How long is the bridge?", "The bridge, built by four men, is 134 metres long.", "134 metres"),
        ("How long is the warranty?", "The warranty is valid for 36 months.", "36 months"),
        ("How long is the pool open?", "The pool (25 m) is open for nine hours.", "nine hours"),
        ("How long does the tunnel take?", "The tunnel is 3 km long.", ""),
        ("Where was he born?", "He was born in Leipzig.", "Leipzig"),
        ("Why is it blue?", "It is blue because of the paint.", ""),
        ("What does the Kestrel cost?", "sku: FW-1001; name: Kestrel; price_eur: 349.00; persons: 2", "349.00"),
        ("What is the R-value of the mat?", "sku: FW-12; name: mat; r_value: 7.1", "7.1"),
        ("Who is it?", "perhaps nobody knows.", ""),
    ],
)
def test_shortest_answer_is_a_span_of_the_expected_kind(question: str, sentence: str, short: str) -> None:
    assert shortest_answer(understand(question, {}), sentence) == short


def test_understand_takes_capitalised_words_and_model_numbers_for_names() -> None:
    assert understand("Which pump does the Otter 2 need?", {}).names == {"otter", "2"}


@pytest.mark.parametrize(
    ("question", "sentence", "fit"),
    [
        ("How heavy is it?", "It weighs 2.4 kg.", 1.0),
        ("How heavy is it?", "It is 40 cm wide.", 0.0),
        ("How long is the wall?", "The wall is 40 m long.", 1.0),
        ("What is its wingspan?", "It weighs 40 kg.", 0.0),
        ("How high is it?", "It has 12 rooms.", 0.0),
        ("How many rooms has it?", "It has 12 rooms.", 1.0),
        ("How many stars has it?", "It has 12 rooms.", 0.5),
        ("What does it cost?", "sku: 7; price_eur: 9.50", 1.0),
        ("Who built it?", "It was built in stages.", 0.0),
        ("Why is it blue?", "It is blue because of the paint.", 1.0),
        ("Is it blue?", "It is blue.", 0.5),
    ],
)
def test_fits_kind_wants_the_unit_or_the_counted_word(question: str, sentence: str, fit: float) -> None:
    assert fits_kind(understand(question, {}), sentence) == fit
