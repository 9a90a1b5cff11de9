"""Does a quote say what a claim says? Decided by aligning their words, with no model.

A claim is supported when its words, names, numbers and dates are found in the quote in the same places; it is
contradicted when the same place holds another number, date or name, an opposite, or a negation that the other lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from graphs.language.lexicon import are_opposite, are_opposite_roles
from graphs.language.quantities import agree, is_rival
from graphs.language.tokens import Sentence, Token, read_sentence

Label = Literal["supported", "unsupported", "contradicted"]
ABOUT_THE_SAME = 0.5
"""Share of a claim's words that must be in the quote before a difference can count as a contradiction."""
ENOUGH = 0.7
"""Share of a claim's words that must be in the quote for support."""
_CLAUSE = re.compile(r"[,;:.!?–—]|\b(?:but|and|so|yet)\b")
_STRENGTH: dict[Label, int] = {"supported": 2, "contradicted": 1, "unsupported": 0}


class Weighing(NamedTuple):
    """What a claim weighs against its quotes, and why. share: of its words that the quote has, in [0, 1]."""

    label: Label
    reason: str
    share: float = 0.0


def weigh(claim_text: str, quotes: Sequence[str]) -> Weighing:
    """Weigh a claim against the quotes it cites: one that supports it is enough, then all of them together."""
    claim = read_sentence(claim_text)
    if not quotes or not claim_text.strip():
        return Weighing("unsupported", "no source is cited" if claim_text.strip() else "there is nothing to support")
    plain = " ".join(claim_text.split())
    whole = [" ".join(quote.split()) for quote in quotes]
    holding = [quote for quote in whole if plain in quote]
    if any(not _cuts_sense(plain, quote) for quote in holding):
        return Weighing("supported", "", 1.0)
    if holding:
        return Weighing("unsupported", "the source says this under a condition or denies it", 1.0)
    weighings = [_weigh(claim, read_sentence(quote)) for quote in quotes]
    if len(quotes) > 1:
        weighings.append(_weigh(claim, read_sentence(" ".join(quotes))))
    return max(weighings, key=lambda weighing: _STRENGTH[weighing.label])


def _cuts_sense(plain: str, quote: str) -> bool:
    """Whether a claim leaves out words of its own clause that could turn it round."""
    clause = _CLAUSE.split(quote.split(plain)[0])[-1]
    before = read_sentence(clause)
    return bool(before.loose_negations or before.hedges or any(token.negation for token in before.tokens))


@dataclass(frozen=True, slots=True)
class _Swap:
    """A stretch of the claim and the stretch of the quote that stands in its place; either may be empty."""

    claimed: tuple[Token, ...]
    given: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class _Alignment:
    """pairs: equal tokens in order. moved: equal tokens out of order. swaps: what is left on either side."""

    pairs: tuple[tuple[Token, Token], ...]
    moved: tuple[tuple[Token, Token], ...]
    swaps: tuple[_Swap, ...]

    def share(self, claim: Sentence) -> float:
        """The share of the claim's tokens that the quote has."""
        return (len(self.pairs) + len(self.moved)) / len(claim.tokens) if claim.tokens else 0.0


def _weigh(claim: Sentence, quote: Sentence) -> Weighing:
    """Weigh a claim against one quote."""
    alignment = _align(claim, quote)
    share = alignment.share(claim)
    opposites = [(mine, theirs) for mine, theirs in _rivals(alignment) if are_opposite(mine.root, theirs.root)]
    if share + len(opposites) / max(len(claim.tokens), 1) < ABOUT_THE_SAME and not _only_value_differs(
        alignment, claim
    ):
        return Weighing("unsupported", "the cited words are about something else", share)
    if reason := _contradiction(claim, quote, alignment, opposites):
        return Weighing("contradicted", reason, share)
    if reason := _want(claim, quote, alignment, opposites):
        return Weighing("unsupported", reason, share)
    return Weighing("supported", "", share)


def _align(claim: Sentence, quote: Sentence) -> _Alignment:
    """Pair equal tokens in order, then what merely stands elsewhere."""
    mine, theirs = _harmonised(claim.tokens, quote.tokens), quote.tokens
    pairs: list[tuple[Token, Token]] = []
    swaps: list[_Swap] = []
    a = c = 0
    for b, d in [*_matches([token.key for token in mine], [token.key for token in theirs]), (len(mine), len(theirs))]:
        if a < b or c < d:
            swaps.append(_Swap(mine[a:b], theirs[c:d]))
        if b < len(mine):
            pairs.append((mine[b], theirs[d]))
        a, c = b + 1, d + 1
    return _with_moved(tuple(pairs), swaps)


