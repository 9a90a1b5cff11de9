"""Follow-ups are made to stand alone only when they depend on the conversation."""

from datetime import UTC, datetime

import pytest

from graphs.language.condense import condense, depends
from memory.records import Turn


def turns(*texts: str, short_answer: str = "") -> tuple[Turn, ...]:
    """User and assistant turns by turns, the user first."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return tuple(
        Turn(
            turn_id=f"{place:03}",
            thread_id="t",
            role="assistant" if place % 2 else "user",
            text=text,
            status="complete",
            created_at=at,
            run_id="r",
            short_answer=short_answer if place % 2 else "",
        )
        for place, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    "question",
    [
        "When was the Eiffel Tower built?",
        "How long does delivery take?",
        "Is it possible to return an opened item?",
        "What is the warranty of the Aurora kettle?",
        "When was Tesla born and where did he die?",
        "Does the Model 7 have a timer and is its strap washable?",
        "What does the manual say about that cable type?",
        "How long does it take to ship to Norway?",
        "What is the name of the song that plays in the film?",
        "Return policy for kettles",
        "",
        "?!",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str):
    assert condense(question, turns("Who wrote Faust?", "Goethe wrote Faust.")) == question


@pytest.mark.parametrize(
    ("question", "before", "short_answer", "alone"),
    [
        ("When was it published?", "Who wrote Faust?", "Goethe", "When was Faust published?"),
        ("When was he born?", "Who wrote Faust?", "Goethe", "When was Goethe born?"),
        ("Where did she die?", "When was Marie Curie born?", "1867", "Where did Marie Curie die?"),
        ("What is its population?", "Where is Nantes?", "France", "What is Nantes' population?"),
        ("What is her nationality?", "When was Marie Curie born?", "", "What is Marie Curie's nationality?"),
        ("And how tall is it?", "Where is the Eiffel Tower?", "Paris", "How tall is the Eiffel Tower?"),
        ("How much does it cost?", "Does the kettle have a timer?", "", "How much does the kettle cost?"),
        ("What about Germany?", "What is the capital of France?", "Paris", "What is the capital of Germany?"),
        ("And for Norway?", "What does shipping cost for Denmark?", "", "What does shipping cost for Norway?"),
        ("and in winter?", "What are the opening hours?", "", "What are the opening hours in winter?"),
        ("When?", "Where was Nikola Tesla born?", "Smiljan", "When was Nikola Tesla born?"),
        ("How much?", "What does shipping cost?", "", "How much does shipping cost?"),
        ("Why?", "Can opened kettles be returned?", "", "Why can opened kettles be returned?"),
    ],
)
def test_a_dependent_question_is_filled_from_the_one_before(question: str, before: str, short_answer: str, alone: str):
    assert condense(question, turns(before, "An answer.", short_answer=short_answer)).casefold() == alone.casefold()


def test_a_chain_of_follow_ups_keeps_its_subject():
    history = turns("Where is the Eiffel Tower?", "In Paris.", "How tall is it?", "330 m.")
    assert "Eiffel Tower" in condense("When was it built?", history)


def test_a_change_of_topic_leaves_the_old_one_behind():
    history = turns("Where is the Eiffel Tower?", "In Paris.")
    assert condense("Who composed The Magic Flute?", history) == "Who composed The Magic Flute?"


def test_without_history_nothing_is_rewritten():
    assert condense("When was it built?", ()) == "When was it built?"


@pytest.mark.parametrize("text", ["and", "it", "What about", "she?", "\0", "他呢？", "it " * 1000, "((((", "[1] that?"])
def test_awkward_follow_ups_never_fail(text: str):
    assert isinstance(condense(text, turns(text, text, text)), str)
    assert len(condense(text, turns("Who wrote Faust?", "x"))) <= 4000


def test_a_pronoun_alone_depends():
    assert depends("Where did he live?")
