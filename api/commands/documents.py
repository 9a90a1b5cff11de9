"""`multidb documents`: what is kept."""

from __future__ import annotations

from collections.abc import Sequence

from api.client import open_library
from api.commands import load_settings, tell_if_new
from api.terminal import note, printable, say, say_json


async def list_documents(prefix: str, as_json: bool) -> None:
    """Print a line, or with JSON an object, for each document."""
    count = 0
    settings = load_settings()
    tell_if_new(settings)
    async with open_library(settings) as library:
        async for kept in library.documents(prefix):
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
        found = await library.document(id_or_source)
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
            document_id = (await library.document(id_or_source)).document_id
            await library.delete(document_id)
            deleted.append(document_id)
    if as_json:
        say_json({"deleted": deleted})
    else:
        say(f"{len(deleted)} forgotten")
