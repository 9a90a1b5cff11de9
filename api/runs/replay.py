"""Matches what a repeated run says against what was already sent, so that a client sees no repeat and no gap.

While the repeat says the same, nothing is written. At the first difference the repeat is written from there; if
text beyond that point had already been streamed, `answer.restarted` comes first and the answer so far is said again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.runs.writer import body_of, stored_body
from memory.records import RunEvent

ANSWERING = frozenset({"answer.delta", "claim.supported", "claim.retracted", "clarification.requested"})
RESTARTED = "answer.restarted"


@dataclass(frozen=True, slots=True)
class Said:
    """An event without a number."""

    kind: str
    body: bytes


class Replay:
    """The events of former attempts, and how far the repeat agrees with them."""

    def __init__(self, stored: Sequence[RunEvent], *, from_start: bool) -> None:
        """Take what was kept, without run.started.

        from_start: the repeat begins at the first step; otherwise somewhere in the middle, which the first thing
        it says tells.
        """
        self._said = _standing([Said(event.type, stored_body(event)) for event in stored])
        self._log = list(self._said)
        self._at = 0
        self._aligned = from_start
        self._diverged = not self._said

    @property
    def held(self) -> Sequence[Said]:
        """What clients know once everything that `accept` and `end` returned is written."""
        return _standing(self._log)

    def accept(self, said: Said) -> Sequence[Said]:
        """Return what has to be written so that clients know of this event: often nothing."""
        missing = self._missing(said)
        self._log += missing
        return missing

    def end(self) -> Sequence[Said]:
        """The repeat has said everything: return what tells clients if more had been streamed than that."""
        missing = self._diverge("the answer ended sooner after an interruption") if self._aligned else ()
        self._log += missing
        return missing

    def _missing(self, said: Said) -> Sequence[Said]:
        if not self._diverged and not self._aligned:
            self._align(said)
        if not self._diverged and self._at < len(self._said) and self._said[self._at] == said:
            self._at += 1
            return ()
        if self._diverged:
            return (said,)
        return (*self._diverge("the answer was written anew after an interruption"), said)

    def _diverge(self, reason: str) -> Sequence[Said]:
        """Leave the former attempts behind; return what tells clients so, nothing if they need not know."""
        if self._diverged:
            return ()
        self._diverged = True
        if not any(said.kind in ANSWERING for said in self._said[self._at :]):
            return ()
        again = [said for said in self._said[: self._at] if said.kind in ANSWERING]
        return (Said(RESTARTED, body_of({"type": RESTARTED, "reason": reason})), *again)

    def _align(self, said: Said) -> None:
        """A resumed graph repeats its interrupted step from the top: find where that was."""
        self._aligned = True
        places = [place for place, former in enumerate(self._said) if former == said]
        self._at = places[-1] if places else len(self._said)


def _standing(said: Sequence[Said]) -> list[Said]:
    """What clients still hold: an `answer.restarted` made them forget the answering before it."""
    restarts = [place for place, one in enumerate(said) if one.kind == RESTARTED]
    if not restarts:
        return list(said)
    last = restarts[-1]
    return [one for one in said[:last] if one.kind not in ANSWERING and one.kind != RESTARTED] + list(said[last + 1 :])
