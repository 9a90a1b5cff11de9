"""The short answer out of what the small reader points at: the value that is asked for, whole, and news."""

from __future__ import annotations

import pytest

from graphs.reader.periods import life_date
from graphs.reader.pointing import completed, is_news, ruled_answer, told
from graphs.reader.question import understand
from graphs.reader.slots import asked_slot
from graphs.reader.spans import Span

ROOF = "Three offers came for the roof: Dachwerk for 84,000 EUR, Nordtop for 91,500 EUR and Ziegler for 79,800 EUR."
COFFEE = "Grind 18 g of coffee for the double basket or 9 g for the single one."
POOL = "Adults pay 5.50 EUR, children from 4 to 15 years 3 EUR, and children under 4 swim free."
HOTEL = "The company pays up to 130 EUR a night, and up to 180 EUR in London, Paris and Zurich."
CLOCKS = "Cleaning of a watch costs £55, of a clock £95."
PLANS = "The free plan allows 60 requests per minute, the Pro plan 600."
POWER = "Consumption 9 W on average, 14 W at most."
YEARS = "It was founded in 1887 and renamed in 1912."


def at(sentence: str, words: str) -> Span:
    place = sentence.index(words)
    return Span(place, place + len(words))


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "asked"),
    [
        ("How much is the cleaning of a clock?", CLOCKS, "£55", "£95"),
        ("How much did Nordtop offer for the roof?", ROOF, "84,000", "91,500"),
        ("How many grams of coffee go into the double basket?", COFFEE, "9 g", "18"),
        ("How much does a child pay?", POOL, "5.50", "3 EUR"),
        ("How much is paid for a hotel in Paris?", HOTEL, "130 EUR a night, and up to 180 EUR", "180 EUR"),
        ("When was it renamed?", YEARS, "1887", "1912"),
        ("How many requests per minute does the Pro plan allow?", PLANS, "60", "600"),
        ("What is the rate limit of the Pro plan?", PLANS, "60 requests per minute", "600"),
        ("What is the rate limit of the free plan?", PLANS, "the Pro plan 600", "60"),
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
        ("How many requests per minute are allowed?", "There are 60 requests per minute, and 600.", "60"),
    ],
)
def test_a_value_stays_where_nothing_speaks_for_another(question: str, sentence: str, pointed: str):
    assert asked_slot(understand(question, {}), sentence, at(sentence, pointed)) is None


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "short"),
    [
        ("What is the maximum power consumption?", POWER, "9 W", "14 W"),
        ("What is the maximum power consumption?", POWER, "9", "14"),
        ("What is the power consumption at most?", POWER, "14 W", "14 W"),
        ("What is the average power consumption?", POWER, "9 W", "9 W"),
        ("How many people are needed at least?", "Between 4 at least and 12 at most may play.", "12", "4"),
        ("What is the maximum weight?", "It carries 20 kg and weighs 3 kg.", "20 kg", "20 kg"),
    ],
)
def test_the_most_is_the_value_that_is_marked_so(question: str, sentence: str, pointed: str, short: str):
    assert told(understand(question, {}), sentence, at(sentence, pointed)) == short


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


LIFE = "Josiah Edmund Quill (14 February 1821 – 9 November 1887) was a civil engineer."
WAR = "The war was fought from 17 June 1683 to 2 March 1685 in Fenn."
FOUNDERS = "It was founded in 1931 by the schoolteacher Bea Sorley and the baker Anselm Crouch, who had met in Ulm."
RIVER = "It rises at an elevation of 1,412 metres in the bogs and flows for 387 kilometres, up to 40 metres wide."


def told_of(question: str, sentence: str, pointed: str) -> str:
    return told(understand(question, {}), sentence, at(sentence, pointed))


