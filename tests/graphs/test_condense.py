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
        "Who won the 1998 final?",
        "Who founded Acme?",
        "Who founded Next?",
        "How many people died in 1926?",
        "How many requests are allowed?",
        "How much is rent?",
        "When does the museum open?",
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
        ("How do I choose it?", "What is SIGALRM's default?", "", "How do I choose SIGALRM?"),
        ("What is its height?", "What is Harbour Tower's address?", "Lane 1", "What is Harbour Tower's height?"),
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


@pytest.mark.parametrize(
    ("question", "before", "short_answer", "alone"),
    [
        ("When did he die?", "Who was Quill?", "a tally boy", "When did Quill die?"),
        ("When did she die?", "Who was Ada Quill?", "Head of Physics", "When did Ada Quill die?"),
        ("Where did they live?", "Who were the Nabataeans?", "traders", "Where did the Nabataeans live?"),
        ("When did she die?", "Who was Quill's wife?", "Keziah", "When did Keziah die?"),
        ("How old is he?", "Who is the CEO?", "Bo Renn", "How old is Bo Renn?"),
        ("How old is he?", "Who is President of Chile?", "Bo Renn", "How old is Bo Renn?"),
    ],
)
def test_who_a_named_one_is_does_not_stand_for_the_name(question: str, before: str, short_answer: str, alone: str):
    assert condense(question, turns(before, "An answer.", short_answer=short_answer)) == alone


@pytest.mark.parametrize(
    ("question", "before", "alone"),
    [
        ("What does it eat?", "How many eggs does the lark lay?", "What does the lark eat?"),
        ("What does it eat?", "Where does the lark lay in spring?", "What does the lark eat?"),
        ("And the pipit?", "How many eggs does the lark lay?", "How many eggs does the pipit lay?"),
        ("How long is it?", "When was the bridge built?", "How long is the bridge?"),
        ("Where is it?", "Is the museum free?", "Where is the museum?"),
        ("How deep is it?", "How far does the Wend flow?", "How deep is the Wend?"),
        ("How long is it?", "How heavy is the night bus?", "How long is the night bus?"),
        ("What does it cost?", "When does the night bus run?", "What does the night bus cost?"),
        ("And the Teyne?", "How long is the Wend?", "How long is the Teyne?"),
    ],
)
def test_the_verb_of_a_noun_does_not_belong_to_it(question: str, before: str, alone: str):
    assert condense(question, turns(before, "An answer.")) == alone


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("How many were killed?", "How many were killed (the Battle of Ford)?"),
        ("How many people died in total?", "How many people died in total (the Battle of Ford)?"),
        ("Who won?", "Who won (the Battle of Ford)?"),
        ("And who lost?", "who lost (the Battle of Ford)?"),
        ("What happened next?", "What happened next (the Battle of Ford)?"),
        ("Who commanded?", "Who commanded (the Battle of Ford)?"),
    ],
)
def test_a_question_that_names_no_subject_is_about_the_one_before(question: str, alone: str):
    assert condense(question, turns("When was the Battle of Ford?", "In 1683.", short_answer="1683")) == alone
    assert condense(question, ()) == question


def test_a_chain_of_questions_without_a_subject_keeps_it():
    history = turns("When was the Battle of Ford?", "In 1683.", "How many were killed?", "940.")
    assert condense("Who won?", history) == "Who won (the Battle of Ford)?"


def test_a_pronoun_alone_depends():
    assert depends("Where did he live?")
