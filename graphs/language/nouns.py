"""The nouns of an English question: which one a pronoun stands for, and in whose place another one can stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.language.subject import is_predicate
from graphs.language.verbs import BASE_VERBS, is_participle, word_set
from memory.sentences import STOPWORDS, words

_AFTER = (
    r"(?=\s+(?:for|in|on|at|to|from|with|by|is|are|was|were|do|does|did|cost|costs|take|takes|work|works|run|runs|have|has"
    r"|had|that|which|last|open|opens|close|closes|start|starts|end|ends|stop|stops|weigh|need)\b|\s*[?.!,]|\s*$)"
)
_ARTICLED = re.compile(
    rf"\b(?P<article>the|a|an|my|your|our)\s+(?P<noun>(?:[\w’'-]+\s+){{0,2}}?[\w’'-]+(?:\s+of\s+[\w’'-]+)?){_AFTER}",
    re.I,
)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|could|will|would|should|may|must|has|have|had)\s+(?P<noun>[\w’'-]+)\b", re.I
)
_OF = re.compile(r"\bof\s+(?P<noun>[\w’'-]+(?:\s+[\w’'-]+)?)$", re.I)
_LAST = re.compile(r"(?P<noun>[\w’'-]+)$")
_PREPOSED = re.compile(r"\b(?:in|on|at|to|from|with|by|near|for|between|through)\s+(?:the\s+)?$", re.I)
_ARTICLE = re.compile(r"^(?:the|an?|my|your|our)\s+", re.I)
_ONE = re.compile(r"^(?:the\s+)?(?P<which>[\w’'-]+)\s+ones?$", re.I)
_FOLLOWING = re.compile(rf"\s+[a-z][\w’'-]+{_AFTER}")
_BEFORE_VERB = word_set("do does did can could may must should shall will would")
_BEFORE_PREDICATE = word_set("is are was were has have had")
_NO_VERB_FOLLOWS = re.compile(
    r"\s+(?:for|in|on|at|to|from|with|by|that|which)\b|\s*[?.!,)]|\s*$",
    re.I,
)
_WORD = re.compile(r"[\w’'-]+")
_NO_NOUN = STOPWORDS | {"i", "there", "allowed", "possible", "necessary"}


class _Phrase(NamedTuple):
    """A noun with its article: characters [start, end) of a question, the noun from `noun` on."""

    start: int
    noun: int
    end: int


def noun_for(question: str, *, is_plural: bool) -> str:
    """The noun that a pronoun in a following question stands for; "" if there is none.

    A plural one stands for the subject; "it" for what has an article, else for the subject, else for the last noun.
    """
    body = question.strip().rstrip(" ?.!")
    subject = next((found["noun"] for found in _AUXILIARY.finditer(body) if _is_noun(found["noun"])), "")
    if is_plural:
        return subject if subject.endswith("s") else _articled(body) or subject
    # The subject comes first: the kettle in "Does the kettle have a timer?" and in "the price of the kettle".
    if articled := _articled(body):
        return articled
    if subject and not subject.endswith("s"):
        return subject
    last = _LAST.search(body)
    return last["noun"] if last and _is_noun(last["noun"]) and _PREPOSED.search(body[: last.start()]) else ""


def noun_after(text: str, start: int, end: int) -> str:
    """The common noun right behind the name at [start, end), with the space before it.

    That is the ` syndrome` of the Kessler syndrome, but nothing in "How far does the Wend flow?".
    """
    match = _FOLLOWING.match(text, end)
    if match is None or not _is_noun(match.group().strip()):
        return ""
    return match.group() if _before_verb(text, start, match.end()) == match.end() else ""


def slot_for(part: str, body: str, names: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Where in a question another thing belongs; an empty span if nowhere.

    Args:
        part: the other thing, as "Venus", "an adult ticket" or "the monthly one".
        body: the question without its mark.
        names: spans of the names in it.
    """
    if names and not _ONE.match(part):
        free = [span for span in names if not _PREPOSED.search(body[: span[0]])]
        return free[0] if free else names[-1]
    articled = _articled_phrases(body)
    if _ONE.match(part) and articled:
        return _adjective(body, articled[-1])
    if found := _OF.search(body):
        return found.span("noun")
    if articled:
        return articled[-1].start, articled[-1].end
    subject = next((found for found in _AUXILIARY.finditer(body) if _is_noun(found["noun"])), None)
    last = subject or _LAST.search(body)
    return last.span("noun") if last and _is_noun(last["noun"]) else (0, 0)


def fitted(part: str, before: str, replaced: str) -> str:
    """A part as it fits its place: no second article, the noun left out of "the monthly one", a possessive's ending."""
    if one := _ONE.match(part):
        return one["which"]
    bare = _ARTICLE.sub("", part) if re.search(r"\b(?:the|an?)\s+$", before, re.I) else part
    return bare + ("'s" if replaced.endswith(("'s", "’s")) and not bare.endswith(("'s", "’s")) else "")


def _articled(body: str) -> str:
    phrases = _articled_phrases(body)
    return f"the {body[phrases[0].noun : phrases[0].end]}" if phrases else ""


def _articled_phrases(body: str) -> list[_Phrase]:
    """The nouns that have an article, each without a verb behind it."""
    return [
        _Phrase(found.start(), found.start("noun"), _before_verb(body, found.start("noun"), found.end("noun")))
        for found in _ARTICLED.finditer(body)
    ]


def _before_verb(body: str, start: int, end: int) -> int:
    """Where a noun phrase [start, end) ends, without the verb or predicate of the question whose subject it is.

    The verb is left out of "does the lark lay", "was the bridge built" and "is the museum free".
    """
    auxiliary = re.search(r"\b(?P<auxiliary>\w+)\s+(?:(?:the|an?|my|your|our)\s+)?$", body[:start], re.I)
    later = list(_WORD.finditer(body, start, end))[1:]
    if auxiliary is None or not later or not _NO_VERB_FOLLOWS.match(body, end):
        return end
    said = auxiliary["auxiliary"].casefold()
    at_end = not body[end:].strip(" ?.!,)")
    verb = later[-1] if at_end and said in _BEFORE_VERB else None
    if said in _BEFORE_VERB:
        verb = next((word for word in reversed(later) if word[0] in BASE_VERBS), verb)
    elif said in _BEFORE_PREDICATE and (is_participle(later[-1][0]) or is_predicate(later[-1][0])):
        verb = later[-1]
    return end if verb is None else start + len(body[start : verb.start()].rstrip())


def _adjective(body: str, phrase: _Phrase) -> tuple[int, int]:
    """The first word of a noun phrase of several; the end of a single one's article."""
    first = re.match(r"[\w’'-]+(?=\s)", body[phrase.noun : phrase.end])
    return (phrase.noun, phrase.noun + first.end()) if first else (phrase.noun, phrase.noun)


def _is_noun(word: str) -> bool:
    """Whether a word can be a noun, as far as its form tells."""
    plain = (words(word) or [""])[0]
    return bool(plain) and plain not in _NO_NOUN and not plain.endswith("ly")