@pytest.mark.parametrize(
    ("question", "sentence", "date"),
    [
        ("When was he born?", LIFE, "14 February 1821"),
        ("When did he die?", LIFE, "9 November 1887"),
        ("When was Quill born?", "Josiah Quill (1821-1887) was an engineer.", "1821"),
        ("When did Josiah Quill die?", "Josiah Quill (b. 1821, d. 1887) was an engineer.", "1887"),
        ("When did Quill die?", "Quill (born 3 May 1821 in Ulm; died 9 June 1887) was an engineer.", "9 June 1887"),
        ("When was Quill born?", "Quill (born 1821) is an engineer.", "1821"),
        ("When did Bo Renn die?", "Ada Quill (1821–1887) taught Bo Renn (1850–1901).", "1901"),
        ("What is Quill's date of birth?", LIFE, "14 February 1821"),
    ],
)
def test_the_first_date_of_a_life_is_the_birth_and_the_second_the_death(question: str, sentence: str, date: str):
    assert ruled_answer(understand(question, {}), sentence) == date


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("When did Thomas Quill die?", LIFE),
        ("When was Quill's daughter born?", LIFE),
        ("When did the wife of Quill die?", LIFE),
        ("When did Quill die?", "Quill (born 1821) is an engineer."),
        ("When was Quill born?", "Quill (reigned 1821–1887) was a king."),
        ("When did he design it?", LIFE),
    ],
)
def test_a_life_in_brackets_tells_nothing_of_others_and_of_other_things(question: str, sentence: str):
    assert life_date(understand(question, {}), sentence) is None


@pytest.mark.parametrize(
    ("question", "pointed", "date"),
    [
        ("When was Ada born?", "9 June 1887", "3 May 1821"),
        ("When did Ada die?", "3 May 1821", "9 June 1887"),
        ("When did Ada marry?", "1847", "1847"),
    ],
)
def test_a_date_belongs_to_the_birth_or_the_death_before_it(question: str, pointed: str, date: str):
    sentence = "Ada was born in Ulm on 3 May 1821, married in 1847 and died in Bonn on 9 June 1887."
    assert told_of(question, sentence, pointed) == date


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "asked"),
    [
        ("When did the war begin?", WAR, "2 March 1685", "17 June 1683"),
        ("When did the war end?", WAR, "17 June 1683 to 2 March 1685", "2 March 1685"),
        ("When did the war begin and end?", WAR, "2 March 1685", "17 June 1683 to 2 March 1685"),
        ("When was the war fought?", WAR, "1685", "17 June 1683 to 2 March 1685"),
        ("When did the war end?", "The war (1683–1685) was short.", "1683–1685", "1685"),
        ("When did it close?", "It is open from 9:00 to 17:00.", "17:00", "17:00"),
    ],
)
def test_of_a_time_that_part_is_told_that_is_asked(question: str, sentence: str, pointed: str, asked: str):
    assert told_of(question, sentence, pointed) == asked


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "whole"),
    [
        ("What is the policy number?", "Tell the insurer (policy HF-88213) soon.", "88213", "HF-88213"),
        ("Whom do I write to?", "Write to mara.lind@home.example today.", "lind", "mara.lind@home.example"),
        ("Which standard is it?", "It follows IEC 60034/2.1 now.", "60034", "60034/2.1"),
        ("How many eggs are laid?", "Clutches comprise three to five eggs.", "five", "three to five"),
        ("How many does it seat?", "It seats between 4 and 6 people.", "6", "between 4 and 6"),
        ("When was it built?", "It was built between 1958 and 1961.", "1961", "between 1958 and 1961"),
        ("When is Bo away?", "I am away from 17 to 24 May; Bo stays.", "24 May", "17 to 24 May"),
        (
            "What is the maximum page size?",
            "Pages have a size (default 50, maximum 250).",
            "50, maximum 250",
            "250",
        ),
        ("How many pairs are left?", "It fell from 9,500 to 1,150 pairs.", "1,150", "1,150"),
        ("What is the maximum?", "It takes 1 to 9 parts.", "9", "9"),
        ("How many members has it?", "It is a 15-member house.", "15", "15"),
        ("What is it like?", "It is a pen-like tool.", "pen", "pen"),
        ("Which land is it?", "It is in Saxony-Anhalt now.", "Saxony", "Saxony-Anhalt"),
        ("When did he become king?", "King Bo (1661–1680) was mild.", "1661", "1661"),
        ("How much was it?", "It grew, 2006 to $2.9 billion.", "$2.9 billion", "$2.9 billion"),
        ("What was the date of the 1886 flood?", "It was on August 31, 1886.", "August 31, 1886", "August 31, 1886"),
        ("Who lives there?", "Ada Quill’s house is in Ulm.", "Ada Quill", "Ada Quill"),
        (
            "What is the base URL?",
            "Base URL: https://api.example.org/v2.",
            "api.example.org/v2",
            "https://api.example.org/v2",
        ),
    ],
)
def test_a_code_and_a_range_are_told_whole(question: str, sentence: str, pointed: str, whole: str):
    assert told_of(question, sentence, pointed) == whole


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "length"),
    [
        ("How long is the river Wend?", RIVER, "1,412 metres", "387 kilometres"),
        ("What is the length of the Wend?", RIVER, "1,412 metres", "387 kilometres"),
        ("How wide is the Wend?", RIVER, "387 kilometres", "40 metres"),
        ("How long is the Wend?", RIVER, "387 kilometres", "387 kilometres"),
        ("How deep is it?", "It is 40 metres wide and the road to it 3 km.", "40 metres", "40 metres"),
        ("How deep is the Wend?", RIVER, "387 kilometres", "387 kilometres"),
    ],
)
def test_a_length_of_another_dimension_is_not_told(question: str, sentence: str, pointed: str, length: str):
    assert told_of(question, sentence, pointed) == length


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "all_of_them"),
    [
        (
            "Who founded it?",
            FOUNDERS,
            "Bea Sorley",
            "the schoolteacher Bea Sorley and the baker Anselm Crouch",
        ),
        (
            "Who founded Acme?",
            "It was founded by Ada Quill, Bo Renn and Cy Dorn in Ulm.",
            "Bo Renn",
            "Ada Quill, Bo Renn and Cy Dorn",
        ),
        ("In which years was it flooded?", "It was flooded in 1926, 1947 and 1953.", "1947", "1926, 1947 and 1953"),
    ],
)
def test_a_list_of_names_or_years_is_told_whole(question: str, sentence: str, pointed: str, all_of_them: str):
    assert told_of(question, sentence, pointed) == all_of_them


