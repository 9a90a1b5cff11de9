"""Whether what a reader chose is of the very thing that a question names: the row of `PW-4011` is none of `PW-4012`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise

from graphs.answers.said import Said, name_stems, said_by, sentences_of, stems
from graphs.answers.tables.rows import Field, fields_of, name_of, naming_field
from graphs.language.codes import are_of_one_series, codes_of, names_code, numbered_of
from graphs.language.lexicon import are_opposite, base, plain_turns
from graphs.reader.attribute import ALIKE, attribute_of, says_attribute
from graphs.reading import Reading
from memory.records import Claim, Hit
from memory.sentences import STOPWORDS, stem, words

TYPED_ALIKE = 0.8
"""Likeness of two words from which one may be the other, typed in haste."""
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]")
_ASKS_OF_NOW = re.compile(
    r"^\W*who(?:['’]s|\b[^?]{0,100}?\b(?:is|are))\b(?![^?]{0,200}\b(?:was|were|former|previous|earlier|\d{4})\b)", re.I
)
_WAS_UNTIL = re.compile(
    r"\b(?:was|were|served|worked|led|held|former(?:ly)?)\b[^.;]{0,120}\b(?:until|till|up to)\b", re.I
)
_IS = re.compile(r"\b(?:is|are|now|since|has been|have been|currently)\b", re.I)
_ROLE = re.compile(
    r"^(?:the|its|their|his|her|our)\s+[\w-]+(?:\s[\w-]+){0,2}?(?:\s(?:of|for|at|in)\s[^,.;]{1,40}?)?"
    r"\s(?:is|was|are|were)\s(?=(?-i:[A-Z]))",
    re.I,
)
"""`Its architect was Margaret Dunbar`: a sentence that says who has which role."""
_REACHING = (
    r"(?:\s*\+|\s*,?\s*(?:(?:and|or)\s+)?(?:later|newer|above|up(?:wards?)?|higher|older|earlier|below|lower|onwards?|beyond)\b"
    r"|\s*(?:–|-|to|until|till|through)\s*(?:[^\W\d_]+\s+)?\d)"
)
"""What stands behind a number that others are meant with: `Android 10 and later`, `Level 1 to Level 5`."""
_DETERMINERS = frozenset(["the", "a", "an", "this", "that", "our", "your", "my"])


def of_what_is_named(question: str, reading: Reading) -> Reading:
    """A reading without claims about other codes than the question's; with its own row instead, if that was found."""
    if not codes_of(question) and not numbered_of(question):
        return reading
    kept = tuple(claim for claim in reading.claims if not _is_strange(question, claim, reading.ranked))
    if len(kept) == len(reading.claims):
        return reading
    own = () if kept else _own_row(question, sentences_of(reading.ranked))
    claims = kept or tuple(Claim("", row.text, (row.citation(),)) for row in own)
    is_held = any(reading.short_answer in claim.text for claim in claims)
    return replace(reading, claims=claims, short_answer=reading.short_answer if is_held else "")


def is_of_another_code(question: str, said: Said) -> bool:
    """Whether a row or a sentence is of another code, and nothing around it says one that the question names."""
    place = said.hit.passage
    around = " ".join((said.hit.title, said.hit.source, place.context, *place.heading))
    fields = fields_of(said)
    held = f"{said.text if fields else place.text} {around}"
    missing = [code for code in codes_of(question) if not names_code(held, code)]
    if not missing:
        return False
    if fields:
        return any(not names_code(question, code) for code in _codes_of_row(fields))
    others = [code for code in codes_of(said.text) if not names_code(question, code)]
    return any(are_of_one_series(code, other) for code in missing for other in others)


