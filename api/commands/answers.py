"""Shows the events of a run: as text on a terminal or a pipe, or as the one JSON object that scripts read."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

from api import events
from api.terminal import EXIT_FAILED, CommandFailed, note, printable, say, style
from graphs.language.joining import joint

INTERRUPTED = 130


class Transcript:
    """Writes an answer as it comes: the words of a model at a terminal, else claims once the judge let them stand.

    What the reader drafts comes all at once, so that nothing is won by showing what may be struck.
    """

    def __init__(self) -> None:
        """Begin with an empty answer."""
        self.run_id = ""
        self.session_id = ""
        self.completed: events.AnswerCompleted | None = None
        self._terminal = self._live = sys.stdout.isatty()
        self._claims: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._waiting = False

    def show(self, event: events.Event) -> None:
        """Write what one event adds."""
        match event:
            case events.RunStarted():
                self.run_id, self.session_id = event.run_id, event.session_id
            case events.StageChanged():
                self._stage(event)
            case events.DegradedEvent():
                self._aside(f"Degraded: {event.part}: {event.reason}")
            case events.AnswerCached():
                self._aside(f"Given before, {event.answered_at:%Y-%m-%d %H:%M} UTC; nothing has changed since")
            case events.AnswerCompleted():
                self._complete(event)
            case _:
                self._show_claim(event)

    def _show_claim(self, event: events.Event) -> None:
        match event:
            case events.AnswerRestarted():
                self._restart(event.reason)
            case events.AnswerDelta():
                self._delta(event)
            case events.ClaimSupported():
                self._stands(event.claim_id)
            case events.ClaimRetracted():
                self._struck(event)
            case _:
                pass

    def _stage(self, event: events.StageChanged) -> None:
        if event.stage in ("reading", "writing"):
            self._live = self._terminal and event.stage == "writing"
        if self._terminal and sys.stderr.isatty() and not self._shown:
            what = f"{event.stage}, round {event.round}" if event.round > 1 else event.stage
            sys.stderr.write(f"\r\x1b[K{style(what + ' …', 'dim')}")
            sys.stderr.flush()
            self._waiting = True

    def _wipe(self) -> None:
        if self._waiting:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._waiting = False

    def _aside(self, text: str) -> None:
        self._wipe()
        if self._terminal and self._shown:
            say()
        note(style(printable(text), "dim"))

    def _restart(self, reason: str) -> None:
        self._aside(f"The answer begins anew: {reason}")
        self._claims.clear()
        self._shown.clear()

    def _delta(self, event: events.AnswerDelta) -> None:
        self._claims[event.claim_id] = self._claims.get(event.claim_id, "") + event.text
        if self._live:
            self._put(event.claim_id, event.text)

    def _put(self, claim_id: str, text: str) -> None:
        self._wipe()
        before = list(self._shown.values())[-1:]
        is_apart = claim_id not in self._shown and before and not (before[0][-1:].isspace() or text[:1].isspace())
        say((joint(before[0], text) if is_apart else "") + printable(text), end="")
        self._shown[claim_id] = self._shown.get(claim_id, "") + text

    def _stands(self, claim_id: str) -> None:
        if claim_id not in self._shown and (text := self._claims.get(claim_id)):
            self._put(claim_id, text)

    def _struck(self, event: events.ClaimRetracted) -> None:
        self._claims.pop(event.claim_id, "")
        if text := self._shown.pop(event.claim_id, ""):
            self._aside(f"Struck ({event.verdict}): {text.strip()}")

    def _complete(self, event: events.AnswerCompleted) -> None:
        self.completed = event
        self._wipe()
        self._tell_rest(event.text)
        say()

    def _tell_rest(self, text: str) -> None:
        """Write what of the finished answer is not on the screen: what follows its claims, or all of it."""
        shown, told = "".join("".join(self._shown.values()).split()), "".join(text.split())
        last = list(self._shown.values())[-1:]
        if shown and shown != told and told.startswith(shown) and last[0] in text:
            rest = text[text.rindex(last[0]) + len(last[0]) :]
            say(printable(rest), end="")
        elif shown != told:
            say(("\n\n" if self._shown else "") + printable(text), end="")


async def follow(stream: AsyncIterator[events.Event], transcript: Transcript) -> None:
    """Write a run to its end.

    Raises:
        CommandFailed: the run failed, or somebody cancelled it.
    """
    async for event in stream:
        transcript.show(event)
        check_end(event)


def check_end(event: events.Event) -> None:
    """Raise CommandFailed for a run that came to a bad end."""
    if isinstance(event, events.RunFailed):
        raise CommandFailed(f"the run failed ({event.code}): {event.message}", EXIT_FAILED)
    if isinstance(event, events.RunCancelled):
        raise CommandFailed("the run was cancelled; what was written so far is kept in the session", INTERRUPTED)


def show_sources(citations: Sequence[events.CitationModel]) -> None:
    """Write the citations, numbered, each with its quote."""
    if citations:
        say(f"\n{style('Sources', 'bold')}")
    for number, citation in enumerate(citations, start=1):
        say(f"[{number}] {printable(citation.title)}  {style(printable(place(citation)), 'dim')}")
        say(f'    "{printable(" ".join(citation.quote.split()))}"')


def show_suggestions(suggestions: Sequence[str]) -> None:
    """Write what could be asked next, one a line, beside the answer: a pipe gets the answer alone."""
    if suggestions:
        note(f"\n{style('You could also ask', 'bold')}")
    for text in suggestions:
        note(f"  {printable(text)}")


def place(citation: events.CitationModel) -> str:
    """Where a person finds it: the source, with page or row, and whether its words were read in a picture."""
    parts = [citation.source]
    if citation.page is not None:
        parts.append(f"page {citation.page}")
    elif citation.row is not None:
        parts.append(f"row {citation.row}")
    return ", ".join([*parts, "read by OCR"] if citation.is_ocr else parts)


def answer_json(run_id: str, answer: events.AnswerCompleted) -> dict[str, Any]:
    """The documented object of `ask --json`."""
    return {
        "run_id": run_id,
        "answer": answer.text,
        "short_answer": answer.short_answer,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "citations": [citation.model_dump() for citation in answer.citations],
        "claims": [claim.model_dump(exclude={"reason"}) for claim in answer.claims],
    }
