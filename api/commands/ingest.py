"""`multidb ingest`: files into the knowledge base."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from api.client import Ingested, open_library
from api.commands import load_settings
from api.terminal import EXIT_FAILED, EXIT_PARTIAL, note, printable, progress, say, say_json, style, usage


async def ingest(patterns: Sequence[str], collection: str, prune: bool, as_json: bool) -> int:
    """Ingest what the patterns name; return the exit code."""
    check_present(patterns)
    async with open_library(load_settings()) as library:
        with progress("Reading") as on_progress:
            done = await library.ingest(patterns, collection, prune, on_progress)
    if as_json:
        refused = [refusal._asdict() for refusal in done.refused]
        say_json({"kept": done.kept, "unchanged": done.unchanged, "refused": refused})
    else:
        _show(done, prune)
    return exit_code(done)


def check_present(patterns: Sequence[str]) -> None:
    """Refuse a path or a glob that names nothing, before anything is opened."""
    for pattern in patterns:
        if not Path(pattern).expanduser().exists() and not any(glob.iglob(pattern, recursive=True)):
            usage(f"{pattern!r} names no file or folder")


def exit_code(done: Ingested) -> int:
    """0 when nothing was refused, 3 when some files were, 1 when nothing else came of it."""
    if not done.refused:
        return 0
    return EXIT_PARTIAL if done.kept or done.unchanged else EXIT_FAILED


def _show(done: Ingested, prune: bool) -> None:
    for path, reason in done.refused:
        note(f"{style('refused', 'yellow')}  {printable(path)}: {printable(reason)}")
    pruned = f", {done.pruned} forgotten" if prune else ""
    say(f"{done.kept} kept, {done.unchanged} unchanged, {len(done.refused)} refused{pruned}")
