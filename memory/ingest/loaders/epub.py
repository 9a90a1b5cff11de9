"""EPUB: the chapters in the order of the book's spine."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from memory.errors import Refused
from memory.ingest.archive import member, open_archive
from memory.ingest.decode import clean
from memory.ingest.loaders.markup import write_html
from memory.ingest.loaders.xml import parse
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.records import Scalar

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the book as one document with its declared title, author and language."""
    builder = TextBuilder(raw.limits.text_characters)
    with open_archive(raw.data, raw.limits) as archive:
        if "META-INF/rights.xml" in archive.namelist():
            raise Refused("it is protected by its seller (DRM)")
        root = parse(member(archive, "META-INF/container.xml")).find(f".//{_CONTAINER}rootfile")
        if root is None or not root.get("full-path"):
            raise Refused("it does not say where its chapters are")
        path = str(root.get("full-path"))
        package = parse(member(archive, path))
        for chapter in _chapters(package, posixpath.dirname(path)):
            _write(builder, archive, chapter)
    said = {name: clean(package.findtext(f".//{_DC}{name}") or "").strip()[:300] for name in ("title", "creator")}
    metadata: dict[str, Scalar] = {"author": said["creator"]} if said["creator"] else {}
    blocks = tuple(builder.blocks)
    yield Parsed(builder.text(), blocks, "application/epub+zip", said["title"], metadata=metadata)


def _chapters(package: Any, folder: str) -> Iterator[str]:
    files = {item.get("id"): item.get("href") or "" for item in package.iter(f"{_OPF}item")}
    for reference in package.iter(f"{_OPF}itemref"):
        if href := files.get(reference.get("idref")):
            yield posixpath.normpath(posixpath.join(folder, unquote(href)))


def _write(builder: TextBuilder, archive: ZipFile, path: str) -> None:
    data = member(archive, path)
    if data.strip():
        write_html(builder, data)
