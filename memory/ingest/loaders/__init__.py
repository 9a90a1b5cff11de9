"""Which loader reads which type. A new format is one more file here and one more line in `LOADERS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

from memory.ingest.parsed import Parsed, Raw, RefusedPart

Loader = Callable[[Raw], Iterator[Parsed | RefusedPart]]

LOADERS = {
    "text": "memory.ingest.loaders.text",
    "markdown": "memory.ingest.loaders.markdown",
    "html": "memory.ingest.loaders.html",
    "pdf": "memory.ingest.loaders.pdf",
    "docx": "memory.ingest.loaders.docx",
    "delimited": "memory.ingest.loaders.delimited",
    "json": "memory.ingest.loaders.json",
    "jsonl": "memory.ingest.loaders.jsonl",
    "pptx": "memory.ingest.loaders.pptx",
    "xlsx": "memory.ingest.loaders.xlsx",
    "xml": "memory.ingest.loaders.xml",
    "mail": "memory.ingest.loaders.mail",
    "outlook": "memory.ingest.loaders.outlook",
    "epub": "memory.ingest.loaders.epub",
    "odt": "memory.ingest.loaders.odt",
    "rtf": "memory.ingest.loaders.rtf",
    "rst": "memory.ingest.loaders.rst",
    "code": "memory.ingest.loaders.code",
    "notebook": "memory.ingest.loaders.notebook",
    "image": "memory.ingest.loaders.image",
    "zip": "memory.ingest.loaders.zip",
}
"""Type -> module with a `load`. Imported when first needed: a PDF library costs nothing to who has no PDF."""


def loader(kind: str) -> Loader:
    """Return the loader of a detected type."""
    return cast(Loader, import_module(LOADERS[kind]).load)
