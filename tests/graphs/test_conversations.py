"""Follow-ups of many kinds and fields: what the question that is searched for must name, and what it must not."""

from __future__ import annotations

import pytest

from graphs.language.condense import condense
from memory.sentences import words
from tests.graphs.test_condense import turns

PRONOUNS = [
    ("Who founded Nokia?", "Fredrik Idestam", "When was he born?", "fredrik idestam born", ""),
    ("When was the Sagrada Familia begun?", "1882", "Who designed it?", "sagrada familia designed", "it"),
    ("Where is Lake Baikal?", "Siberia", "How deep is it?", "deep lake baikal", "it"),
    ("What do axolotls eat?", "worms", "Where do they live?", "axolotls live", "they"),
    ("Who was Ada Lovelace?", "", "When did she die?", "ada lovelace die", "she"),
    ("Does the Tern 40 backpack have a rain cover?", "", "What does it weigh?", "tern 40 weigh", "it"),
    ("What is the boiling point of ethanol?", "78 °C", "Is it flammable?", "ethanol flammable", "it"),
    ("Which vitamins are in kale?", "A, C and K", "How many calories does it have?", "calories kale", "it"),
    ("What is a heat pump?", "", "How does it work?", "heat pump work", "it"),
    ("When does the night bus run?", "", "Where does it stop?", "night bus stop", "it"),
    ("Who directs the Lisbon office?", "Rui Costa", "What is his phone number?", "rui costa phone number", "his"),
    ("How long is the probation period?", "six months", "Can it be extended?", "probation period extended", "it"),
    ("What is the Kessler syndrome?", "", "Who described it first?", "kessler syndrome described", "it"),
    ("Which river flows through Prague?", "the Vltava", "How long is it?", "vltava long", "prague it"),
    ("Who composed Finlandia?", "Jean Sibelius", "What else did he compose?", "jean sibelius compose", "he"),
    ("When was the Suez Canal opened?", "1869", "How long is that canal?", "long suez canal", ""),
    ("What is the deductible of the Basic plan?", "500 EUR", "Does it cover dental care?", "basic plan dental", "it"),
    ("What is paella made of?", "rice and saffron", "Where does this come from?", "paella come", "this"),
    ("Who won the 1998 World Cup?", "France", "Who was their captain?", "captain france", "their"),
    ("Are mushrooms allowed in the compost?", "", "Why are they allowed?", "mushrooms allowed", "they"),
]
ELLIPSES = [
    ("What was the population of Oslo in 2010?", "586,000", "And in 2020?", "population oslo 2020", "2010"),
    ("How much does a child ticket cost?", "4 EUR", "And an adult ticket?", "adult ticket cost", "child"),
    ("Who was president of Chile in 1971?", "Allende", "And in 1975?", "president chile 1975", "1971"),
    ("When does the library open on Saturday?", "10:00", "And on Sunday?", "library open sunday", "saturday"),
    ("What is the capital of Peru?", "Lima", "And of Bolivia?", "capital bolivia", "peru"),
    ("What is the melting point of iron?", "1538 °C", "What about copper?", "melting point copper", "iron"),
    ("How long does a refund take?", "5 days", "How about an exchange?", "exchange take", "refund"),
    ("How far is Mars from the Sun?", "228 million km", "And Venus?", "far venus sun", "mars"),
    ("Which trains stop in Ulm?", "", "And in Augsburg?", "trains stop augsburg", "ulm"),
    ("How do I reset the router?", "", "And the modem?", "reset modem", "router"),
    ("When did Mozart die?", "1791", "Where?", "where mozart die", ""),
    ("Is parking free?", "yes", "Since when?", "since parking free", ""),
    ("How many seats does the Corsa have?", "five", "And the Astra?", "many seats astra", "corsa"),
    ("What does the annual pass cost?", "60 EUR", "And the monthly one?", "monthly pass cost", "annual"),
    ("What was Denmark's inflation in 2021?", "1.9 %", "In 2022?", "denmark's inflation 2022", "2021"),
    ("Who teaches biology?", "Ms Okoye", "And chemistry?", "teaches chemistry", "biology"),
    ("How high is K2?", "8,611 m", "and Makalu", "high makalu", "k2"),
    ("What is the fine for parking?", "20 EUR", "And for speeding?", "fine speeding", "parking"),
    ("When is the harvest in Chile?", "March", "And in Italy?", "harvest italy", "chile"),
    ("How many moons does Jupiter have?", "95", "What about Saturn?", "many moons saturn", "jupiter"),
]
STANDING_ALONE = [
    ("Who founded Nokia?", "Fredrik Idestam", "What is the tallest tree in Norway?"),
    ("What is paella made of?", "rice", "When does the museum open?"),
    ("How long is the probation period?", "six months", "How many days of leave do trainees get?"),
    ("When did Mozart die?", "1791", "Where was Bach buried?"),
    ("How do I reset the router?", "", "Which cable is in the box?"),
    ("What is a heat pump?", "", "Is it necessary to insulate the roof first?"),
    ("Where is Lake Baikal?", "Siberia", "Tell me about Lake Ladoga"),
    ("Who won the 1998 World Cup?", "France", "What does it take to become a referee?"),
    ("Is parking free?", "yes", "Do you offer vegan meals?"),
    ("How deep is the Mariana Trench?", "11 km", "Which countries border Laos?"),
    ("What does the annual pass cost?", "60 EUR", "Can I cancel the gym contract online?"),
    ("Who composed Finlandia?", "Sibelius", "What did Clara Schumann compose before she married?"),
]
LONGER = [
    (
        ("Who wrote Dracula?", "Bram Stoker.", "When was he born?", "1847."),
        "Bram Stoker",
        "Where did he live?",
        "stoker",
        "he",
    ),
    (
        ("Where is Petra?", "Jordan.", "Who built it?", "The Nabataeans."),
        "the Nabataeans",
        "When was it built?",
        "petra",
        "it",
    ),
    (("How big is Malta?", "316 km².", "And Gozo?", "67 km²."), "67 km²", "And Comino?", "big comino", "malta gozo"),
    (("What is kefir?", "A drink.", "How is it made?", "By fermenting."), "", "Is it healthy?", "kefir healthy", "it"),
    (
        ("When does the pool open?", "At 7.", "How much is a lane?", "9 EUR."),
        "9 EUR",
        "And for students?",
        "lane students",
        "pool",
    ),
    (
        ("Who is the dean?", "Lena Voss.", "What does she teach?", "Law."),
        "Law",
        "Where is her office?",
        "office",
        "her",
    ),
    (("What is a fjord?", "An inlet.", "Thanks", "You are welcome."), "", "How is it formed?", "fjord formed", "it"),
    (("Who painted Guernica?", "Picasso.", "When?", "In 1937."), "1937", "Where is it shown?", "guernica shown", "it"),
]


def lacks(text: str, unwanted: str) -> bool:
    return not set(words(unwanted)) & set(words(text))


@pytest.mark.parametrize(("before", "short", "asked", "named", "gone"), PRONOUNS + ELLIPSES)
def test_a_follow_up_names_what_it_is_about(before: str, short: str, asked: str, named: str, gone: str):
    alone = condense(asked, turns(before, "An answer.", short_answer=short))
    assert set(words(named)) <= set(words(alone)), alone
    assert lacks(alone, gone), alone


@pytest.mark.parametrize(("before", "short", "asked"), STANDING_ALONE)
def test_another_topic_is_left_alone(before: str, short: str, asked: str):
    assert condense(asked, turns(before, "An answer.", short_answer=short)) == asked


@pytest.mark.parametrize(("said", "short", "asked", "named", "gone"), LONGER)
def test_a_follow_up_to_a_follow_up_goes_back_far_enough(
    said: tuple[str, ...], short: str, asked: str, named: str, gone: str
):
    alone = condense(asked, turns(*said, short_answer=short))
    assert set(words(named)) <= set(words(alone)), alone
    assert lacks(alone, gone), alone
