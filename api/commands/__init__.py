"""What each `multidb` command does; imported when it is called, so that the command starts at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.filters import parse_filters
from api.terminal import CommandFailed, note, usage
from memory.records import Filters

if TYPE_CHECKING:
    from api.settings import Settings


def load_settings(**given: Any) -> Settings:
    """Read MULTIDB_* with what the command line gave on top.

    Raises:
        CommandFailed: a variable has no usable value; the message names it.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from api.settings import Settings

    try:
        return Settings(**given)
    except ValidationError as error:
        told = "; ".join(f"MULTIDB_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise CommandFailed(f"a setting has no usable value. {told}") from error
    except SettingsError as error:
        raise CommandFailed(f"a setting cannot be read: {error}. Lists are JSON, for example '[\"a\"]'.") from error


def tell_if_new(settings: Settings) -> None:
    """Say where the data would be, if nothing was ever kept there: somebody may stand in the wrong folder."""
    if not settings.documents_url and not (settings.home / "documents.db").exists():
        note(f"No data folder at {settings.home.absolute()} yet. `multidb ingest PATH` fills it;")
        note("MULTIDB_HOME=DIR names one that is elsewhere.\n")


def read_filters(rules: Iterable[str]) -> Filters:
    """Parse --filter options; a rule that is none ends the command as wrong usage."""
    try:
        return parse_filters(rules)
    except ValueError as error:
        usage(str(error))


def check_one_source(given: str | None, input_file: Path | None, what: str) -> None:
    """Refuse both or neither of an argument and --input."""
    if (given is None) == (input_file is None):
        usage(f"give either a {what} or --input FILE")
    if given is not None and not given.strip():
        usage(f"the {what} is empty")
    if input_file is not None and str(input_file) != "-" and not input_file.is_file():
        usage(f"{input_file} is not a file")


async def input_lines(input_file: Path) -> AsyncIterator[str]:
    """Yield the lines of a file, or of stdin for `-`, as they come; blank lines are left out."""
    source = sys.stdin if str(input_file) == "-" else input_file.open(encoding="utf-8-sig")
    with source:
        while line := await asyncio.to_thread(source.readline):
            if line.strip():
                yield line.strip()
