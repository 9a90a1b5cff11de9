"""Whether a sentence answers a yes/no question, and how. A condition, a narrower subject or a hedge is no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from graphs.answers.named import says_opposite
from graphs.answers.said import Said, stems
from graphs.language.align import weigh
from graphs.language.lexicon import are_opposite, base
from graphs.language.ranges import names_time, one_named, within, without_range
from graphs.language.tokens import Token, read_sentence
from graphs.language.verbs import BASE_VERBS, past
from memory.sentences import words

Polarity = Literal["", "Yes", "No"]

_OPENING = re.compile(
    r"^\W*(?:(?:so|and|but|then|ok|okay|please|hi|hello)[\s,]+)*(?P<aux>is|are|was|were|am|do|does|did|can|could|may|must"
    r"|shall|should|will|has|have|had) (?P<rest>.+)$",
    re.I,
)
_ONLY = re.compile(r"\s*\bonly\b", re.I)
_DENIED = re.compile(r"\b(?:not|never|no|cannot)\b|n['’]t\b", re.I)
_NOT_ALL = re.compile(r"\bnot (?:all|every|everyone|everything|always|only|just|necessarily)\b", re.I)
_AHEAD = re.compile(r"\b(?:will|shall|must|has to|have to|needs? to|going to|about to|due to be)\b|['’]ll\b", re.I)
"""What is still to come, or ought to be, is not so yet."""
_OVER = re.compile(r"\b(?:was|were|had|used to|formerly|once|no longer)\b", re.I)
_NOW = frozenset({"is", "are", "am", "do", "does", "can", "may", "must", "will"})
_ONCE_ONLY = re.compile(r"\b(?:born|die[ds]?|founded|built|established|invented|discovered|abolished|signed)\b", re.I)
"""What happens once: another year denies it."""
_MEASURING = re.compile(
    r"^(?!an?\b|any\b|some\b).*\b(?:weigh|cost|take|last|measure|start|open|close|end|begin|run|need|use)\b", re.I
)
_CHOICE = re.compile(r"\bor\b|\b(?:and|who|what|when|where|which|why|how|than)\b|[;?].*\w", re.I)
_ALLOWED = re.compile(r"\b(?:may|might(?= be)|could)\b", re.I)
_PERMITTED = re.compile(r"\b(?:allowed|permitted|possible)\b", re.I)
_PAST = frozenset({"did", "was", "were", "has", "have", "had"})
"""What has happened somewhere has happened; what is allowed somewhere is not simply allowed."""
_ABLE = frozenset({"can", "could", "may"})
_CONDITION = re.compile(
    r"\b(?:if|unless|except|excluding|only|once|until|provided|when|whenever|where"
    r"|as long as|but|however|although|though"
    r"|while|whereas|up to|at (?:least|most)|sometimes|usually|normally|generally|often|rarely|mostly|some"
    r"|many|most|few|almost"
    r"|nearly|either|neither|whether|should|would|reportedly|allegedly|said|claims?|claimed|believed"
    r"|planned|expected|before|after)\b",
    re.I,
)
_WITHIN = re.compile(
    r"\bwithin (?:the )?(?:first )?[\w-]+ (?:\w+ )?(?:hours?|days?|weeks?|months?|years?)(?: of \w+)?\b", re.I
)
_MANNER = re.compile(
    r"\b(?:in|through|via|on|under) (?:your|the|our) (?:account|settings|app|profile|website|portal|dashboard)\b"
    r"|\bonline\b|\bby (?:e-?mail|phone|post|letter)\b|\bas soon as\b[^.;]*"
    r"|(?<=\bincluded) in (?:the|your) (?:price|rate|fee|ticket|rent|fare)(?: of (?:an?|the|each|every|your) \w+)?\b",
    re.I,
)
"""How or where something is done, which narrows nothing that is asked without it."""
_OF_LIST = re.compile(
    r"(?:,(?! (?:which|who|where|and|or|but|so|not)\b)[^;:,()]*)+,? (?:or|and)(?! (?:not|only)\b) [^;:,()]*"
)
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|do|does|did|can|will|must|not|it|they|you|we|he|she|which|who|that)\b", re.I
)
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|do|does|did|can|may|must|will|get|gets|got)\b", re.I)
_THERE = re.compile(r"there (?:an?|any|some) ", re.I)
_IS_THERE = re.compile(r"^\W*there (?:is|are) (?!.*\bfor\b)", re.I)
_TURNED = ("one of them is negated", "the source says this under a condition or denies it")
_RUNS_ON = re.compile(r"(?P<who>.+?) (?:run|work|install|available|compatible) (?:on|under|with) (?P<what>.+)", re.I)
_SUPPORTED = re.compile(r"\b(?:is|are)(?:n['’]t| not| no longer)? supported\b", re.I)
_PAID = re.compile(r"(?:\w+ )?pay (?:in|by|with) (?P<what>.+)", re.I)
_ACCEPTED = re.compile(r"\baccept(?:s|ed)?\b", re.I)
_SPEAKER = re.compile(r"\b(?:i|we|you|my|our|your|one|customers?|users?|guests?|visitors?)\b", re.I)


def is_polar(question: str) -> bool:
    """Whether a question can be answered by yes or no."""
    match = _opening(question)
    return match is not None and not _CHOICE.search(match["rest"]) and not _DENIED.search(question)


def polarity(question: str, said: Said) -> Polarity:
    """Answer a yes/no question from one sentence; "" unless the sentence settles it."""
    if not is_polar(question) or said.hit.passage.kind == "record":
        return ""
    if says_opposite(question, _VERB.split(said.text, maxsplit=1)[0], said.around):
        return ""  # the lower deck is heated: that says nothing of the upper one
    return _polarity_then(question, said) or _polarity(question, said.text, said)


def _polarity_then(question: str, said: Said) -> Polarity:
    """Answer whether something is so in a month or on a day, from a sentence that says from when to when it is.

    What is so from April to October may be so in January too, unless it is said to be so only then.
    """
    named = one_named(question)
    rest = without_range(said.text, named[0]) if named else said.text
    if named is None or rest == said.text or names_time(rest):
        return ""
    when, asked = named
    told = _polarity(asked, _ONLY.sub("", rest), said, fewest=1)
    if when in within(said.text):
        return told
    return "No" if told == "Yes" and _ONLY.search(rest) else ""


def _polarity(question: str, text: str, said: Said, fewest: int = 2) -> Polarity:
    """Answer from what is left of a sentence's text. fewest: words of the claim with less of which nothing is told."""
    match = _opening(question)
    if match is None:
        return ""
    sentence = _plain(text, match["aux"])
    if _CONDITION.search(sentence) or _NOT_ALL.search(sentence) or _is_of_another_time(match, text):
        return ""
    if not _MANNER.search(question):
        sentence = _MANNER.sub("", sentence)
    claim = _claim(_as_accepted(match["rest"], sentence), said)
    told = {_told(match, _as_supported(claim, clause, said), clause, fewest) for clause in sentence.split(";")}
    return "" if {"Yes", "No"} <= told else "Yes" if "Yes" in told else "No" if "No" in told else ""


