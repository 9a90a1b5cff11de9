"""What an English question is about: the phrase that a pronoun in the next question most likely stands for."""

from __future__ import annotations

import re

from graphs.language.verbs import ANY_AUX, BASE_VERBS, is_participle, word_set

ASKED = re.compile(
    r"^(?:(?:in|at|on|by|for|with|from|to|of|since|until|till) )?"
    rf"(?:(?:what|which|whose|how many|how much)(?: (?!(?:{ANY_AUX})\b)[\w’'-]+){{0,3}}"
    r"|who|whom|when|where|why"
    r"|how(?: (?:long|often|old|far|big|tall|large|high|fast|soon|heavy|wide|deep|late|early))?)\s+",
    re.I,
)
_THERE = re.compile(r"^(?:is|are|was|were)(?: there)(?: (?:an?|any|some))? ", re.I)
_AUXILIARY = re.compile(rf"^(?:{ANY_AUX})\s+", re.I)
_PREDICATES = word_set("""
    valid free open closed available possible allowed included covered due ready cheaper dearer heavier lighter
    responsible different alive dead safe legal necessary required
    """)
_ENDS = _PREDICATES | word_set("""
    in on at to from with by for before after during until since as than if when where while that which who into through
    and or but not near under over between within without about per
    here there today now still already ever
    also usually often always only called named
    """)
_ARTICLES = word_set("the a an my your our his her its their this that these those any some all each every")
_DEFINITE = {"a": "the", "an": "the", "any": "the", "some": "the"}
_SPEAKERS = word_set("i you we one it he she they there me us him them this that")
_ATTRIBUTE = re.compile(r"^(?:the|an?) (?:[\w’'-]+ ){1,3}?(?:of|for) (?P<thing>.+)$", re.I)
_BEFORE_VERBS = word_set("do does did can could may must should shall will would")
_ADJECTIVAL = re.compile(r"[a-z-]{3,}(?:able|ible|less|ful|proof|tight|ous|ive)")
_CALENDAR = re.compile(
    r"^(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|\d+)$",
    re.I,
)


def subject_of(question: str) -> str:
    """Return what a question is about, with "the" for "a"; "" if that cannot be told.

    Of "what is the price of the Ember" that is the Ember, of "when does the shop open on Sunday" the shop.
    """
    body = question.strip().rstrip(" ?.!")
    asked = ASKED.match(body)
    rest = body[asked.end() :] if asked else body
    if match := _THERE.match(rest):
        return _phrase(rest[match.end() :])
    auxiliary = _AUXILIARY.match(rest)
    predicate = rest[auxiliary.end() :] if auxiliary else rest.partition(" ")[2]
    found = _phrase(predicate)
    is_verb_left = (
        auxiliary and auxiliary[0].strip().casefold() in _BEFORE_VERBS and found.endswith(predicate[-len(found) :])
    )
    if is_verb_left and len(found.split()) > 1 and predicate.casefold().endswith(found.split()[-1].casefold()):
        found = found.rpartition(" ")[0]
    if not found:
        # "May I bring my dog?" is about the dog.
        after = re.search(r"\b(?:the|an?|my|our|your) .+$", predicate, re.I)
        return _phrase(after[0]) if after else ""
    inner = _ATTRIBUTE.match(found) if asked and asked[0].casefold().startswith("what") else None
    return _definite(inner["thing"]) if inner else found


def is_predicate(word: str) -> bool:
    """Whether a word can only be said of a subject, and does not belong to it."""
    return word in _PREDICATES or bool(_ADJECTIVAL.fullmatch(word))


def _phrase(text: str) -> str:
    """The noun phrase that a text begins with."""
    taken: list[str] = []
    for word in text.split():
        plain = word.strip(",").casefold()
        if taken and _is_over(plain, word, taken):
            break
        taken.append(word.strip(","))
        if word.endswith(","):
            break
    is_named = taken and taken[0].casefold() not in _SPEAKERS | _ENDS and not _CALENDAR.match(taken[-1])
    return _definite(" ".join(taken)) if is_named else ""


def _is_over(plain: str, word: str, taken: list[str]) -> bool:
    """Whether a phrase ends before a word; right after an article a verb's form is a noun's too."""
    if taken[-1].casefold() in _ARTICLES:
        return False
    if is_predicate(plain):
        return True
    if plain in _ENDS:
        return not (plain == "for" and len(taken) == 2 and taken[0].casefold() == "the")
    return word[:1].islower() and (plain in BASE_VERBS or is_participle(plain))


def _definite(phrase: str) -> str:
    first, _, rest = phrase.partition(" ")
    return f"{_DEFINITE[first.casefold()]} {rest}" if first.casefold() in _DEFINITE and rest else phrase
