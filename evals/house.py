"""Opens what serves users, on a folder of its own, and fills it: embedded stores, the tools, the graph."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from api.agent import Agent, open_agent
from api.commands import load_settings
from api.settings import Settings
from api.telemetry import langsmith_tracing
from api.terminal import CommandFailed, note
from evals.sets import CORPUS, EvalSet
from memory.ids import digest
from memory.ingest import pipeline
from memory.records import LOCAL
from memory.settings import StoreSettings
from memory.stores import Stores, open_stores

Tell = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much."""

PATIENCE_S = 600.0
MARK = "evaluated.json"
"""The paths whose documents a folder keeps."""
PAGE = 200
"""Documents that are listed at a time."""


@dataclass(frozen=True, slots=True)
class House:
    """What answers, open."""

    stores: Stores
    agent: Agent


def folder_of(found: EvalSet, home: Path | None) -> Path | None:
    """The folder that keeps a set's documents: `home` for the first set, one inside it for each other.

    Documents of two sets in one folder would both be searched.
    """
    if home is None:
        return None
    mark = home / MARK
    mine = [str(path.resolve()) for path in found.paths]
    if not mark.is_file():
        home.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(mine), encoding="utf-8")
    known: object = json.loads(mark.read_text(encoding="utf-8"))
    return home if known == mine else home / digest(*mine)[:16]


@asynccontextmanager
async def open_house(home: Path | None) -> AsyncGenerator[House]:
    """Open everything in a folder, a temporary one for None.

    Models and limits are the deployment's (MULTIDB_*); what is measured is kept in the folder, whatever stores and
    servers a deployment names.
    """
    with tempfile.TemporaryDirectory() as scratch:
        settings = _embedded(home or Path(scratch))
        with langsmith_tracing(settings):  # off unless MULTIDB_LANGSMITH says so, whatever LANGSMITH_* say
            async with open_stores(settings, command="multidb eval") as stores, open_agent(settings, stores) as agent:
                yield House(stores, agent)


def _embedded(home: Path) -> Settings:
    urls = [name for name in StoreSettings.model_fields if name.endswith("_url")]
    urls += [name for name in Settings.model_fields if name.startswith("mcp_") and name.endswith("_url")]
    # Patient with the small reader: figures are of answers that had it, however busy the machine is.
    return load_settings(home=home, reader_timeout_s=PATIENCE_S, **dict.fromkeys(urls, ""))


async def fill(house: House, found: EvalSet, home: Path | None, tell: Tell) -> None:
    """Ingest a set's documents; what the folder holds already is not embedded again.

    Raises:
        CommandFailed: nothing could be read.
    """

    def progress(state: pipeline.Progress) -> None:
        tell("documents embedded", state.kept + state.unchanged, 0)

    with tempfile.TemporaryDirectory() as scratch:
        paths = found.paths or (await asyncio.to_thread(_written, found, home or Path(scratch)),)
        report = await pipeline.ingest(LOCAL, paths, house.stores, pipeline.IngestOptions(), progress)
    for path, reason in report.refused:
        note(f"left out: {path}: {reason}")
    if not report.kept + report.unchanged:
        raise CommandFailed("no document could be read: there is nothing to ask about")
    wanted = {name for question in found.questions for name in question.gains}
    missing = sorted(wanted - {name async for name in _names(house, found)})
    if missing and len(missing) == len(wanted):
        raise CommandFailed(f"no document that questions name is here: {missing[0]!r} is the first of {len(wanted)}")
    if missing:
        note(f"{len(missing)} of {len(wanted)} documents that questions name are not here, {missing[0]!r} for one")


async def _names(house: House, found: EvalSet) -> AsyncGenerator[str]:
    """The names of all documents, as gold uses them."""
    after: str | None = None
    while True:
        page = await house.stores.documents.page(LOCAL, "", after, PAGE)
        for item in page.items:
            yield found.name_of(item.source)
        if (after := page.next) is None:
            return


def _written(found: EvalSet, home: Path) -> Path:
    """A file of the passages that the questions brought, always at the same place in a kept folder."""
    path = home / CORPUS
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ({"id": name, "title": title, "text": text} for name, title, text in found.passages)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


class Ticker:
    """Says on stderr how far a measurement is, every few seconds and at its end."""

    def __init__(self, every_s: float = 5.0) -> None:
        """Begin with nothing said."""
        self._every_s = every_s
        self._said_at = monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say it, if the last time is long enough ago."""
        if (total and done == total) or monotonic() - self._said_at >= self._every_s:
            self._said_at = monotonic()
            note(f"{what}: {done} of {total}" if total else f"{what}: {done}")
