"""The nouns of an English question: which one a pronoun stands for, and in whose place another one can stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_NO_NOUN = STOPWORDS | {"i", "there", "allowed", "possible", "necessary"}


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


def noun_after(text: str, end: int) -> str:
    """The common noun right behind a name, with the space before it: the ` syndrome` of the Kessler syndrome."""
    match = _FOLLOWING.match(text, end)
    return match.group() if match and _is_noun(match.group().strip()) else ""


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
    articled = list(_ARTICLED.finditer(body))
    if _ONE.match(part) and articled:
        return _adjective(articled[-1])
    if found := _OF.search(body):
        return found.span("noun")
    if articled:
        return articled[-1].span()
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
    found = _ARTICLED.search(body)
    return f"the {found['noun']}" if found else ""


def _adjective(found: re.Match[str]) -> tuple[int, int]:
    """The first word of a noun phrase of several; the end of a single one's article."""
    first = re.match(r"[\w’'-]+(?=\s)", found["noun"])
    start = found.start("noun")
    return (start, start + first.end()) if first else (start, start)


def _is_noun(word: str) -> bool:
    """Whether a word can be a noun, as far as its form tells."""
    plain = (words(word) or [""])[0]
    return bool(plain) and plain not in _NO_NOUN and not plain.endswith("ly")