@pytest.mark.parametrize(
    ("question", "sentence", "pointed"),
    [
        ("Who was the first founder?", FOUNDERS, "Bea Sorley"),
        ("Who was its founder?", FOUNDERS, "Bea Sorley"),
        ("Who designed it?", "It was designed by Ada Quill and opened in 1869.", "Ada Quill"),
        ("Who founded it?", "In Ulm Ada Quill and some friends founded it.", "Ada Quill"),
        ("Who founded it with Ada Quill?", "It was founded by Ada Quill and Bo Renn.", "Bo Renn"),
        ("Who won?", "Lee met the guests Ada Quill and Bo Renn.", "Ada Quill"),
        ("When was the jubilee?", "Jubilees fell in 1977, 2002 and 2012.", "2012"),
        ("Who founded it?", "Ada Quill and Bo Renn’s sister founded it.", "Ada Quill"),
    ],
)
def test_one_name_is_told_alone_where_one_is_asked_for_or_the_rest_are_no_names(
    question: str, sentence: str, pointed: str
):
    assert told_of(question, sentence, pointed) == pointed


@pytest.mark.parametrize("question", ["What was the default port before?", "What was the port previously?"])
def test_what_was_before_a_change_is_its_first_value(question: str) -> None:
    sentence = "Version 2.1 adds TLS; the default port was changed from 9000 to 8080."
    at = sentence.index("8080")
    assert told(understand(question, {}), sentence, Span(at, at + 4)) == "9000"


@pytest.mark.parametrize(
    ("sentence", "pointed", "short"),
    [
        ("Output goes to a stream (by default sys.stderr).", "sys.stderr)", "sys.stderr"),
        ("It is made for large models (LLMs).", "(LLMs", "LLMs"),
        ("Call close() at the end of it.", "close()", "close()"),
        ("Use tar -x|--get for this.", "|--get", "--get"),
        ("They are f(x) and g(x) here.", "f(x) and g(x)", "f(x) and g(x)"),
    ],
)
def test_a_short_answer_has_no_half_of_a_pair(sentence: str, pointed: str, short: str) -> None:
    at = sentence.index(pointed)
    assert told(understand("What is it?", {}), sentence, Span(at, at + len(pointed))) == short


