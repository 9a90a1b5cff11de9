"""Reads a chat model's answer as it streams: sentences become claims, `[2]` becomes what a claim cites. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphs.language.align import weigh
from graphs.language.curated import cite
from memory.records import Citation, Hit
from memory.sentences import STOPWORDS, clip, split_sentences, stem, words

NOT_IN_SOURCES = "NOT_IN_SOURCES"
MAX_CITATIONS = 3
_TRIED_SENTENCES = 3
_MARKERS = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_HELD_BACK = re.compile(r"\s*(?:\[[\d,;\s]*)?$")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_MAYBE_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)]?)?\s*")
_END = re.compile(r"(?:[。！？]|[.!?…]+[\"'”’»)]*(?=\s|$|\[))(?:\s*\[[\d,;\s]+\])*")
_UPCOMING = re.compile(r"\s*(\S+)(?=\s)")


class Delta(NamedTuple):
    """A piece of the text of the claim at a place, from 0."""

    place: int
    text: str


class RawClaim(NamedTuple):
    """A sentence as the model wrote it, without its markers. numbers: passages it names, from 1, in order."""

    text: str
    numbers: tuple[int, ...]


@dataclass(slots=True)
class ClaimParser:
    """Cuts a stream into claims and shows their text as soon as it is certain to be text.

    claims: those that are complete. Nothing is shown of a model's word that the sources do not say.
    """

    claims: list[RawClaim] = field(default_factory=list[RawClaim])
    _raw: str = ""
    _shown: int = 0

    @property
    def unfinished(self) -> str:
        """What was shown of the claim that is not complete."""
        return _clean(self._raw)[: self._shown]

    @property
    def declined(self) -> bool:
        """Whether the model says that the passages do not answer."""
        return not self.claims and self._raw.strip().startswith(NOT_IN_SOURCES)

    def feed(self, text: str) -> list[Delta]:
        """Take in more of the stream and return what can be shown."""
        self._raw += text
        deltas: list[Delta] = []
        while (cut := _boundary(self._raw)) is not None and not self.declined:
            deltas += self._close(cut)
        return deltas + self._show(_certain(self._raw))

    def finish(self) -> list[Delta]:
        """Take the rest as the last claim: the stream has ended as it should."""
        return [] if self.declined else self._close(len(self._raw))

    def _close(self, cut: int) -> list[Delta]:
        raw = self._raw[:cut]
        deltas = self._show(raw, is_complete=True)
        text = _clean(raw).strip()
        if text:
            self.claims.append(RawClaim(text, _numbers(raw)))
        self._raw, self._shown = self._raw[cut:].lstrip(), 0
        return deltas

    def _show(self, raw: str, *, is_complete: bool = False) -> list[Delta]:
        if not self.claims and NOT_IN_SOURCES.startswith(raw.strip()[: len(NOT_IN_SOURCES)]):
            return []
        visible = _clean(raw).strip() if is_complete else _HELD_BACK.sub("", _clean(raw))
        fresh = visible[self._shown :]
        self._shown = max(self._shown, len(visible))
        return [Delta(len(self.claims), fresh)] if fresh else []


def cite_passages(raw: RawClaim, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Turn the passages a claim names into citations of one sentence each; numbers of no passage are dropped."""
    named = dict.fromkeys(number for number in raw.numbers if 1 <= number <= len(hits))
    found = (narrow(raw.text, hits[number - 1]) for number in named)
    return tuple(citation for citation in found if citation)[:MAX_CITATIONS]


def narrow(claim_text: str, hit: Hit) -> Citation | None:
    """Cite the one sentence of a passage, at most 400 characters of it, that comes closest to saying the claim."""
    text = hit.passage.text
    wanted = content_stems(claim_text)
    spans = [clip(text, *span) for span in split_sentences(text)]
    ranked = sorted(spans, key=lambda span: -_overlap(wanted, text[span[0] : span[1]]))[:_TRIED_SENTENCES]
    if not ranked:
        return None
    supporting = (span for span in ranked if weigh(claim_text, [text[span[0] : span[1]]]).label == "supported")
    return cite(hit, *next(supporting, ranked[0]))


def _boundary(raw: str) -> int | None:
    """Where the first claim of a raw stretch certainly ends, None if that cannot be told yet."""
    line = raw.find("\n")
    limit = line if line >= 0 else len(raw)
    ends = (match.end() for match in _END.finditer(raw, 0, limit) if _ends_sentence(raw, match, limit))
    return next(ends, line if line >= 0 else None)


def _ends_sentence(raw: str, match: re.Match[str], limit: int) -> bool:
    """Whether a full stop ends a sentence, judged with the whole word that follows it."""
    if match.group()[0] in "。！？":
        return match.end() < limit and raw[match.end()] not in "[ "
    upcoming = _UPCOMING.match(raw, match.end(), limit)
    if upcoming is None or upcoming[1].startswith("["):
        return False
    before = _clean(raw[: match.end()]).strip()
    return split_sentences(f"{before} {upcoming[1]}")[-1][0] == len(before) + 1


def _certain(raw: str) -> str:
    """The stretch that belongs to the current claim whatever comes next."""
    ends = [match.end() for match in _END.finditer(raw)]
    return raw[: ends[-1]] if ends and not _UPCOMING.match(raw, ends[-1]) else raw


def _clean(raw: str) -> str:
    """Raw text without its markers and without a bullet in front."""
    if _MAYBE_BULLET.fullmatch(raw):
        return ""
    return _MARKERS.sub("", _BULLET.sub("", raw, count=1) if _BULLET.match(raw) else raw.lstrip())


def _numbers(raw: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_all_numbers(raw)))


def _all_numbers(raw: str) -> Iterator[int]:
    for group in _MARKERS.findall(raw):
        yield from (int(number) for number in re.findall(r"\d+", group))


def content_stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words, without those that carry no topic."""
    return frozenset(stem(word) for word in words(text) if word not in STOPWORDS)


def _overlap(wanted: frozenset[str], sentence: str) -> float:
    """Share of the claim's words in a sentence, with a slight preference for short ones."""
    said = content_stems(sentence)
    return len(wanted & said) / max(1, len(wanted)) - len(said) / 1000