def _matches(mine: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Places of equal keys on a cheapest way to edit one into the other, in order.

    Source: Levenshtein distance by dynamic programming; Wagner and Fischer, JACM 1974.
    """
    costs = [list(range(len(theirs) + 1))]
    for at, key in enumerate(mine, 1):
        row = [at]
        for to, other in enumerate(theirs, 1):
            row.append(min(costs[-1][to] + 1, row[-1] + 1, costs[-1][to - 1] + (key != other)))
        costs.append(row)
    found: list[tuple[int, int]] = []
    at, to = len(mine), len(theirs)
    while at and to:
        if mine[at - 1] == theirs[to - 1] and costs[at][to] == costs[at - 1][to - 1]:
            found.append((at - 1, to - 1))
            at, to = at - 1, to - 1
        elif costs[at][to] == costs[at - 1][to - 1] + 1:
            at, to = at - 1, to - 1
        elif costs[at][to] == costs[at - 1][to] + 1:
            at -= 1
        else:
            to -= 1
    return found[::-1]


def _harmonised(claimed: Sequence[Token], given: Sequence[Token]) -> tuple[Token, ...]:
    """Claimed tokens, whose values take the key of a given value that they agree with."""
    values = [token for token in given if token.value is not None]
    same = {token.key for token in values}
    result: list[Token] = []
    for token in claimed:
        value = None if token.key in same else token.value
        match = next((row for row in values if value and row.value and agree(value, row.value)), None)
        result.append(replace(token, key=match.key) if match else token)
    return tuple(result)


def _with_moved(pairs: tuple[tuple[Token, Token], ...], swaps: Sequence[_Swap]) -> _Alignment:
    """Take tokens that stand elsewhere out of the swaps, but no value whose own place holds a rival value."""
    spare = [token for swap in swaps for token in swap.given]
    moved: list[tuple[Token, Token]] = []
    rest: list[_Swap] = []
    for swap in swaps:
        left: list[Token] = []
        for token in swap.claimed:
            twin = None if _has_rival(token, swap) else next((row for row in spare if row.key == token.key), None)
            if twin is None:
                left.append(token)
            else:
                spare.remove(twin)
                moved.append((token, twin))
        rest.append(replace(swap, claimed=tuple(left)))
    kept = {id(token) for token in spare}
    swaps = [replace(swap, given=tuple(token for token in swap.given if id(token) in kept)) for swap in rest]
    return _Alignment(pairs, tuple(moved), tuple(swaps))


def _has_rival(token: Token, swap: _Swap) -> bool:
    """Whether the quote has another value, or the opposite, in this token's place."""
    value = token.value
    if value is None:
        return any(are_opposite(token.root, other.root) for other in swap.given)
    return any(other.value and is_rival(value, other.value) and other.key != token.key for other in swap.given)


def _rivals(alignment: _Alignment) -> Iterator[tuple[Token, Token]]:
    """Every claimed token with each token that stands in its place."""
    for swap in alignment.swaps:
        for mine in swap.claimed:
            for theirs in swap.given:
                yield mine, theirs


def _only_value_differs(alignment: _Alignment, claim: Sentence) -> bool:
    """Whether a very short claim has one token that is not the quote's."""
    return len(claim.tokens) <= 3 and sum(len(swap.claimed) for swap in alignment.swaps) == 1 and bool(alignment.pairs)


def _contradiction(
    claim: Sentence, quote: Sentence, alignment: _Alignment, opposites: Sequence[tuple[Token, Token]]
) -> str:
    """Say what the quote denies, "" if nothing."""
    for mine, theirs in _rivals(alignment):
        if mine.value is not None and theirs.value is not None and is_rival(mine.value, theirs.value):
            return f"the source says {theirs.text!r}, not {mine.text!r}"
    turned = _turned(claim, quote, alignment)
    if opposites and (len(opposites) > 1 or not turned):
        mine, theirs = opposites[0]
        return f"the source says {theirs.text!r}, the opposite of {mine.text!r}"
    if turned and not opposites:
        return "one of them is negated, the other is not"
    for swap in alignment.swaps:
        mine, theirs = _names(swap.claimed), _names(swap.given)
        if mine and theirs and len(swap.claimed) <= len(swap.given) + 1:
            return f"the source names {theirs[0].text!r}, not {mine[0].text!r}"
    return _exchanged(claim, quote, alignment)


def _names(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.is_name]


def _turned(claim: Sentence, quote: Sentence, alignment: _Alignment) -> bool:
    """Whether a negation stands in one of the two only, or at another word."""
    both = (*alignment.pairs, *alignment.moved)
    mine = [word for token in claim.tokens for word in token.negation.split()]
    matched = {id(theirs) for _, theirs in both} | {
        id(row) for swap in alignment.swaps if swap.claimed for row in swap.given
    }
    theirs = [word for token in quote.tokens if id(token) in matched for word in token.negation.split()]
    if (len(mine) + claim.loose_negations) % 2 != (len(theirs) + _loose(quote, alignment)) % 2:
        return True
    astray = [
        pair for pair in both if pair[0].negation != pair[1].negation and "not" in (pair[0].negation, pair[1].negation)
    ]
    return len(astray) > 1 and sorted(mine) == sorted(theirs)


def _loose(quote: Sentence, alignment: _Alignment) -> int:
    """A negation at the quote's end counts if its last word is the claim's too."""
    last = quote.tokens[-1] if quote.tokens else None
    return quote.loose_negations if any(theirs is last for _, theirs in alignment.pairs) else 0


def _exchanged(claim: Sentence, quote: Sentence, alignment: _Alignment) -> str:
    """Say which two tokens have changed places or roles, "" if none have."""
    toggled = claim.is_passive != quote.is_passive
    if not toggled and (swapped := _transposed(claim.tokens, quote.tokens)):
        return swapped
    if turned := next((pair for pair in alignment.pairs if are_opposite_roles(pair[0].role, pair[1].role)), None):
        return f"the source says {turned[1].role!r} {turned[1].text!r}, not {turned[0].role!r}"
    for mine, theirs in alignment.pairs if toggled else ():
        if mine.role != theirs.role and "by" in (mine.role, theirs.role) and not alignment.moved:
            return f"{mine.text!r} has another part in the source"
    return _moved_apart(alignment, toggled)


def _moved_apart(alignment: _Alignment, toggled: bool) -> str:
    """Say which moved token has taken another's role, "" if none has."""
    both = (*alignment.pairs, *alignment.moved)
    for mine, theirs in alignment.moved:
        if mine.role == theirs.role and (mine.role or toggled or mine.listed or theirs.listed or mine.value):
            continue
        partner = _partner(mine, theirs, both)
        if partner and not (toggled and "by" in (mine.role, theirs.role)):
            return f"{mine.text!r} and {partner.text!r} have changed places"
    return ""


def _transposed(mine: Sequence[Token], theirs: Sequence[Token]) -> str:
    """Say which two tokens, not neighbours and not listed together, stand in each other's place; "" if none do."""
    apart = [at for at, (token, other) in enumerate(zip(mine, theirs, strict=False)) if token.key != other.key]
    if len(mine) != len(theirs) or len(apart) != 2 or apart[1] - apart[0] < 2:
        return ""
    first, last = apart
    crossed = mine[first].key == theirs[last].key and mine[last].key == theirs[first].key
    if not crossed or mine[last].listed or theirs[last].listed or mine[first].value is not None:
        return ""
    return f"{mine[first].text!r} and {mine[last].text!r} have changed places"


def _partner(mine: Token, theirs: Token, both: Sequence[tuple[Token, Token]]) -> Token | None:
    """The token of the claim whose role in the quote is this one's, and the other way round."""
    for other, twin in both:
        kind = other.is_name == mine.is_name and (other.value is None) == (mine.value is None)
        swapped = other is not mine and kind and other.role == theirs.role and twin.role == mine.role
        if swapped and (mine.role or theirs.role or (mine.is_name and not other.listed and not twin.listed)):
            return other
    return None


def _leapt_over(claim: Sentence, quote: Sentence, alignment: _Alignment) -> str:
    """Say which name of the same role the quote has between two words that the claim joins, "" if none."""
    twins = {id(mine): theirs for mine, theirs in alignment.pairs}
    places = {id(token): place for place, token in enumerate(quote.tokens)}
    for before, token in pairwise(claim.tokens):
        first, last = twins.get(id(before)), twins.get(id(token))
        if first and last and token.is_name and token.role and not last.listed:
            between = _names(quote.tokens[places[id(first)] + 1 : places[id(last)]])
            if rival := next((name for name in between if name.role == last.role), None):
                return f"the source has {rival.text!r} there, not {token.text!r}"
    return ""


def _want(claim: Sentence, quote: Sentence, alignment: _Alignment, opposites: Sequence[tuple[Token, Token]]) -> str:
    """Say what the quote does not say, "" if it says enough."""
    explained = {id(mine) for mine, _ in opposites}
    missing = [token for swap in alignment.swaps for token in swap.claimed if id(token) not in explained]
    for token in missing:
        if token.value is not None or token.is_name:
            return f"the source does not say {token.text!r}"
    if claim.strong - quote.strong:
        return "the source does not say it so strongly"
    if dropped := sorted(quote.hedges - claim.hedges):
        return f"the source says this under {dropped[0]!r}"
    if leapt := _leapt_over(claim, quote, alignment):
        return leapt
    replaced = [swap for swap in alignment.swaps if swap.claimed and 1 <= len(swap.given) <= 2]
    if len(missing) == 1 and replaced:
        return f"the source has {replaced[0].given[-1].text!r}, not {missing[0].text!r}"
    if 1 - len(missing) / max(len(claim.tokens), 1) < ENOUGH:
        return "too little of it is in the cited words"
    return ""
