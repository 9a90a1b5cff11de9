"""Making a follow-up stand alone: only when it depends on the conversation, by rules that need no model.

The rules know English. A question in another language stays as it is, unless a chat model condenses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from graphs.language.nouns import fitted, noun_after, noun_for, slot_for
from graphs.language.picking import asks_back, completed
from graphs.language.smalltalk import is_small_talk
from graphs.language.subject import subject_of
from graphs.language.verbs import AUXILIARIES, is_finite, is_participle, word_set
from memory.records import Turn
from memory.sentences import STOPWORDS, words

MAX_CHARACTERS = 4_000
_CONSIDERED = 8
_PERSON = r"he|she|him|her|his|hers|himself|herself"
_THING = r"it|its|itself|they|them|their|theirs|themselves"
_POINTING = r"this|that|these|those"
_PRONOUN = re.compile(rf"\b(?:{_PERSON}|{_THING})\b", re.I)
_ALONE = re.compile(
    # "that" and "this" point back only where no noun follows that they could belong to.
    rf"\b(?:{_POINTING})(?=\s*[?.!,]|\s*$|\s+(?:is|was|are|were|one|ones|happen|happened|mean|means|work|works|cost"
    rf"|costs|apply|applies|come|comes|include|includes|affect|affects|need|needs|start|starts|end|ends|too|also|again|about|for|in|on|at|by|with|from|possible|true|all)\b)",
    re.I,
)
_OTHER = re.compile(
    r"\b(?:the (?:former|latter|same|other|others|first|second|third|last) ?(?:one)?|which (?:one|ones|of (?:them|these"
    r"|those))|(?:another|any other) one|that one|this one|(?:what|who|where|anything|anyone) else"
    r"|tell me more|more (?:details?|about (?:it|that|this)))\b",
    re.I,
)
_EXPLETIVE = re.compile(
    r"\b(?:it (?:is|was|would be|will be)|(?:is|was|would|will|does|can) it(?: be)?) (?:\w+ly )?(?:possible|necessary"
    r"|true|required|allowed|important|legal|safe|time|worth|okay|ok|take|rain|snow)\b|\bit takes?\b",
    re.I,
)
_LEAD = re.compile(
    r"^(?:(?:ok(?:ay)?|and|but|so|or|also|then|now|well|thanks|great|what about|how about|what of|same for"
    r"|what if it(?:'s| is))\b[\s,:]*)+",
    re.I,
)
_ELLIPTIC_LEAD = re.compile(r"^(?:ok(?:ay)?[\s,]+)?(?:and|but|or|also|what about|how about|what of|same for)\b", re.I)
_WH = re.compile(
    r"^(?:(?:in|at|on|by|for|with|from|to|of|since|until) )?(?:who|whom|whose|what|which|where|when|why"
    r"|how(?: (?:much|many|long|often|old|far|big|tall|large|high|fast|soon))?)\b",
    re.I,
)
_PREPOSITION = re.compile(
    r"^(?:for|in|on|at|of|to|from|with|without|by|during|after|before|under|over|near|outside|inside|within)\b", re.I
)
_NAME = re.compile(r"\b[A-Z0-9][\w’'-]*(?:\s+(?:of\s+the\s+|of\s+|the\s+|de\s+|von\s+|van\s+)?[A-Z0-9][\w’'-]*)*")
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)\b",
    re.I,
)
_SUBJECTLESS = re.compile(
    r"^(?:(?:in|at|on|by|for|with|from|to|of|since|until) )?"
    r"(?:who|whom|what|which|when|where|why|how(?: (?:many|much))?)(?: (?:people|persons|of them))?"
    r"(?P<rest>(?: [a-z’'-]+)+)[ ?!.]*$",
    re.I,
)
_BE = word_set("is are was were am be been being has have had")
_ADVERBS = word_set(
    "actually afterwards again also altogether eventually exactly finally first in next overall then total"
)
_IDENTIFIED = re.compile(r"^\s*(?:and\s+|so\s+)?who\s+(?:is|was|(?:are|were)(?:\s+the)?)\s+$", re.I)
_ROLE_OF = re.compile(r"^(?:[A-Z]{2,}|President|King|Queen|Head|Captain|Director|Chair\w*|Minister|Mayor|Leader)\b")
_PLURAL = frozenset(("they", "them", "their", "theirs", "themselves", "these", "those"))
_LONGEST_NAME = 60
_MOST_OF_A_PART = 5


class Spoken(NamedTuple):
    """A question as it would be asked alone, and the short answer it got."""

    question: str
    short_answer: str


def depends(question: str) -> bool:
    """Whether a question cannot be understood without what was said before it."""
    text = question.strip()
    if _ELLIPTIC_LEAD.match(text) or _OTHER.search(text) or _ALONE.search(text):
        return True
    if _is_fragment(text) or _is_subjectless(text):
        return True
    rest = _EXPLETIVE.sub("", text)
    pronoun = _PRONOUN.search(rest)
    # A name before the pronoun is what it stands for: "When was Tesla born and where did he die?"
    return pronoun is not None and not _names(rest[: pronoun.start()])


def dangles(question: str) -> bool:
    """Whether a pronoun of a question stands for nothing that the question names."""
    rest = _EXPLETIVE.sub("", question.strip())
    return (_PRONOUN.search(rest) or _ALONE.search(rest)) is not None and not _names(rest)


def condense(question: str, history: Sequence[Turn]) -> str:
    """Return the question as it would be asked alone; itself if it does not depend on the conversation.

    Args:
        question: the user's message.
        history: the turns before it, oldest first.
    """
    before = _spoken(history)
    if before and (picked := completed(question, before[-1].question, asks_back(history))):
        return picked[:MAX_CHARACTERS]
    if not before:
        return question
    if not depends(question):
        return _with_full_name(question, before[-1].question)
    return _stand_alone(question, before[-1])[:MAX_CHARACTERS]


def _spoken(history: Sequence[Turn]) -> list[Spoken]:
    """What was asked before, each question made to stand on the one before it, with its short answer."""
    spoken: list[Spoken] = []
    turns = list(history)[-_CONSIDERED:]
    for turn, following in pairwise([*turns, None]):
        if turn is None or turn.role != "user" or is_small_talk(turn.text):
            continue
        question = _asked_alone(turn.text, spoken, turns[: turns.index(turn)])
        answered = following is not None and following.role == "assistant" and not following.abstained
        # Of several answers the first is what a pronoun stands for: who it was, rather than when.
        short = following.short_answer.partition("; ")[0] if following and answered else ""
        spoken.append(Spoken(question.strip(), short))
    return spoken


def _asked_alone(text: str, spoken: Sequence[Spoken], before: Sequence[Turn]) -> str:
    """A question of the conversation as it would be asked alone, given those before it."""
    if not spoken:
        return text
    if picked := completed(text, spoken[-1].question, asks_back(before)):
        return picked
    return _stand_alone(text, spoken[-1]) if depends(text) else text


def _stand_alone(question: str, before: Spoken) -> str:
    """Fill a dependent question from the one before it."""
    text = question.strip()
    bare = _LEAD.sub("", text).strip() or text
    if _PRONOUN.search(_EXPLETIVE.sub("", bare)) or _ALONE.search(bare):
        return _with_antecedent(bare, before)
    if _OTHER.search(bare):
        return f"{before.question} {bare}"
    if _is_bare_wh(bare):
        return _with_other_wh(bare, before.question)
    if _is_fragment(bare) or (_ELLIPTIC_LEAD.match(text) and _is_part(bare)):
        return _with_other_part(bare, before.question)
    if _is_subjectless(bare):
        return f"{bare.rstrip(' ?.!')} ({_subject(before)})?"
    return bare if _names(bare) else f"{bare.rstrip(' ?.!')} ({_topic(before)})?"


def _is_fragment(text: str) -> bool:
    """A few words without a verb: they only make sense as a part of the question before."""
    if _is_bare_wh(text):
        return True
    if not words(text):
        return False
    count = len(text.split())
    return (
        count <= 6 and not _WH.match(text) and not _VERB.search(text) and bool(_PREPOSITION.match(text) or count <= 1)
    )


def _is_bare_wh(text: str) -> bool:
    """Only a question word: "Why?", "Since when?", "How much?"."""
    match = _WH.match(text)
    return match is not None and not text[match.end() :].strip(" ?!.")


def _is_subjectless(text: str) -> bool:
    """Whether a question has a verb but names nothing that it is said of: "Who won?", "How many were killed?"."""
    match = _SUBJECTLESS.match(text)
    if match is None or _PRONOUN.search(text):
        return False
    said = [word for word in match["rest"].split() if word not in _ADVERBS]
    if not said or not all(word in AUXILIARIES or word in _BE or is_finite(word) for word in said):
        return False
    # What stands behind a form of "to be" has to be a participle: "How much is rent?" asks about the rent.
    return all(after in _BE or is_participle(after) for before, after in pairwise(said) if before in _BE)


def _subject(before: Spoken) -> str:
    """What the question before is about: the one name in it, or the noun, else its content words."""
    names = _inner_names(before.question)
    return (_antecedent("it", before) if len(names) < 2 else "") or _topic(before)


def _with_other_wh(bare: str, previous: str) -> str:
    """The question before, asked with another question word."""
    asked = bare.rstrip(" ?!.")
    match = _WH.match(previous)
    if match is None:
        return f"{asked} {previous[:1].lower()}{previous[1:]}"
    return f"{asked}{previous[match.end() :]}"


def _is_part(text: str) -> bool:
    """Whether a text of a few words could stand in the place of a part of a question."""
    return 0 < len(text.split()) <= _MOST_OF_A_PART and not _WH.match(text) and not _VERB.search(text)


def _with_other_part(bare: str, previous: str) -> str:
    """The question before, about something else: "and for X?" or "what about X?"."""
    part = bare.strip(" ?!.")
    body = previous.rstrip(" ?!.")
    preposition = _PREPOSITION.match(part)
    if preposition:
        same = re.search(rf"\b{preposition.group()}\s+[^?,;]*$", body, re.I)
        return f"{body[: same.start()] if same else body + ' '}{part}?"
    start, end = slot_for(part, body, _inner_names(body))
    if start == end:
        return f"{body}: {part}?"
    return f"{body[:start]}{fitted(part, body[:start], body[start:end])}{body[end:]}?"


def _with_antecedent(bare: str, before: Spoken) -> str:
    """Put what a pronoun stands for in its place; the first one is enough to know what is meant."""
    match = min(
        (found for pattern in (_PRONOUN, _ALONE) if (found := pattern.search(_blank_expletives(bare)))),
        key=lambda found: found.start(),
    )
    pronoun = match.group().casefold()
    antecedent = _antecedent(pronoun, before)
    if not antecedent:
        return f"{bare.rstrip(' ?.!')} ({_topic(before)})?"
    if _owns(pronoun, bare[match.end() :]):
        antecedent += "'" if antecedent.endswith("s") else "'s"
    filled = f"{bare[: match.start()]}{antecedent}{bare[match.end() :]}"
    return filled[:1].upper() + filled[1:]


def _owns(pronoun: str, following: str) -> bool:
    """Whether a pronoun is a possessive; `her` is one only before a noun."""
    if pronoun == "her":
        return bool(re.match(r"\s+[\w’'-]+", following))
    return pronoun in {"his", "its", "their"}


def _antecedent(pronoun: str, before: Spoken) -> str:
    """What a pronoun most likely stands for: what was asked for, else the last name, else the noun that fits."""
    is_person = re.fullmatch(_PERSON, pronoun) is not None
    if _names_answer(pronoun, before, is_person):
        return before.short_answer
    names = _inner_names(before.question)
    if names:
        start, end = names[0] if is_person else names[-1]
        article = "the " if re.search(r"\bthe $", before.question[:start], re.I) else ""
        return article + before.question[start:end] + (noun_after(before.question, start, end) if article else "")
    if is_person:
        return ""
    return noun_for(before.question, is_plural=pronoun in _PLURAL) or subject_of(before.question)


def _names_answer(pronoun: str, before: Spoken, is_person: bool) -> bool:
    """Whether a pronoun stands for the short answer: whoever was asked for, or the one thing of a kind."""
    answer = before.short_answer
    if _asks_who_one_is(before.question):
        return False
    if not answer or len(answer) > _LONGEST_NAME or not answer[:1].isalpha():
        return False
    if re.match(r"\s*(?:who|whom|whose)\b", before.question, re.I):
        return is_person or pronoun in _PLURAL
    is_one = re.match(
        r"\s*(?:which|what)\s+\w*[^\Ws]\s+(?!of\b)\w+s\b(?<!is)(?<!was)(?<!does)(?<!has)", before.question, re.I
    )
    return is_one is not None and not is_person and pronoun not in _PLURAL


def _asks_who_one_is(question: str) -> bool:
    """Whether a question names a person and asks who that is: "Who was Ada Quill?", not "Who was Quill's wife?"."""
    names = _inner_names(question)
    if not names or not _IDENTIFIED.match(question[: names[0][0]]):
        return False
    start, end = names[0]
    named, rest = question[start:end], question[end:].strip(" ?!.")
    return (not rest or rest.startswith(",")) and not named.endswith(("'s", "’s")) and not _ROLE_OF.match(named)


def _with_full_name(question: str, previous: str) -> str:
    """A question with "that canal" put as the canal that the question before names; as it is if it names none."""
    for match in re.finditer(rf"\b(?:{_POINTING})\s+(?P<noun>[a-z]+)\b", question):
        for start, end in _inner_names(previous):
            if words(match["noun"])[:1] == words(previous[start:end])[-1:]:
                return f"{question[: match.start()]}the {previous[start:end]}{question[match.end() :]}"
    return question


def _topic(before: Spoken) -> str:
    """The content words of the question before, as they were written."""
    kept = [token.strip("?!.,;:") for token in before.question.split()]
    return " ".join(token for token in kept if (said := words(token)) and said[0] not in STOPWORDS)


def _blank_expletives(text: str) -> str:
    return _EXPLETIVE.sub(lambda found: " " * len(found.group()), text)


def _names(text: str) -> bool:
    """Whether a text names anything: a capitalised word that does not merely open the sentence."""
    return bool(_inner_names(text))


def _inner_names(text: str) -> list[tuple[int, int]]:
    """Spans of names without 's, leaving out a question word or other common word that opens the sentence."""
    spans: list[tuple[int, int]] = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        first = re.match(r"[\w’'-]+", match.group())
        while first and first.group().casefold().replace("’", "'") in STOPWORDS | {"i"} and start < end:
            start += first.end()
            start += len(text[start:end]) - len(text[start:end].lstrip())
            first = re.match(r"[\w’'-]+", text[start:end])
        end = max(start, end - 2) if text[start:end].endswith(("'s", "’s")) else end
        if start < end and (start > 0 or end - start > len(match.group().split()[0])):
            spans.append((start, end))
    return spans