def names_another(question: str, row: Said) -> bool:
    """Whether a question's name for a row says more than the row does: `Fjord 15` of `Fjord 12`, `Tide Clock Silver`.

    What belongs to a name stands right beside its words: a number, a word with a capital letter, or one behind a
    determiner ("the silver tide clock"). A word typed in haste is still the word.
    """
    naming = naming_field(fields_of(row))
    if naming is None:
        return False
    named = name_stems(naming.value) | row.around
    known = named | row.stems | stems(" ".join((*(one.label for one in fields_of(row)), row.hit.passage.context)))
    tokens = _TOKEN.findall(question)
    is_name = [bool(stems(token) & name_of(row)) for token in tokens]
    for at, token in enumerate(tokens[1:], 1):
        is_before, is_behind = is_name[at + 1 : at + 2] == [True], is_name[at - 1]
        if is_name[at] or not (is_before or is_behind) or token.casefold() in STOPWORDS:
            continue
        is_modifier = is_before and tokens[at - 1].casefold() in _DETERMINERS
        if token[0].isdigit() and not stems(token) <= named:
            return True
        if (token[0].isupper() or (is_modifier and token[0].isalpha())) and not _is_known(token, known):
            return True
    return False


def _is_known(token: str, known: frozenset[str]) -> bool:
    """Whether a word is one of some, a form of one, or one that was typed in haste."""
    return all(any(_is_alike(word, other) for other in known) for word in stems(token))


def _is_alike(word: str, other: str) -> bool:
    is_form = len(word) >= ALIKE and other.startswith(word[:ALIKE])
    return is_form or word == other or SequenceMatcher(None, word, other).ratio() >= TYPED_ALIKE


def _is_strange(question: str, claim: Claim, hits: Sequence[Hit]) -> bool:
    cited = said_by(claim.citations, hits)
    return any(is_of_another_code(question, said) or is_of_another_number(question, said) for said in cited)


def is_of_another_number(question: str, said: Said) -> bool:
    """Whether a sentence is of `version 2` where `version 3` is asked for, and nothing around it says that."""
    own = numbered_of(f". {said.text}")
    if any(re.search(rf"\b{label}s?\s+{number}{_REACHING}", said.text, re.I) for label, number in own):
        return False
    place = said.hit.passage
    around = numbered_of(". ".join(("", said.text, said.hit.title, place.context, *place.heading)))
    said_words = frozenset(words(said.text))  # the 12th of June in 1941 is in June 1941
    asked = [one for one in numbered_of(question) if one not in around and one[1] not in said_words]
    return any(label == other and number != another for label, number in asked for other, another in own)


def is_of_another_role(question: str, said: Said) -> bool:
    """Whether a sentence says who is the architect where somebody asks who is the keeper."""
    asked, told = attribute_of(question), _ROLE.match(said.text)
    if not asked or not told or not question.lstrip().casefold().startswith("who"):
        return False
    return not says_attribute(asked, said.text)


def is_of_opposite(question: str, said: Said) -> bool:
    """Whether a sentence is about full-time employees where a question is about part-time ones."""
    return says_opposite(question, said.text, said.around)


def says_opposite(question: str, text: str, around: frozenset[str]) -> bool:
    """Whether a text says the opposite of a question's word of the same noun, and nowhere the word itself."""
    asked, told = words(plain_turns(question)), words(plain_turns(text))
    known = {stem(word) for word in told} | around
    pairs = [(one, noun) for one, noun in pairwise(asked) if noun not in STOPWORDS and stem(one) not in known]
    return any(
        are_opposite(base(one), base(other)) and other not in asked and stem(noun) == stem(behind)
        for one, noun in pairs
        for other, behind in pairwise(told)
    )


def is_over(question: str, said: Said) -> bool:
    """Whether a sentence says only what was, and until when, where somebody asks what is."""
    return bool(_ASKS_OF_NOW.search(question) and _WAS_UNTIL.search(said.text) and not _IS.search(said.text))


def _own_row(question: str, sentences: Sequence[Said]) -> tuple[Said, ...]:
    """The only row whose own code is asked for; () of none or several."""
    rows = [row for row in sentences if any(names_code(question, code) for code in _codes_of_row(fields_of(row)))]
    found = [row for row in rows if not is_of_another_code(question, row)]
    return tuple(found) if len(found) == 1 else ()


def _codes_of_row(fields: Sequence[Field]) -> tuple[str, ...]:
    """Codes that say whom a row is about: in its first cell, in the one that names it, and as names of columns."""
    naming = {one for one in (naming_field(fields), *fields[:1]) if one}
    return codes_of("; ".join([*(one.value for one in naming), *(one.label for one in fields)]))
