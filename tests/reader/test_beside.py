"""Question and sentence are compared without the question's subject too, where the weights have a use for it."""

from __future__ import annotations

from dataclasses import replace

from graphs.reader.beside import beside
from graphs.reader.extractive import ExtractiveReader
from graphs.reader.features import candidates
from graphs.reader.question import understand
from graphs.reader.weights import AllWeights, load_weights
from memory.records import Hit
from tests.reader.support import WordTools, make_hit, request
from tests.reader.test_small_reader import Pointing

RENT = make_hit("rent", "Acme Tools rents its yard in Ulm.", title="Acme")
BANK = make_hit("bank", "Acme Tools banks with Sparkasse Ulm.", title="Acme")
QUESTION = "With which bank does Acme Tools bank?"


def weighing(weight: float) -> AllWeights:
    weights = load_weights()
    return replace(weights, read=replace(weights.read, answer={**weights.read.answer, "beside": weight}))


def without_subject(question: str, hit: Hit) -> tuple[str, str]:
    known = understand(question, {})
    return beside(known, candidates(known, [hit])[0])


def test_names_and_what_the_title_says_are_left_out() -> None:
    hit = make_hit("lamp", "The Halo lamp weighs 2 kg.", title="Lamps")
    assert without_subject("How heavy is the Halo lamp?", hit) == ("How heavy is the", "The weighs 2 kg.")


def test_a_question_of_nothing_but_its_subject_stays_whole() -> None:
    assert without_subject("What is Acme Tools?", RENT)[0] == "What is Acme Tools?"


async def test_a_sentence_on_what_is_asked_is_believed_more_than_one_on_something_else() -> None:
    reader = ExtractiveReader(Pointing("Ulm"), weighing(3.0))
    said, unsaid = [(await reader.read(request(QUESTION, hit))).answerable for hit in (BANK, RENT)]
    plain = ExtractiveReader(Pointing("Ulm"), weighing(0.0))
    without = [(await plain.read(request(QUESTION, hit))).answerable for hit in (BANK, RENT)]
    assert said - unsaid > without[0] - without[1]


async def test_it_is_compared_only_where_it_counts() -> None:
    tools = WordTools()
    await ExtractiveReader(Pointing("Ulm"), weighing(0.0)).read(request(QUESTION, BANK, tools=tools))
    assert tools.compared == ["Acme Tools banks with Sparkasse Ulm."]
    await ExtractiveReader(Pointing("Ulm"), weighing(2.0)).read(request(QUESTION, BANK, tools=tools))
    assert tools.compared[2:] == ["banks with Sparkasse Ulm."]


async def test_an_answer_comes_where_nothing_can_be_compared() -> None:
    tools = WordTools(gone=True)
    reading = await ExtractiveReader(Pointing("Ulm"), weighing(2.0)).read(request(QUESTION, BANK, tools=tools))
    assert reading.claims
