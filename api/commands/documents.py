"""`multidb documents`: what is kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from api.client import open_library
from api.commands import load_settings, tell_if_new
from api.terminal import note, printable, progress, say, say_json
from memory.document_ports import Version
from memory.errors import NotFound
from memory.ingest.sources import source_of


def source_meant(given: str) -> str:
    """Return the source that a path of this machine was ingested under; ids and sources as they are given."""
    if not given.startswith(("/", "~", "./", "../")):
        return given
    path = Path(os.path.normpath(Path(given).expanduser().absolute()))
    source = "" if path == Path.cwd() else source_of(path, Path.cwd())
    return f"{source}/" if source and given.endswith("/") else source


async def list_documents(prefix: str, as_json: bool) -> None:
    """Print a line, or with JSON an object, for each document."""
    count = 0
    settings = load_settings()
    tell_if_new(settings)
    async with open_library(settings) as library:
        async for kept in library.documents(source_meant(prefix)):
            count += 1
            if as_json:
                row = {"document_id": kept.document_id, "version_id": kept.version_id, "source": kept.source}
                extra = {"title": kept.title, "collection": kept.collection, "characters": kept.characters}
                say_json({**row, **extra, "passages": kept.passages, "updated_at": kept.updated_at.isoformat()})
            else:
                shown = f"{printable(kept.source)}  {printable(kept.title)}"
                say(f"{kept.document_id}  {kept.passages:>5} passages  {shown}")
    if not count and not as_json:
        note(f"No source starts with {prefix!r}." if prefix else "No documents are kept.")


async def show_document(id_or_source: str, as_json: bool) -> None:
    """Print the stored text; with JSON the document's identity beside it."""
    async with open_library(load_settings()) as library:
        found = await library.document(source_meant(id_or_source))
    if not as_json:
        say(printable(found.text))
        return
    identity = {"document_id": found.document_id, "version_id": found.version_id, "source": found.source}
    say_json({**identity, "title": found.title, "text": found.text})


async def delete_documents(ids_or_sources: Sequence[str], as_json: bool) -> None:
    """Forget each document; the first that is not there ends the command."""
    deleted: list[str] = []
    async with open_library(load_settings()) as library:
        for id_or_source in ids_or_sources:
            document_id = await library.document_id(source_meant(id_or_source))
            await library.delete(document_id)
            deleted.append(document_id)
    if as_json:
        say_json({"deleted": deleted})
    else:
        say(f"{len(deleted)} forgotten")


async def list_versions(id_or_source: str, as_json: bool) -> None:
    """Print a line, or with JSON an object, for each kept version."""
    async with open_library(load_settings()) as library:
        for one in await library.versions(await library.document_id(source_meant(id_or_source))):
            if as_json:
                say_json({**asdict(one), "updated_at": one.updated_at.isoformat()})
                continue
            when = one.updated_at.astimezone().strftime("%Y-%m-%d %H:%M")
            size = f"{one.characters:>9,} characters  {one.passages:>5} passages"
            say(f"{one.number:>4}  {when}  {size}  {one.version_id}{'  current' if one.is_current else ''}")


async def roll_back(id_or_source: str, wanted: str | None, as_json: bool) -> None:
    """Go back to a version, given by number or id; without one to the version before."""
    async with open_library(load_settings()) as library:
        document_id = await library.document_id(source_meant(id_or_source))
        version = _chosen(await library.versions(document_id), wanted)
        is_new = await library.rollback(document_id, version.version_id)
    if as_json:
        say_json({"document_id": document_id, "version_id": version.version_id, "rolled_back": is_new})
    elif is_new:
        say(f"Version {version.number} is current, until the source changes")
    else:
        say(f"Version {version.number} is current already")


async def reembed(spec: str, as_json: bool) -> None:
    """Embed everything again; the folder's own embedder serves until it is done, whatever MULTIDB_EMBEDDER says."""
    async with open_library(load_settings(embedder=""), any_embedder=True) as library:
        with progress("Embedding") as on_progress:
            name = await library.reembed(spec, on_progress)
    if as_json:
        say_json({"embedder": name})
    else:
        say(f"All documents are embedded by {name}")
        if (kept := load_settings().embedder) not in ("", spec):
            note(f"MULTIDB_EMBEDDER is {kept!r}: unset it, or set it to {spec!r}.")


def _chosen(versions: Sequence[Version], wanted: str | None) -> Version:
    """Return the version that is meant; without a wish the one that was current before this one."""
    current, *others = versions
    if wanted is None:
        others = [one for one in others if one.number < current.number]
    else:
        others = [one for one in versions if wanted in (str(one.number), one.version_id)]
    if not others:
        which = "no version before the current one" if wanted is None else f"no version {wanted!r}"
        raise NotFound(f"{which} is kept; `multidb documents versions` lists them")
    return others[0]
