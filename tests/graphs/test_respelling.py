"""Questions typed in haste: read as they were meant where something knows the words, told so, and else left alone."""

from __future__ import annotations

import pytest

from graphs.language.spelling import replaced, respell, told, unknown_words
from graphs.respelling import search_respelled
from graphs.state import Respelled, State
from memory.checkpoints.types import open_serializer
from memory.records import Hit
from memory.sentences import words
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

SOURCE = "Every product has a warranty of two years. The bivy weighs 800 g. Bellmouth taps are descaled on Mondays."


def read_as(question: str, *texts: str) -> str:
    said = frozenset(words(" ".join(texts or (SOURCE,))))
    return replaced(question, respell(unknown_words(question, said), said))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("How long is the waranty?", "How long is the warranty?"),
        ("How haevy is the bivy?", "How heavy is the bivy?"),
        ("when are bellmuoth taps decsaled?", "when are bellmouth taps descaled?"),
        ("what do I recieve?", "what do I receive?"),
        ("what is your adress?", "what is your address?"),
    ],
)
def test_a_slip_is_read_as_the_word_of_the_sources_or_of_the_dictionary(typed: str, read: str):
    assert read_as(typed) == read


@pytest.mark.parametrize(
    "question",
    [
        "How long is the warranty?",
        "Who is Waranty?",
        "Which house has a roof?",
        "What does “waranty” mean?",
        "What is in waranty.md and in waranty-2?",
        "Wie lange ist die Waranty?",
        "Combien de temps dure la garanite, est une question.",
        "Does kubectl work?",
        "what is a bivy?",
        "which bellmouths are descaled?",
        "which colours are organised by unrecognised flavours?",
    ],
)
def test_names_codes_quoted_words_and_other_languages_stand_as_they_were_typed(question: str):
    assert read_as(question) == question


def test_of_several_the_word_that_the_sources_say_is_taken():
    assert read_as("What is the lenght of the stage?") == "What is the length of the stage?"
    assert read_as("Where is the stabel?", "The stable is old.") == "Where is the stable?"
    assert read_as("Where is the stabl?", "The stabs are old.") == "Where is the stabs?"


async def test_a_word_that_no_source_says_changes_nothing_unless_questions_are_asked_with_it():
    asked: list[str] = []

    class Found:
        def __init__(self, *hits: Hit):
            self.hits = hits

    async def search(query: str) -> Found:
        asked.append(query)
        return Found(passage_hit(SOURCE))

    rare = await search_respelled("What is the statin dose?", search)
    assert (rare.query, rare.respelled) == ("What is the statin dose?", ())
    common = await search_respelled("Which one is cheepest?", search)
    assert (common.query, common.respelled) == ("Which one is cheapest?", (Respelled("cheepest", "cheapest"),))
    asked.clear()
    await search_respelled("How heavy is the bivy?", search)
    assert asked == ["How heavy is the bivy?"]


async def test_the_answer_says_what_was_read_and_the_stream_what_was_searched():
    ran = await ask(graph_of(FakeTools([passage_hit(SOURCE)])), "What waranty has every product?")
    assert "I read “waranty” as “warranty”." in ran.answer.text
    assert "warranty of two years" in ran.answer.text
    assert [part["query"] for part in ran.of("query.searched")][:1] == ["What warranty has every product?"]
    assert ran.of("query.searched")[0]["condensed"]


def test_what_was_read_survives_a_checkpoint():
    serializer, kept = open_serializer(), (Respelled("a", "b"),)
    assert State(respelled=serializer.loads_typed(serializer.dumps_typed(kept))).respelled == kept
    assert told(kept) == "I read “a” as “b”."
    assert told(()) == ""
