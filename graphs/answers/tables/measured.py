"""What a question measures or counts, held against the name of a column: how heavy asks for a weight."""

from __future__ import annotations

import re

from graphs.answers.said import stems
from graphs.answers.tables.fields import NUMBER, Field
from graphs.language.quantities import Quantity, find_values
from graphs.reader.question import Question

MONEY = stems("price cost fee amount charge")
MEASURED = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.I), stems(names))
    for asked, names in (
        ("heavy|weighs?", "weight mass"),
        ("tall|high", "height"),
        ("wide", "width"),
        ("deep", "depth"),
        ("how (?:big|large)", "size area"),
        ("fast", "speed"),
        ("loud|noisy|quiet|silent", "noise sound loudness"),
        ("thick", "thickness"),
        ("hot|cold|warm", "temperature"),
        ("powerful|strong", "power"),
        ("long", "length duration term time"),
        ("means?|stands? for", "meaning description definition explanation purpose"),
        ("when", "date year day time deadline hours"),
        ("where", "place location city address room country"),
        (
            "what (?:should|must|can|do|shall|could|has to|needs to) (?:i|we|you|one|be) (?:do|done)|what to do|fix"
            "|solve|resolve|repair|cure|get rid of",
            "remedy action solution fix cure correction countermeasure",
        ),
    )
)
"""What a question asks for without naming it -> the names of columns that say it."""
_COUNTING = stems("many much number take takes last lasts need needs needed require required")


def measured(question: Question) -> frozenset[str]:
    """Stems of what columns are called that a question measures by: weight, where it asks how heavy."""
    found = frozenset(name for pattern, names in MEASURED if pattern.search(question.text) for name in names)
    return found | MONEY if question.kind == "money" else found


def is_named(question: Question, one: Field) -> bool:
    """Whether a question says a word of a cell's name, or measures by it."""
    return bool(stems(one.label) & (stems(question.text) | measured(question)))


def is_given_otherwise(question: Question, one: Field) -> bool:
    """Whether a question says another number of what a cell counts: `two persons` of `persons: 6`."""
    if not NUMBER.fullmatch(one.value):
        return False
    counted = [
        found.value.raw
        for found in find_values(question.text)
        if isinstance(found.value, Quantity)
        and stems(" ".join(question.text[found.end :].split()[:1])) & stems(one.label)
    ]
    own = find_values(one.value)
    return bool(counted and own) and all(
        isinstance(own[0].value, Quantity) and own[0].value.raw != number for number in counted
    )


def is_money_instead(question: Question, one: Field) -> bool:
    """Whether a cell is a price where something else is measured: of `how much does it weigh?` it says nothing."""
    wanted = measured(question)
    return bool(wanted) and not wanted & MONEY and bool(stems(one.label) & MONEY - stems(question.text))


def asks_no_more(question: Question, one: Field, known: frozenset[str]) -> bool:
    """Whether a question says nothing but a cell's name, what is measured by it, and words that are known."""
    implied = {stem for pattern, _ in MEASURED for word in pattern.findall(question.text) for stem in stems(word)}
    money = stems("cost costs price pay") if stems(one.label) & MONEY else frozenset[str]()
    return stems(question.text) <= stems(one.label) | known | implied | money | _COUNTING
