from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.sentences import STOPWORDS, clip, split_sentences, stem, words


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


CASES = {
    "titles": ("Dr. Smith met Mr. Jones. They left.", ["Dr. Smith met Mr. Jones.", "They left."]),
    "initials": ("J. K. Rowling wrote it. It sold.", ["J. K. Rowling wrote it.", "It sold."]),
    "acronyms": ("He joined the U.S. Army. Later he left.", ["He joined the U.S. Army.", "Later he left."]),
    "acronym at the end": ("It lies in the U.S. The town is old.", ["It lies in the U.S.", "The town is old."]),
    "decimals": ("It costs 3.50 EUR. Version 2.0.1 is out.", ["It costs 3.50 EUR.", "Version 2.0.1 is out."]),
    "labels": (
        "See Fig. 2 and No. 5. The answer is no. Go on.",
        ["See Fig. 2 and No. 5.", "The answer is no.", "Go on."],
    ),
    "code in brackets": (
        "The sensor (part no. AQ-771) must be cleaned. Use (see no. AQ-3) a cloth.",
        ["The sensor (part no. AQ-771) must be cleaned.", "Use (see no. AQ-3) a cloth."],
    ),
    "code behind what has a number": (
        "Quote policy no. HX-2041. Serial-No. K40E7 and invoice nos. A1 and B2 fit Art.-Nr. X99.",
        ["Quote policy no. HX-2041.", "Serial-No. K40E7 and invoice nos. A1 and B2 fit Art.-Nr. X99."],
    ),
    "no as a word": (
        "The answer is no. AQ-771 is a lamp. I have (I think) no. B2 fits. Say no. NATO met.",
        ["The answer is no.", "AQ-771 is a lamp.", "I have (I think) no.", "B2 fits.", "Say no.", "NATO met."],
    ),
    "references to codes": (
        "See fig. A3 and Vol. IV, cl. B-2, para. 4, sec. 4.2, art. 7, pp. 3 f., p. A-12 (ref. AQ-1, art. IX). Go on.",
        [
            "See fig. A3 and Vol. IV, cl. B-2, para. 4, sec. 4.2, art. 7, pp. 3 f., p. A-12 (ref. AQ-1, art. IX).",
            "Go on.",
        ],
    ),
    "figures with a sign": (
        "It costs max. €500 or min. -5 points, approx. £3, ca. 4, c. 1900 by s. 12. He has a 2nd ed. 2004.",
        ["It costs max. €500 or min. -5 points, approx. £3, ca. 4, c. 1900 by s. 12.", "He has a 2nd ed. 2004."],
    ),
    "years of a life": (
        "Ada (b. 1815; d. 1852), under a king (r. [c. 1760]–1820), met Hero (fl. 60 AD). Grade b. 1931 was better.",
        [
            "Ada (b. 1815; d. 1852), under a king (r. [c. 1760]–1820), met Hero (fl. 60 AD).",
            "Grade b.",
            "1931 was better.",
        ],
    ),
    "labels that end a sentence": (
        "We love art. X-rays help. Wait a sec. The ch. I saw. It is at its max. Turn it.",
        ["We love art.", "X-rays help.", "Wait a sec.", "The ch.", "I saw.", "It is at its max.", "Turn it."],
    ),
    "year": ("She died in 1999. He lived.", ["She died in 1999.", "He lived."]),
    "german date": ("Am 3. Mai kam z. B. Herr Dr. Müller. Gut.", ["Am 3. Mai kam z. B. Herr Dr. Müller.", "Gut."]),
    "quotes": ('"Really?" she asked. "Yes." He left.', ['"Really?" she asked.', '"Yes."', "He left."]),
    "brackets": ("It rains. (It always does.) We stay.", ["It rains.", "(It always does.)", "We stay."]),
    "ellipsis": ("Wait... what? So it is.", ["Wait... what?", "So it is."]),
    "list": (
        "1. Open the box. Look.\n2. Close it.\n- A dash",
        ["1. Open the box.", "Look.", "2. Close it.", "- A dash"],
    ),
    "paragraphs": ("One line\n\nanother", ["One line", "another"]),
    "short lines": ("Name: Tent\nPrice: 3.50", ["Name: Tent", "Price: 3.50"]),
    "a term above its explanation": (
        "Modes\n  -t, --list\n\tList the contents. None needed.\n  --quiet\n\tSay nothing.",
        ["Modes", "-t, --list\n\tList the contents.", "None needed.", "--quiet\n\tSay nothing."],
    ),
    "terms in lower case": (
        "operator\n    The group of operators. It is empty.\ndisk\n    Raw access.",
        ["operator\n    The group of operators.", "It is empty.", "disk\n    Raw access."],
    ),
    "no term": (
        "- Item\n  Second part\nThe steps:\n    Open it.",
        ["- Item", "Second part", "The steps:", "Open it."],
    ),
    "a first line set in": (
        "    It was the first line of a\nlong paragraph. It ends.",
        ["It was the first line of a\nlong paragraph.", "It ends."],
    ),
    "wrapped lines": (
        "This paragraph was wrapped by an editor at some\ncolumn and goes on. Then it ends.",
        ["This paragraph was wrapped by an editor at some\ncolumn and goes on.", "Then it ends."],
    ),
    "chinese": ("你好。今天天气很好！我们去吧？好", ["你好。", "今天天气很好！", "我们去吧？", "好"]),
    "carriage returns": ("One.\r\nTwo.\rThree.", ["One.", "Two.", "Three."]),
    "empty": ("", []),
    "white space": (" \n\t ", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_split_ends_a_sentence_where_a_reader_would(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("aB1 .!?\"'()\n\r。é😀\u2028\x00;:-"), max_size=80))
def test_sentences_are_in_order_and_lose_nothing_but_white_space(text: str) -> None:
    spans = split_sentences(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())


def test_clip_cuts_at_a_clause_within_the_limit() -> None:
    text = "First a clause that is long enough to keep, then another clause that goes too far"
    start, end = clip(text, 0, len(text), 50)
    assert text[start:end] == "First a clause that is long enough to keep"


def test_clip_leaves_a_short_span_alone_and_cuts_an_endless_word() -> None:
    assert clip("abc", 0, 3) == (0, 3)
    assert clip("a" * 1000, 0, 1000) == (0, 400)


def test_words_are_lower_case_numbers_keep_their_point_and_cjk_comes_in_pairs() -> None:
    assert words("Fernweh’s 1,250.50 EUR don't high-speed 東京都 x") == [
        "fernweh", "1250.50", "eur", "don't", "high", "speed", "東京", "京都", "x",
    ]  # fmt: skip


@settings(max_examples=200)
@given(st.text(st.sampled_from("aB1 ,.:'_S2\n-")))
def test_words_of_ascii_are_those_that_they_are_among_other_letters(text: str) -> None:
    assert [*words(text), "é"] == words(f"{text} é")


def test_stem_joins_the_forms_of_a_word() -> None:
    assert stem("returning") == stem("returns") == stem("returned")
    assert "the" in STOPWORDS
    assert "tent" not in STOPWORDS
