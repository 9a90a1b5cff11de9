"""`multidb search`: passages for a query, or for one a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.client import FoundPassage, Library, open_library
from api.commands import check_one_source, input_lines, load_settings, read_filters, tell_if_new
from api.terminal import EXIT_PARTIAL, EXPECTED, note, printable, say, say_json, style
from memory.records import Filters

QUOTE = 320


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What the command line said beside the query."""

    filters: tuple[str, ...]
    top_k: int
    input_file: Path | None
    as_json: bool


async def search(query: str | None, options: SearchOptions) -> int:
    """Search; return the exit code."""
    check_one_source(query, options.input_file, "query")
    filters = read_filters(options.filters)
    settings = load_settings()
    tell_if_new(settings)
    async with open_library(settings) as library:
        if options.input_file is not None:
            return await _search_lines(library, options.input_file, filters, options.top_k)
        found = await library.search(query or "", filters, options.top_k)
    if options.as_json:
        say_json(as_object(found))
    else:
        _show(found, is_filtered=bool(filters))
    return 0


def as_object(found: Sequence[FoundPassage]) -> dict[str, Any]:
    """The documented object of `search --json`."""
    return {"passages": [passage._asdict() for passage in found]}


async def _search_lines(library: Library, input_file: Path, filters: Filters, top_k: int) -> int:
    code = 0
    async for line in input_lines(input_file):
        try:
            say_json(as_object(await library.search(line, filters, top_k)))
        except EXPECTED as error:
            say_json({"error": str(error)})
            code = EXIT_PARTIAL
    return code


def _show(found: Sequence[FoundPassage], *, is_filtered: bool) -> None:
    if not found:
        meant = (
            "Nothing meets the filters (source, collection, language, or a table's column)"
            if is_filtered
            else "Nothing found"
        )
        note(f"{meant}. `multidb documents list` shows what is kept.")
    for number, passage in enumerate(found, start=1):
        text = " ".join(passage.text.split())
        shown = text if len(text) <= QUOTE else text[:QUOTE] + " …"
        where = f"{passage.source} [{passage.start}:{passage.end}]  {passage.score:.4f}"
        say(f"[{number}] {printable(passage.title)}  {style(printable(where), 'dim')}")
        say(f"    {printable(shown)}")
