"""The question that is asked back, as a text that can be read again, and the reply that picks one of its options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memory.records import Turn
from memory.sentences import STOPWORDS, stem, words

LEAD = "Which one do you mean?"
_OPTION = re.compile(r"^(\d)\. (.+)$", re.M)
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
_BY_PLACE = re.compile(
    rf"^(?:i mean(?:t)? )?(?:the )?(?P<place>{'|'.join(_PLACES)}|last"
    r"|(?P<short>[1-6])(?:st|nd|rd|th))(?: (?:one|option))?$"
)
_BY_NUMBER = re.compile(r"^(?:option |number |no\.? |nr\.? |#)?(?P<number>[1-6])[.)]?$")
_FILLER = frozenset(("please", "mean", "meant", "thanks", "one", "option", "number", "choose", "pick", "take", "about"))
_VERBS = frozenset(
    ("is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "has", "have", "had", "should")
)
_ASKING = frozenset(("who", "whom", "whose", "what", "which", "when", "where", "why", "how"))
_MOST_WORDS = 8
_POINTER = re.compile(
    r"\b(?P<pronoun>it|its|they|them|their|he|him|his|she|her|this|that|these|those)\b(?: one\b)?", re.I
)
_OWNING = frozenset({"its", "their", "his"})


def ask_text(options: Sequence[str]) -> str:
    """The question with its options, one a line, numbered from 1."""
    return "\n".join([LEAD, *(f"{number}. {option}" for number, option in enumerate(options, 1))])


def offered(text: str) -> tuple[str, ...]:
    """The options that a text offers; empty if it asks nothing back."""
    if not text.startswith(LEAD):
        return ()
    return tuple(match[2].strip() for match in _OPTION.finditer(text))


def asks_back(history: Sequence[Turn]) -> tuple[str, ...]:
    """The options of the last turn, if it asked back."""
    return offered(history[-1].text) if history and history[-1].role == "assistant" else ()


def completed(reply: str, question: str, options: Sequence[str]) -> str:
    """The question that was asked, completed by a reply to the options; "" if the reply is something else.

    Args:
        reply: the user's message after the options were offered.
        question: what was asked before.
        options: what was offered.
    """
    if not options:
        return ""
    picked = pick(reply, options) or _another(reply)
    return _about(question, picked) if picked else ""


def pick(reply: str, options: Sequence[str]) -> str:
    """The option that a reply names, by number, place or words; "" if it names none or several."""
    plain = " ".join(reply.casefold().strip(" .!?").split())
    if match := _BY_NUMBER.match(plain):
        return _at(options, int(match["number"]) - 1)
    if match := _BY_PLACE.match(plain):
        place = match["place"]
        return options[-1] if place == "last" else _at(options, _place(place, match["short"]))
    said = _content(reply)
    if not said or len(words(reply)) > _MOST_WORDS:
        return ""
    named = [option for option in options if said <= _content(option) or _content(option) <= said]
    exact = [option for option in named if said == _content(option)]
    return (exact or named)[0] if len(exact or named) == 1 else ""


def _place(place: str, short: str | None) -> int:
    return int(short) - 1 if short else _PLACES.index(place)


def _at(options: Sequence[str], place: int) -> str:
    return options[place] if place < len(options) else ""


def _another(reply: str) -> str:
    """What a reply of a few words without a verb names, that was not among the options."""
    found = words(reply)
    if not _content(reply) or len(found) > 4 or _VERBS & set(found) or found[0] in _ASKING:
        return ""
    return re.sub(r"^(?:the|an?)\s+", "", reply.strip(" .!?"), flags=re.I)


def _about(question: str, thing: str) -> str:
    """A question about one thing: in the place of the word that pointed to it, else behind it."""
    match = _POINTER.search(question)
    if match is None:
        return f"{question.strip().rstrip(' ?.!')} ({thing})?"
    is_possessive = match["pronoun"].casefold() in _OWNING
    name = (thing + ("'" if thing.endswith("s") else "'s")) if is_possessive else thing
    return f"{question[: match.start()]}{name}{question[match.end() :]}".strip()


def _content(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text) if word not in STOPWORDS and word not in _FILLER)