@pytest.mark.parametrize(
    ("question", "sentence", "pointed", "short"),
    [
        ("What was the default timeout before?", "The default timeout is now 60 seconds (was 30).", "60", "30"),
        ("What was the rent previously?", "The rent is 84 EUR, up from 79 EUR.", "84 EUR", "79 EUR"),
        ("Who was chair before?", "The chair is Ada Quill (previously Bo Renn).", "Ada Quill", "Bo Renn"),
        ("What is the default timeout?", "The default timeout is now 60 seconds (was 30).", "60", "60"),
        ("What was the name before?", "It is called Plum (was 30 apples).", "Plum", "Plum"),
        ("What was the old limit?", "The limit is 60. The fee is high (was 30).", "60", "60"),
    ],
)
def test_what_stands_behind_a_value_as_what_it_was_is_told_where_that_is_asked(
    question: str, sentence: str, pointed: str, short: str
) -> None:
    at = sentence.index(pointed)
    assert told(understand(question, {}), sentence, Span(at, at + len(pointed))) == short


@pytest.mark.parametrize(
    ("question", "pointed", "short"),
    [
        ("How much is sick pay after six weeks?", "100 %", "70 %"),
        ("How much is sick pay in the first six weeks?", "100 %", "100 %"),
        ("How much is sick pay after an accident?", "100 %", "100 %"),
        ("For how long is sick pay 100 %?", "six weeks", "six weeks"),
    ],
)
def test_what_holds_later_is_told_where_later_is_asked_for(question: str, pointed: str, short: str) -> None:
    sentence = "Sick pay is 100 % for six weeks, then 70 %."
    at = sentence.index(pointed)
    assert told(understand(question, {}), sentence, Span(at, at + len(pointed))) == short


@pytest.mark.parametrize(
    ("question", "pointed", "short"),
    [
        ("When is the launch?", "1 July to 15 July", "15 July"),
        ("When is the launch?", "1 July", "15 July"),
        ("When was the launch before?", "1 July to 15 July", "1 July"),
        ("By how much was the launch moved?", "1 July to 15 July", "1 July to 15 July"),
    ],
)
def test_what_something_was_moved_to_is_when_it_is(question: str, pointed: str, short: str) -> None:
    sentence = "The launch is moved from 1 July to 15 July in agreement with all."
    at = sentence.index(pointed)
    assert told(understand(question, {}), sentence, Span(at, at + len(pointed))) == short


@pytest.mark.parametrize(
    ("sentence", "said", "short"),
    [
        ("It is being repaired until May.", "May.", "May"),
        ("It was sold to Hale Inc.", "Hale Inc.", "Hale Inc."),
        ("It came from the U.S.", "U.S.", "U.S."),
    ],
)
def test_a_sentences_full_stop_is_not_the_answers(sentence: str, said: str, short: str) -> None:
    at = sentence.index(said)
    assert told(understand("What is it?", {}), sentence, Span(at, at + len(said))) == short


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who is the captain?", "Ida Holm"),
        ("Who was the captain before?", "Nils Berg"),
        ("Who was captain?", "Nils Berg"),
    ],
)
def test_who_is_something_now_is_not_who_was(question: str, name: str) -> None:
    sentence = "Captain Ida Holm has commanded the ship since 2017; before her, Nils Berg was captain until 2016."
    at = sentence.index("Nils Berg")
    assert told(understand(question, {}), sentence, Span(at, at + 9)).endswith(name)


def test_a_clause_says_the_value_of_the_noun_before_it() -> None:
    sentence = "They may work from home three days a week after their probation, which lasts six months."
    assert ruled_answer(understand("How long is the probation?", {}), sentence) == "six months"
    asked = understand("How many days a week may they work from home?", {})
    assert ruled_answer(asked, sentence).startswith("three")
