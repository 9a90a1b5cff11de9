"""What is asked of a thing has to be said of it: a row of the thing alone is no answer to every question about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.said import Said
from graphs.answers.shaping import shape
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reader.attribute import attribute_of, says_attribute
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.support.fake_tools import passage_hit

FERN = "plant: Boston Fern; height_cm: 45; light: shade; water_per_week_ml: 600; origin: Florida"
TRAIN = "Train: IR 77; From: Basel; To: Olten; Duration (min): 28; Seats: 288"
CANOE = "name: Teal canoe; weight_kg: 21; description: A canoe of 480 cm that carries up to 300 kg."
BOX = "name: Vault box; price: 12.00; description: A box that is 60 cm long."


def row(text: str) -> Hit:
    hit = passage_hit(text, title="List")
    return replace(hit, passage=replace(hit.passage, kind="record"))


def believed(question: str, text: str, answerable: float = 0.6) -> bool:
    hit = row(text)
    claim = Claim("c1", text, (Said(hit, 0, len(text)).citation(),))
    return shape(question, Reading((claim,), "", (hit,), answerable)).answerable >= ANSWERABLE_THRESHOLD


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the lifespan of the Boston Fern?", FERN),
        ("Which soil does the Boston Fern need?", FERN),
        ("What is the root depth of the Boston Fern?", FERN),
        ("What is the top speed of the IR 77?", TRAIN),
        ("What is the number of carriages of the IR 77?", TRAIN),
        ("Which operator runs the IR 77?", TRAIN),
        ("What is the width of the Vault box?", BOX),
        ("How heavy is the Vault box?", BOX),
    ],
)
def test_a_row_that_does_not_say_what_is_asked_is_doubted(question: str, text: str):
    assert not believed(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What light does the Boston Fern need?", FERN),
        ("How much water does the Boston Fern need?", FERN),
        ("How tall is the Boston Fern?", FERN),
        ("What is the origin of the Boston Fern?", FERN),
        ("How long does the IR 77 take?", TRAIN),
        ("How many seats does the IR 77 have?", TRAIN),
        ("What load does the Teal canoe carry?", CANOE),
        ("What is the maximum load of the Teal canoe?", CANOE),
        ("What is the weight of the Teal canoe?", CANOE),
        ("How long is the Vault box?", BOX),
        ("What does the Vault box cost?", BOX),
        ("Who sells the Vault box?", BOX),
    ],
)
def test_a_row_that_says_it_by_a_word_or_a_unit_is_believed(question: str, text: str):
    assert believed(question, text)


def test_an_answer_that_much_speaks_for_outlives_the_doubt():
    assert believed("What material is the Teal canoe made of?", CANOE, answerable=0.95)


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("What is the maximum speed of the boat?", "speed"),
        ("What is the battery life of the lamp?", "life"),
        ("Which bank does Acme use?", "bank"),
        ("Which zip maker supplies Acme?", "maker"),
        ("How many stars does it have?", "star"),
        ("What is the number of pages of the book?", "page"),
    ],
)
def test_what_is_asked_is_the_head_of_its_phrase(question: str, head: str):
    asked = attribute_of(question)
    assert asked is not None
    assert asked.heads == {head}


@pytest.mark.parametrize("question", ["Who wrote Faust?", "What is the name of the dog?", "Is it open?", ""])
def test_nothing_in_particular_may_be_asked(question: str):
    assert attribute_of(question) is None


def test_the_subject_says_nothing_of_what_is_asked():
    asked = attribute_of("Which bank does Acme Tools use?")
    assert asked is not None
    assert not says_attribute(asked, "Acme Tools sells saws.", frozenset({"acm", "tool"}))
