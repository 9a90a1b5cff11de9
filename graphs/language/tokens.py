"""A sentence as the tokens that a claim and its source are compared by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from graphs.language.lexicon import GLUE, HEDGES, NEGATIONS, PREPOSITIONS, STRONG, WEAK, base, meaning, plain_turns
from graphs.language.quantities import Value, as_year, find_values

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_NOT = re.compile(r"\b(?:ca|wo|sha)?(\w*)n['’]t\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be)\s+(?:\w+\s+){0,2}?\w+(?:ed|en|wn|t|ne|ng|ld|ght|de|un)\b.*\bby\b"
)
_OF_TIME = frozenset(("in", "since", "until", "during"))
"""Prepositions after which a plain number of four digits is a year."""
_IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word or value. key: what equals it. root: its own base form's stem. role: the preposition before it.

    negation: the negating words just before it, "" if there is none. listed: joined to the one before by and/or/comma.
    """

    text: str
    key: str
    root: str
    role: str = ""
    negation: str = ""
    is_name: bool = False
    listed: bool = False
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """tokens: content in order. strong, weak, hedges: such words that occur. is_passive: it was done `by` someone."""

    tokens: tuple[Token, ...]
    strong: frozenset[str]
    weak: frozenset[str]
    hedges: frozenset[str]
    loose_negations: int
    is_passive: bool


def read_sentence(text: str) -> Sentence:
    """Take a sentence apart."""
    text = plain_turns(_NOT.sub(_spelled_out, text.replace("cannot", "can not")))
    tokens: list[Token] = []
    role = negation = ""
    listed = False
    kinds: dict[str, set[str]] = {"strong": set(), "weak": set(), "hedges": set()}
    for piece in _pieces(text):
        word = piece.text.casefold()
        if piece.value is None:
            _note(kinds, word, piece.text)
            if word in NEGATIONS:
                negation = f"{negation} {word}".strip()
                continue
            if word in ("and", "or", ","):
                listed = True
            if word in PREPOSITIONS:
                role = word
            if word == "," or word in GLUE or word in PREPOSITIONS or word in STRONG or word in HEDGES:
                continue
        tokens.append(_token(piece, role, negation, listed and bool(tokens)))
        role, negation, listed = "", "", False
    return Sentence(
        tuple(tokens),
        frozenset(kinds["strong"]),
        frozenset(kinds["weak"]),
        frozenset(kinds["hedges"]),
        loose_negations=len(negation.split()),
        is_passive=bool(_PASSIVE.search(text)),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    is_first: bool
    value: Value | None = None


def _pieces(text: str) -> Iterator[_Piece]:
    """Values, words and commas in order."""
    at = 0
    values = find_values(text)
    for found in [*values, None]:
        stop = found.start if found else len(text)
        for match in re.finditer(rf"{_WORD.pattern}|,", text[at:stop]):
            yield _Piece(match.group(), not text[: at + match.start()].strip(" \"'“‘(*-"))
        if found:
            yield _Piece(text[found.start : found.end], False, found.value)
            at = found.end


def _note(kinds: dict[str, set[str]], word: str, written: str) -> None:
    """Remember words that say how much or how surely; `May` and `March` are months."""
    if word in STRONG:
        kinds["strong"].add(meaning(word))
    if word in WEAK:
        kinds["weak"].add(word)
    if word in HEDGES and (word != "may" or written.islower()):
        kinds["hedges"].add(word)


def _token(piece: _Piece, role: str, negation: str, listed: bool) -> Token:
    if piece.value is not None:
        value = as_year(piece.value) if role in _OF_TIME else piece.value
        return Token(piece.text, repr(value), "", role, negation, listed=listed, value=value)
    word = re.sub(r"['’]s?$", "", piece.text.casefold()) or piece.text.casefold()
    is_name = piece.text[0].isupper()
    return Token(piece.text, meaning(word), base(word), role, negation, is_name, listed)


def _spelled_out(match: re.Match[str]) -> str:
    """`won't` as `will not`."""
    whole = match.group().casefold()
    for short, full in _IRREGULAR.items():
        if whole.startswith(short + "n"):
            return f"{full} not"
    return f"{match[1]} not"
