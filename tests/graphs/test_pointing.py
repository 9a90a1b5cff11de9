"""The short answer out of what the small reader points at: the value that is asked for, whole, and news."""

from __future__ import annotations

import pytest

from graphs.reader.pointing import completed, is_news, ruled_answer
from graphs.reader.question import understand
from graphs.reader.slots import asked_slot
from graphs.reader.spans import Span

ROOF = "Three offers came for the roof: Dachwerk for 84,000 EUR, Nordtop for 91,500 EUR and Ziegler for 79,800 EUR."
COFFEE = "Grind 18 g of coffee for the double basket or 9 g for the single one."
POOL = "Adults pay 5.50 EUR, children from 4 to 15 years 3 EUR, and children under 4 swim free."
HOTEL = "The company pays up to 130 EUR a night, and up to 180 EUR in London, Paris and Zurich."
YEARS = "It was founded in 1887 and renamed in 1912."


def at(sentence: str, words: str) -> Span:
    place = sentence.index(words)
    return Span(place, place + len(words))


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "asked"),
    [
        ("How much did Nordtop offer for the roof?", ROOF, "84,000", "91,500"),
        ("How many grams of coffee go into the double basket?", COFFEE, "9 g", "18"),
        ("How much does a child pay?", POOL, "5.50", "3 EUR"),
        ("How much is paid for a hotel in Paris?", HOTEL, "130 EUR a night, and up to 180 EUR", "180 EUR"),
        ("When was it renamed?", YEARS, "1887", "1912"),
    ],
)
def test_of_several_like_values_the_one_beside_what_is_asked_is_taken(
    question: str, sentence: str, pointed: str, asked: str
):
    found = asked_slot(understand(question, {}), sentence, at(sentence, pointed))
    assert found is not None
    assert sentence[found.start : found.end].startswith(asked)


@pytest.mark.parametrize(
    ("question", "sentence", "pointed"),
    [
        ("How much did Nordtop offer for the roof?", ROOF, "91,500"),
        ("When was it founded?", YEARS, "1887"),
        ("How much did Meyer offer for the roof?", ROOF, "84,000"),
        ("How many visitors came to the bridge?", "The bridge cost 12 million EUR and had 3,000 visitors.", "3,000"),
        ("When did the bridge open?", "The bridge opened in 1932 and the tunnel under the bridge in 1950.", "1932"),
        ("Who offered most?", ROOF, "Nordtop"),
    ],
)
def test_a_value_stays_where_nothing_speaks_for_another(question: str, sentence: str, pointed: str):
    assert asked_slot(understand(question, {}), sentence, at(sentence, pointed)) is None


@pytest.mark.parametrize(
    ("sentence", "pointed", "whole"),
    [
        ("It costs 349 EUR today.", "349", "349 EUR"),
        ("It costs $ 349 today.", "349", "$ 349"),
        ("Sales rose to 3.5 million dollars.", "3.5", "3.5 million dollars"),
        ("About 12 % are members.", "12", "12 %"),
        ("It has 349 HTML pages.", "349", "349"),
        ("Founded by Bakersfield men.", "ersfield", "Bakersfield"),
    ],
)
def test_a_short_answer_is_whole(sentence: str, pointed: str, whole: str):
    span = completed(sentence, at(sentence, pointed))
    assert sentence[span.start : span.end] == whole


def test_words_of_the_question_alone_are_no_answer():
    question, sentence = understand("What is the budget for the playground?", {}), "Budget: 1,200 EUR."
    assert not is_news(question, sentence, at(sentence, "Budget"))
    assert is_news(question, sentence, at(sentence, "1,200 EUR"))


def test_the_rules_take_the_value_beside_what_is_asked_too():
    assert ruled_answer(understand("How many grams of coffee go into the double basket?", {}), COFFEE) == "18"
