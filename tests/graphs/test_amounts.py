"""Lists of amounts: how much of a thing is told by its own line, and by no other."""

from __future__ import annotations

import pytest

from graphs.answers.said import sentences_of
from graphs.answers.shaping import shape
from graphs.reading import Reading
from memory.records import Claim
from tests.graphs.tabled import hits_of, kept

SOUP = """
# Lentil soup (serves 4)

Ingredients:

- 300 g red lentils
- 2 carrots
- 1.2 litres vegetable stock
- 1 tsp cumin
- 3 days in the fridge, or 3 months in the freezer.

1. Add the lentils and the cumin, then the stock.
2. Simmer for 30 minutes.
"""
UNSURE = 0.4


def shaped(question: str) -> Reading:
    """What becomes of a reading that chose a step."""
    hits = hits_of(kept(SOUP, "soup.md"))
    step = next(said for said in sentences_of(hits) if "Simmer" in said.text)
    return shape(question, Reading((Claim("c1", step.text, (step.citation(),)),), "30 minutes", hits, UNSURE))


@pytest.mark.parametrize(
    ("question", "told", "short"),
    [
        ("How much lentils do I need?", "300 g red lentils", "300 g"),
        ("How many carrots are needed?", "2 carrots", "2"),
        ("How much vegetable stock goes into the soup?", "1.2 litres vegetable stock", "1.2 litres"),
        ("How much cumin do I need?", "1 tsp cumin", "1 tsp"),
    ],
)
def test_how_much_of_a_thing_is_told_by_its_line(question: str, told: str, short: str) -> None:
    reading = shaped(question)
    assert ([claim.text for claim in reading.claims], reading.short_answer) == ([told], short)
    assert reading.answerable > UNSURE


@pytest.mark.parametrize(
    "question",
    ["How many green lentils do I need?", "How many tomatoes are needed?", "How much does it cost?", "What is in it?"],
)
def test_what_no_line_says_is_not_told_by_one(question: str) -> None:
    assert shaped(question).answerable <= UNSURE
