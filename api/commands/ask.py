"""`multidb ask`: one question, or one a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.client import Assistant, Question, open_assistant
from api.commands import check_one_source, input_lines, load_settings, read_filters, tell_if_new
from api.commands.answers import Transcript, answer_json, check_end, follow, show_sources, show_suggestions
from api.events import AnswerCompleted, RunStarted
from api.terminal import EXIT_PARTIAL, EXPECTED, CommandFailed, note, say_json, style
from memory.records import Effort, Filters


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What the command line said beside the question."""

    filters: tuple[str, ...]
    effort: Effort
    session: str | None
    input_file: Path | None
    as_json: bool


async def ask(question: str | None, options: AskOptions) -> int:
    """Answer; return the exit code. That the sources do not say is an answer, not a failure."""
    check_one_source(question, options.input_file, "question")
    filters = read_filters(options.filters)
    settings = load_settings()
    tell_if_new(settings)
    async with open_assistant(settings) as assistant:
        if options.input_file is not None:
            return await _answer_lines(assistant, options.input_file, options, filters)
        asked = Question(question or "", options.session, options.effort, filters)
        if options.as_json:
            say_json(await answer(assistant, asked))
        else:
            await _show(assistant, asked)
    return 0


async def answer(assistant: Assistant, question: Question) -> dict[str, Any]:
    """Run a question to its end; return the documented object."""
    run_id, completed = "", None
    async for event in assistant.ask(question):
        check_end(event)
        if isinstance(event, RunStarted):
            run_id = event.run_id
        elif isinstance(event, AnswerCompleted):
            completed = event
    if completed is None:
        raise CommandFailed("the run ended without an answer")
    return answer_json(run_id, completed)


async def _show(assistant: Assistant, question: Question) -> None:
    transcript = Transcript()
    await follow(assistant.ask(question), transcript)
    if transcript.completed is None:
        raise CommandFailed("the run ended without an answer")
    show_sources(transcript.completed.citations)
    show_suggestions(transcript.completed.suggestions)
    confidence = "" if transcript.completed.abstained else f"confidence {transcript.completed.confidence:.2f} · "
    note(style(f"\n{confidence}go on with --session {transcript.session_id}", "dim"))


async def _answer_lines(assistant: Assistant, input_file: Path, options: AskOptions, filters: Filters) -> int:
    code = 0
    async for line in input_lines(input_file):
        try:
            say_json(await answer(assistant, Question(line, options.session, options.effort, filters)))
        except EXPECTED as error:
            say_json({"error": str(error)})
            code = EXIT_PARTIAL
    return code
