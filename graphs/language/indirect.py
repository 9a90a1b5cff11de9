"""Questions told in a sentence: that it was not found until when visitors may stay."""

from __future__ import annotations

import re

from graphs.language.subject import ASKED, is_predicate
from graphs.language.verbs import ANY_AUX, BASE_VERBS, is_participle, past, third_person, word_set

SILENCE = "I did not find in the sources"
"""Of one question among several: true also where the sources say it in words that were not understood."""
_OPENING = re.compile(rf"^(?P<aux>{ANY_AUX})\s+(?P<rest>.+)$", re.I)
_HINT = re.compile(r"\s*\([^()]*\)$")
_BE = word_set("is are was were am")
_HAVE = word_set("have has had")
_DO = word_set("do does did")
_ARTICLES = word_set("the a an my your our his her its their this that these those")
_TURNED = {"i": "you", "me": "you", "my": "your", "mine": "yours", "we": "you", "us": "you", "our": "your"}


def silence_on(question: str) -> str:
    """Say of a question that no answer was found: as a clause, or in its own words where that is not sure."""
    told = indirect(question)
    return f"{SILENCE} {told}." if told else f"{SILENCE}: “{_HINT.sub('', question.rstrip(' ?'))}?”"


def indirect(question: str) -> str:
    """Return a question as a clause, `until when visitors may stay`; "" where its subject cannot be told."""
    body = _HINT.sub("", question.strip().rstrip(" ?.!"))
    asked = ASKED.match(f"{body} ")
    wh, rest = (asked[0].strip(), body[asked.end() :].strip()) if asked else ("whether", body)
    opening = _OPENING.match(rest)
    if opening is None:
        return f"{_lowered(wh)} {_to_user(rest)}" if asked and rest else ""
    aux, following = opening["aux"].casefold(), opening["rest"].split()
    place = _end_of_subject(aux, following, is_polar=asked is None)
    if not place:
        return ""
    subject, predicate = following[:place], following[place:]
    return f"{_lowered(wh)} {_to_user(' '.join([*subject, *_inflected(aux, subject, predicate)]))}"


def _inflected(aux: str, subject: list[str], predicate: list[str]) -> list[str]:
    """The predicate behind its subject: the auxiliary first, `do` as the ending of the verb."""
    if aux not in _DO:
        return ["are" if aux == "am" else aux, *predicate]
    if predicate[0] not in BASE_VERBS or aux == "do":
        return predicate
    verb = past(predicate[0]) if aux == "did" else third_person(predicate[0])
    return [verb, *predicate[1:]]


def _end_of_subject(aux: str, following: list[str], *, is_polar: bool) -> int:
    """How many words behind an auxiliary are the subject; 0 if nobody can tell."""
    places = range(1, len(following))
    free = [at for at in places if following[at - 1].casefold() not in _ARTICLES]
    if following[0].casefold() in ("i", "you", "he", "she", "it", "we", "they", "there"):
        return 1
    if aux in _BE:
        found = next((at for at in free if is_predicate(following[at]) or is_participle(following[at])), 0)
        return found or (0 if is_polar else len(following))
    if aux in _HAVE:
        return next((at for at in free if is_participle(following[at])), 0)
    found = next((at for at in free if following[at] in BASE_VERBS), 0)
    return found or (1 if len(following) == 2 else 0)


def _to_user(text: str) -> str:
    """What somebody asks of himself, told to him; as it is where he speaks to somebody."""
    parts = text.split()
    if "you" in parts or "your" in parts:
        return text
    return " ".join(
        _TURNED.get(part.casefold(), part) if part in ("I", "i") or part.islower() else part for part in parts
    )


def _lowered(wh: str) -> str:
    return wh[:1].lower() + wh[1:]