def _told(asked: re.Match[str], claim: str, clause: str, fewest: int) -> Polarity:
    """Yes or no from a part of a sentence that stands by itself."""
    clause = _without_others(claim, clause)
    is_there = bool(_THERE.match(asked["rest"]) and _IS_THERE.match(clause))
    if len(stems(claim)) < fewest and not _DENIED.search(clause) and not is_there:
        return ""
    told = _weighed(claim, clause, asked["aux"].casefold() in _PAST or is_there)
    return "" if told == "No" and not _DENIED.search(clause) and not _has_one_value(asked, claim, clause) else told


def _as_supported(claim: str, clause: str, said: Said) -> str:
    """What something runs on is supported, where a clause puts it so and the sentence is about what runs.

    A version that is not asked for says nothing of the others.
    """
    match = _RUNS_ON.fullmatch(claim)
    if match is None or not _SUPPORTED.search(clause) or not stems(match["who"]) <= said.stems | said.around:
        return claim
    told = f"{match['what']} supported"
    return told if len(_values(told)) == len(_values(clause)) else claim


def _as_accepted(asked: str, sentence: str) -> str:
    """What somebody pays with is accepted, where a sentence puts it so."""
    match = _PAID.fullmatch(asked)
    return f"{match['what']} accepted" if match and _ACCEPTED.search(sentence) else asked


def _without_others(claim: str, clause: str) -> str:
    """A clause without the other members of a list behind the one that is asked about: `wear, accidents, or damage`."""
    keys = {token.key for token in read_sentence(claim).tokens}
    said = [token.text.casefold() for token in read_sentence(clause).tokens if token.key in keys]
    lower = clause.casefold()
    last = max((lower.rfind(text) + len(text) for text in said if text in lower), default=len(clause))
    rest = clause[last:].rstrip(" .!")
    return clause[:last] if _OF_LIST.fullmatch(rest) and not _CLAUSE.search(rest) else clause


def _is_of_another_time(asked: re.Match[str], sentence: str) -> bool:
    """Whether a sentence tells what is to come or what is over, and the question does not ask for that."""
    if _AHEAD.search(sentence) and not _AHEAD.search(asked[0]):
        return True
    if asked["aux"].casefold() not in _NOW or _OVER.search(asked["rest"]):
        return False
    if _OVER.search(sentence):
        return True
    pasts = [past(word) for word in words(asked["rest"]) if word in BASE_VERBS and past(word) != word]
    return any(re.search(rf"(?<!\bis )(?<!\bare )(?<!\bbe )(?<!\bbeen )\b{form}\b", sentence, re.I) for form in pasts)


