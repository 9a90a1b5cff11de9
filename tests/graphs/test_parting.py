"""A message that asks several things is told apart by its structure, each question made to stand alone."""

from __future__ import annotations

import pytest

from graphs.language.indirect import silence_on
from graphs.language.parting import parts_of


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who is the night guide, and until when may visitors stay?",
            "Who is the night guide?|Until when may visitors stay?",
        ),
        ("Where was Goethe born and when did Schiller die?", "Where was Goethe born?|When did Schiller die?"),
        ("Who keeps the key? Where is the pump?", "Who keeps the key?|Where is the pump?"),
        ("May I bring a bike and is there a lift?", "May I bring a bike?|Is there a lift?"),
        ("When does the museum open and close?", "When does the museum open?|When does the museum close?"),
        ("When does it open and close on Sunday?", "When does it open on Sunday?|When does it close on Sunday?"),
        ("How much does the lamp cost and weigh?", "How much does the lamp cost?|How much does the lamp weigh?"),
        ("When was the bridge built and opened?", "When was the bridge built?|When was the bridge opened?"),
        ("What are the price and the age of the lamp?", "What is the price of the lamp?|What is the age of the lamp?"),
        ("What is the width and height of the door?", "What is the width of the door?|What is the height of the door?"),
        ("Which size and colour does it have?", "Which size does it have?|Which colour does it have?"),
        ("When and where was Goethe born?", "When was Goethe born?|Where was Goethe born?"),
    ],
)  # fmt: skip
def test_a_question_that_asks_several_things_is_split(question: str, parts: str):
    assert parts_of(question) == tuple(parts.split("|"))


@pytest.mark.parametrize(
    ("question", "second"),
    [
        ("When was Ada born, and when did she die?", "When did Ada die?"),
        ("Who founded Acme and when?", "When was Acme founded?"),
        ("When was the mill built and by whom?", "By whom was the mill built?"),
        ("What is the price of the Halo and how heavy is it?", "How heavy is the Halo?"),
        ("When does the shop open on Saturday and how many rooms does it have?", "How many rooms does the shop have?"),
        ("Who leads the choir and when was she born?", "When was the person who leads the choir born?"),
        ("Who is the porter and how do I reach him?", "How do I reach the porter?"),
        ("What does the course cost and how many places are there?", "How many places are there (the course)?"),
        ("Is there parking at the inn, and is it free?", "Is parking free?"),
        ("Tell me who founded Acme and when it opened.", "When Acme opened?"),
    ],
)
def test_a_later_part_stands_on_the_one_before_it(question: str, second: str):
    assert parts_of(question)[1:] == (second,)


def test_three_questions_are_told_apart():
    asked = "How much is express delivery, how long does it take and when is it free?"
    assert parts_of(asked) == (
        "How much is express delivery?",
        "How long does express delivery take?",
        "When is express delivery free?",
    )


@pytest.mark.parametrize(
    "question",
    [
        "Who are Smith and Jones?",
        "What is the difference between A and B?",
        "What does the company spend on research and development?",
        "What is the research and development budget of Acme?",
        "What are the terms and conditions of the sale?",
        "Which is cheaper, the Kestrel or the Heron?",
        "Who was born in Paris and was the king of Spain?",
        "Who founded and led the company?",
        "Who can swim and can dive?",
        "What is the name of the man who built the mill and who died in 1900?",
        "What happens when it rains and when it snows?",
        "When the bell rings, what do they do?",
        "Who, upon his return, will open the gate?",
        "What crime led to exile and was praised by many?",
        "When Ada was with the choir, how many songs did she sing?",
        "What format was rare but could sometimes be found?",
        "Does the glue hold or would it melt?",
        "How does the festival celebrate art and music?",
        "When did France fight Spain and England?",
        "Is the tent waterproof and windproof?",
        "Is it a tent or what?",
        "What is salt and pepper?",
        "Who wrote Faust?",
        "What month and year was the bridge opened?",
        "Which city and country is the office in?",
        "",
    ],
)
def test_a_question_that_asks_one_thing_stays_whole(question: str):
    assert parts_of(question) == ()


def test_a_message_of_many_questions_stays_whole():
    assert parts_of(" ".join(f"Where is room {number}?" for number in range(9))) == ()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Until when may visitors stay?", " until when visitors may stay."),
        ("What is the top speed of the boat?", " what the top speed of the boat is."),
        ("Who is the night guide?", " who the night guide is."),
        ("Who keeps the key?", " who keeps the key."),
        ("When did Schiller die?", " when Schiller died."),
        ("How long does the tour take?", " how long the tour takes."),
        ("How many places are there (the course)?", " how many places there are."),
        ("When was the bridge built?", " when the bridge was built."),
        ("May I bring my dog?", " whether you may bring your dog."),
        ("Is there a lift?", " whether there is a lift."),
        ("How does the grumbling frobnicator splork?", ": “How does the grumbling frobnicator splork?”"),
    ],
)
def test_what_is_not_said_is_named_in_a_sentence(question: str, told: str):
    assert silence_on(question) == f"I did not find in the sources{told}"
