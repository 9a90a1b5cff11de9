"""`multidb chat`: a conversation. Ctrl-C stops the answer, not the program; Ctrl-D leaves."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from api.client import Assistant, Question, open_assistant
from api.commands import load_settings, read_filters, tell_if_new
from api.commands.answers import Transcript, follow, show_sources, show_suggestions
from api.events import CitationModel
from api.terminal import EXPECTED, explain, note, say, style
from memory.records import Effort, Filters

HELP = """/help     this list
/new      begin a new conversation
/sources  the sources of the last answer
/quit     leave (also Ctrl-D); Ctrl-C stops an answer"""
PROMPT = "> "
HISTORY = "chat_history"
HISTORY_LINES = 1000


class Conversation:
    """One conversation at a terminal."""

    def __init__(self, assistant: Assistant, effort: Effort, filters: Filters, session: str | None) -> None:
        """Begin, or go on with a session."""
        self._assistant = assistant
        self._effort: Effort = effort
        self._filters = filters
        self._session = session
        self._sources: tuple[CitationModel, ...] = ()

    async def take(self, line: str) -> bool:
        """Do what a line says; False when it says to leave."""
        match line.strip():
            case "":
                pass
            case "/quit" | "/exit":
                return False
            case "/help":
                note(HELP)
            case "/new":
                self._session = None
                note("A new conversation.")
            case "/sources":
                self._show_sources()
            case command if command.startswith("/"):
                note(f"{command} is no command; /help lists them")
            case text:
                await self._answer(text)
        return True

    def _show_sources(self) -> None:
        if self._sources:
            show_sources(self._sources)
        else:
            note("The last answer has no sources.")

    async def _answer(self, text: str) -> None:
        transcript = Transcript()
        stream = self._assistant.ask(Question(text, self._session, self._effort, self._filters))
        answering = asyncio.create_task(follow(stream, transcript))
        with _interrupted_by(lambda: asyncio.ensure_future(self._cancel(transcript, answering))):
            try:
                await answering
            except EXPECTED as error:
                explain(error)
            except asyncio.CancelledError:
                note("Stopped.")
        self._session = transcript.session_id or self._session
        self._sources = transcript.completed.citations if transcript.completed else ()
        if self._sources:
            count = len(self._sources)
            note(style("1 source: /sources" if count == 1 else f"{count} sources: /sources", "dim"))
        if transcript.completed:
            show_suggestions(transcript.completed.suggestions)
        note("")

    async def _cancel(self, transcript: Transcript, answering: asyncio.Task[None]) -> None:
        """Stop the run, whose stream then ends by itself; before it has begun there is nothing but the wait."""
        if transcript.run_id:
            await self._assistant.cancel(transcript.run_id)
        else:
            answering.cancel()


async def chat(filters: tuple[str, ...], effort: Effort, session: str | None) -> int:
    """Read lines until there are no more."""
    settings = load_settings()
    narrowed = read_filters(filters)
    tell_if_new(settings)
    async with open_assistant(settings) as assistant:
        conversation = Conversation(assistant, effort, narrowed, session)
        with _history(settings.home / HISTORY):
            if sys.stdin.isatty():
                note("Ask away. /help lists the commands.")
            while (line := await _next_line()) is not None:
                if not await conversation.take(line):
                    break
    return 0


async def _next_line() -> str | None:
    """Wait for a line without holding up the rest of the program; None at the end of the input."""
    with _interrupted_by(lambda: note("\n(Ctrl-D or /quit leaves)")):
        try:
            return await asyncio.to_thread(input, PROMPT if sys.stdin.isatty() else "")
        except EOFError:
            return None


@contextmanager
def _interrupted_by(action: Callable[[], object]) -> Generator[None]:
    """Let Ctrl-C do something else than end the program."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, action)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@contextmanager
def _history(path: Path) -> Generator[None]:
    """Remember what was typed, for a person at a terminal, in a file that only they can read."""
    if not sys.stdin.isatty():
        yield
        return
    import readline

    readline.set_history_length(HISTORY_LINES)
    path.touch(mode=0o600)
    readline.read_history_file(path)
    try:
        yield
    finally:
        readline.write_history_file(path)
        say()