def _has_one_value(asked: re.Match[str], claim: str, sentence: str) -> bool:
    """Whether another value denies what is asked: a thing has one weight, but a shop sells bags of many."""
    if _values(claim) == _values(sentence) or not _values(claim):
        return True
    aux, rest = asked["aux"].casefold(), asked["rest"]
    if aux in _PAST:
        return bool(_ONCE_ONLY.search(rest))
    if aux in ("is", "are"):
        return not re.match(r"(?:there|an?|any|some)\b", rest, re.I)
    return aux in ("do", "does") and bool(_MEASURING.match(rest))


def _opening(question: str) -> re.Match[str] | None:
    """The parts of a yes/no question; blanks collapsed and the mark gone, so that nothing is tried twice."""
    return _OPENING.match(" ".join(question.split()).rstrip(" ?"))


def _weighed(claim: str, sentence: str, happened: bool) -> Polarity:
    """Yes if the sentence says the claim, No if it says it denied, as an opposite or with another value."""
    if not _is_settling(claim, sentence, happened):
        return ""
    weighing = weigh(claim, [sentence])
    if weighing.label == "supported" and weighing.share == 1.0:
        return "Yes"
    if weighing.reason.startswith(_TURNED) and weighing.share == 1.0 and len(_DENIED.findall(sentence)) == 1:
        return "No"
    if weighing.label != "contradicted":
        return ""
    hits = round(weighing.share * len(read_sentence(claim).tokens))
    is_rest_said = hits == len(read_sentence(claim).tokens) - 1 and hits >= 1
    is_value = weighing.reason.startswith("the source says") and not _DENIED.search(sentence)
    return "No" if is_rest_said and is_value and _one_value(claim, sentence, weighing.reason) else ""


def _one_value(claim: str, sentence: str, reason: str) -> bool:
    """Whether an opposite stands against it, or the only value of the sentence against the only one of the claim."""
    if ", the opposite of " in reason:
        return True
    return len(_values(claim)) == len(_values(sentence)) == 1


def _values(text: str) -> list[object]:
    return [token.value for token in read_sentence(text).tokens if token.value is not None]


def _plain(text: str, aux: str) -> str:
    """A sentence without what does not bear on yes or no: permission is no hedge where it is asked for."""
    text = _WITHIN.sub("", text)
    return _PERMITTED.sub("", _ALLOWED.sub("can", text)) if aux.casefold() in _ABLE else text


def _claim(rest: str, said: Said) -> str:
    """What is asked as a statement, without what the sentence's title and headings say for it."""
    rest = _SPEAKER.sub(" ", rest)
    missing = said.around - said.stems
    tokens = read_sentence(said.text).tokens
    return " ".join(word for word in rest.split() if not _is_understood(word, missing, tokens))


def _is_understood(word: str, missing: frozenset[str], tokens: Sequence[Token]) -> bool:
    """Whether the headings say a word for a sentence that does not deny it."""
    found = stems(word)
    if not found or not found <= missing:
        return False
    return not any(are_opposite(token.root, base(part)) for token in tokens for part in words(word))


def _is_settling(claim: str, sentence: str, happened: bool) -> bool:
    """Whether nothing in the sentence narrows its subject or adds a condition that was not asked."""
    asked = read_sentence(claim).tokens
    keys = {token.key for token in asked}
    said = read_sentence(_SPEAKER.sub(" ", sentence)).tokens
    tokens = [token for token in said if token.key in keys or not _stands_against(token, asked)]
    at = [place for place, token in enumerate(tokens) if token.key in keys]
    if not at or any(_narrows(tokens, place, at) for place in range(at[-1])):
        return False
    after = [token for token in tokens[at[-1] + 1 :] if not token.listed]
    if happened and not _DENIED.search(sentence):
        return not any(token.negation for token in after)
    return not any(token.is_name or token.negation or token.role for token in after)


def _stands_against(token: Token, asked: Sequence[Token]) -> bool:
    """Whether a token is the value or the opposite that is held against what was asked."""
    return token.value is not None or any(are_opposite(token.root, other.root) for other in asked)


def _narrows(tokens: Sequence[Token], place: int, at: Sequence[int]) -> bool:
    """Whether a token that was not asked for belongs to one that was: `used goods`, `goods from abroad`.

    at: places of what was asked. Another member of a list with the subject narrows nothing.
    """
    if place in at:
        return False
    following = [one for one in at if one > place]
    if tokens[following[0]].listed:
        return False
    is_member = any(token.listed for token in tokens[at[0] : place + 1]) if at[0] < place else False
    return not (is_member and len(following) == 1)
