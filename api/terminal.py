"""How the command speaks: results on stdout, everything else on stderr, colour and progress for people only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn

from memory.errors import FolderLocked, IngestError, InvalidToken, ModelUnavailable, StoreError, StoreUnavailable

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_UNREACHABLE = 4


class CommandFailed(Exception):
    """A command cannot do what was asked; the message says why and what to do."""

    def __init__(self, message: str, code: int = EXIT_FAILED) -> None:
        """Keep the exit code beside the message."""
        super().__init__(message)
        self.code = code


EXPECTED = (CommandFailed, StoreError, IngestError, ModelUnavailable, InvalidToken, OSError)
"""What may go wrong without being a fault of the program."""


def explain(error: BaseException) -> int:
    """Say an expected failure in one line on stderr; return the exit code."""
    note(f"{style('Error:', 'red')} {error or type(error).__name__}")
    if isinstance(error, CommandFailed):
        return error.code
    return EXIT_UNREACHABLE if isinstance(error, FolderLocked | StoreUnavailable) else EXIT_FAILED


def report_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Stand in for Python's traceback: a fault of ours is named, and shown whole when MULTIDB_DEBUG is set."""
    leaves = list(_leaves(error))
    if all(isinstance(leaf, EXPECTED) for leaf in leaves):
        sys.exit(explain(leaves[0]))
    if os.environ.get("MULTIDB_DEBUG"):
        sys.__excepthook__(kind, error, trace)
        return
    note(f"{style('Fault:', 'red')} {kind.__name__}: {error}")
    note("This is a defect of multidb. Run it again with MULTIDB_DEBUG=1 to see where, and report that.")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] untyped
            yield from _leaves(inner)  # pyright: ignore[reportUnknownArgumentType] a group's members are errors
    else:
        yield error


def usage(message: str) -> NoReturn:
    """Refuse arguments that make no sense together."""
    raise CommandFailed(message, EXIT_USAGE)


def say(text: str = "", *, end: str = "\n") -> None:
    """Write a part of the result; flushed, so that a reader of a pipe sees it as it comes."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def say_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object on one line."""
    import orjson

    say(orjson.dumps(value).decode())


def note(text: str) -> None:
    """Write something that is not the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def style(text: str, colour: str) -> str:
    """Colour a text for a terminal; plain for pipes, for dumb terminals and with NO_COLOR."""
    codes = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
    return f"\x1b[{codes[colour]}m{text}\x1b[0m" if _colours() else text


def _colours() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout.isatty() and sys.stderr.isatty()


def printable(text: str) -> str:
    """Take control characters out of what a document says, so that it cannot steer the terminal."""
    return "".join(
        letter if (letter >= " " and not "\x7f" <= letter < "\xa0") or letter in "\n\t" else "�" for letter in text
    )


@contextmanager
def progress(label: str) -> Generator[Callable[[int, int, str], None]]:
    """Yield a function (done, total, what) that draws a bar on stderr; silent when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total or None, description=printable(what)[-60:]
        )
