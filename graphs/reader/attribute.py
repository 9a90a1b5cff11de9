"""What a question asks of its subject: the speed of a boat, the bank of a company; and whether a text says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graphs.language.lexicon import meaning
from graphs.language.verbs import ANY_AUX, AUXILIARIES, word_set
from memory.sentences import STOPWORDS, words

ALIKE = 5
"""Letters from which two stems that begin alike are taken for forms of one word."""
_NOUN = re.compile(
    rf"^(?:\w+ )??(?:what|which|how many|how much) (?!(?:{ANY_AUX})\b)(?P<run>[\w’'&-]+(?: [\w’'&-]+)*)", re.I
)
_OF = re.compile(
    r"^(?:what|who)(?:[’']s| is| are| was| were) (?:the|its|their|his|her|your|our) (?P<noun>[\w’'&-]+(?: [\w’'&-]+)*?)"
    r"(?: (?:of|for|on|in|at|to|from|by|with|per|between|during|after|before)\b.*)?$",
    re.I,
)
_COUNT_OF = re.compile(
    r"^what(?:[’']s| is| are| was| were) the (?:(?:total|exact|current|average|maximum|minimum|approximate) )?"
    r"(?:number|amount) of (?P<noun>[\w’'&-]+)\b",
    re.I,
)
_WHOSE = re.compile(
    r"^(?:what|who)(?:[’']s| is| are| was| were) [^,;]+(?:[’']s|s[’']) (?P<noun>[\w&-]+(?: [\w&-]+)*?)"
    r"(?: (?:of|for|on|in|at|to|from|by|with|per|between|during|after|before)\b.*)?$",
    re.I,
)
_HOW = re.compile(
    r"^how (?P<how>long|tall|high|wide|deep|thick|heavy|fast|loud|old|hot|cold|warm|bright|big|large|far|strong)\b",
    re.I,
)
_HOW_OF = re.compile(
    r"^how \w+ (?:is|are|was|were) (?:the|an?|my|your|our|its|their) (?P<noun>[\w’'&-]+(?: [\w’'&-]+)*?)"
    r"(?: (?:of|for|on|in|at|to|from|by|with|per|between|during|after|before)\b.*)?$",
    re.I,
)
_GENERIC = frozenset(
    meaning(word)
    for word in word_set(
        """
        name names number amount kind kinds type types sort thing things value information details one ones price cost
        fee fees size product products item items model way percentage share part word words total reason purpose
        """
    )
)
"""Nouns that hardly say what is asked."""
_NUMBERS = frozenset({"number", "numbers", "no"})
_DIMENSIONS = tuple(
    frozenset(meaning(word) for word in word_set(group))
    for group in ("long length", "wide width breadth", "high tall height", "deep depth", "thick thickness", "diameter")
)
_SPAN = r"\d\s?(?:[cmk]?m|ft|in)\b|_[cmk]?m\b|\((?:[cmk]?m|ft)\)|\b(?:met(?:er|re)s?|feet|foot|inch(?:es)?|miles?)\b"
_TIME = r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|min)\b"
_UNITS = tuple(
    (frozenset(meaning(word) for word in word_set(asked)), re.compile(unit, re.I))
    for asked, unit in (
        ("heavy weight mass", r"(?:\b|\d|_)(?:k?g|mg|lbs?|oz)\b|\bgrams?\b|\bpounds?\b|\btons?\b"),
        ("load capacity payload volume content", r"(?:\b|\d|_)(?:k?g|m?l|lbs?|t)\b|lit(?:er|re)s?\b|\b[GT]B\b"),
        ("speed velocity pace fast", r"km/h|\bmph|\bkph|m/s|\bknots?\b|\bper (?:second|hour)|\brpm\b|\bmach\b|bit/s"),
        ("temperature hot cold warm", r"°|degree|celsius|fahrenheit|kelvin"),
        ("bright brightness luminosity", r"\b(?:lumens?|lm|candela|lux)\b"),
        ("power output wattage consumption", r"(?:\b|\d|_)[km]?W\b|\bwatts?\b|\bhp\b|\bkWh\b"),
        ("loud noise volume", r"(?:\b|\d|_)dB\b|decibel"),
        ("pressure", r"\b(?:bar|psi|k?pa|hpa)\b"),
        ("voltage", r"(?:\b|\d|_)V\b|\bvolts?\b"),
        ("duration time runtime long fast lifetime lifespan life old age term period warranty", _TIME),
        ("distance range far altitude elevation", _SPAN),
    )
)
"""What is measured -> how its unit is written, in a sentence or behind a column's name."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """heads: stems by meaning of the noun that is asked for. others: of words that may say it as well, as verbs do.

    whose: of the noun that is measured: the warranty of `how long is the warranty on tents`.
    """

    heads: frozenset[str]
    others: frozenset[str] = frozenset()
    whose: frozenset[str] = frozenset()


def attribute_of(question: str) -> Attribute | None:
    """Return what a question asks of its subject; None where it names nothing that could be missed."""
    body = " ".join(question.split()).rstrip(" ?.!")
    if match := _HOW.match(body):
        measured = _HOW_OF.match(body)
        whose = meanings(measured["noun"].split()[-1]) if measured else frozenset[str]()
        return Attribute(frozenset({meaning(match["how"].casefold())}), whose=whose)
    if match := _COUNT_OF.match(body):
        return _named(meanings(match["noun"]), frozenset())
    if match := _OF.match(body) or _WHOSE.match(body):
        return _named(_head(match["noun"].split()), frozenset())
    match = _NOUN.match(body)
    if match is None:
        return None
    run, after = _run(match["run"].split())
    return _named(meanings(run[-1]), meanings(" ".join(after))) if run else None


def _head(noun: Sequence[str]) -> frozenset[str]:
    """What a noun of several words is by meaning: its last, and of a `phone number` the phone."""
    return meanings(noun[-2] if len(noun) > 1 and noun[-1].casefold() in _NUMBERS else noun[-1])


def _named(heads: frozenset[str], others: frozenset[str]) -> Attribute | None:
    return Attribute(heads, others - heads) if heads and not heads & _GENERIC else None


def _run(following: list[str]) -> tuple[list[str], list[str]]:
    """The nouns behind a question word, and what comes after; before a determiner stands their verb."""
    ends = (at for at, word in enumerate(following) if word.casefold() in STOPWORDS or (at and word[:1].isupper()))
    end = next(ends, len(following))
    is_verb = end > 1 and end < len(following) and following[end].casefold() not in AUXILIARIES
    return following[: end - is_verb], following[end - is_verb :]


def says_attribute(asked: Attribute, text: str, subject: frozenset[str] = frozenset()) -> bool:
    """Whether a text says what is asked: by the word, a form of it, or a value in its unit.

    Args:
        asked: from `attribute_of`.
        text: a sentence, or a row with the names of its columns.
        subject: stems of whom it is asked, which say nothing of what.
    """
    said = meanings(text.replace("_", " "))
    if _meets(asked.heads, said) or _meets(asked.others - subject, said):
        return True
    is_extent = any(group & asked.heads for group in _DIMENSIONS)
    if is_extent and re.search(_SPAN, text) and not any(group & said for group in _DIMENSIONS):
        return True
    return any(names & asked.heads and unit.search(text) for names, unit in _UNITS)


def _meets(asked: frozenset[str], said: frozenset[str]) -> bool:
    begun = {word[:ALIKE] for word in said if len(word) >= ALIKE}
    return any(word in said or (len(word) >= ALIKE and word[:ALIKE] in begun) for word in asked)


def meanings(text: str) -> frozenset[str]:
    """Content words of a text by meaning."""
    return frozenset(meaning(word) for word in words(text) if word not in STOPWORDS)
