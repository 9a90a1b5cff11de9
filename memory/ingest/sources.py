"""Which files a list of paths means, and what each is called.

A source is the path relative to the working folder (`base`) for a file below it, else the whole path without its
leading slash: two folders of one name never share sources, and an upload under a source's name has that source.
"""

from __future__ import annotations

import glob
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from memory.ids import digest

MAX_SOURCE = 900
"""Characters of an upload's source."""
IGNORED = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file to ingest and its source."""

    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What paths meant: files by source, paths that name nothing, and the sources of the folders among them."""

    files: tuple[Found, ...]
    missing: tuple[str, ...]
    folders: tuple[str, ...]


def listing(paths: Sequence[str | Path], base: Path) -> Listing:
    """Find the files of folders, globs and plain paths. Blocking: it walks folders.

    Hidden files and folders, and links that leave a named folder, are left out.
    """
    files: dict[str, Found] = {}
    missing: list[str] = []
    folders: list[str] = []
    for given in paths:
        matches = _matches(str(given))
        if not matches:
            missing.append(str(given))
        for root in matches:
            if root.is_dir():
                folders.append(source_of(root, base))
            for path in _files(root):
                found = Found(path, source_of(path, base))
                files.setdefault(found.source, found)
    return Listing(tuple(files[source] for source in sorted(files)), tuple(missing), tuple(folders))


def source_of(path: Path, base: Path) -> str:
    """Return the source of a file or folder."""
    path, base = path.absolute(), base.absolute()
    if path.is_relative_to(base) and path != base:
        return path.relative_to(base).as_posix()
    return path.relative_to(path.anchor).as_posix()


def upload_name(name: str) -> str:
    """Return a source for an uploaded file's name: no control or direction marks, no `..`, no leading slash."""
    visible = "".join(mark for mark in name if unicodedata.category(mark) not in ("Cc", "Cf", "Cs"))
    parts = [part.strip() for part in PurePosixPath(visible.replace("\\", "/").replace("#", "_")).parts]
    kept = [part for part in parts if part not in ("", ".", "..", "/")]
    source = "/".join(kept) or "upload"
    # The end of a long name tells more than its beginning, but may be the end of many.
    return source if len(source) <= MAX_SOURCE else f"{digest(source)}/{source[-MAX_SOURCE:].lstrip('/')}"


def _matches(given: str) -> list[Path]:
    path = Path(given).expanduser()
    if path.exists():
        return [Path(str(path.absolute())).resolve() if path.is_dir() else path.absolute()]
    found = sorted(Path(match).absolute() for match in glob.glob(str(path), recursive=True))
    return [match for match in found if not IGNORED.intersection(match.parts)]


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if any(part.startswith(".") or part in IGNORED for part in inside):
            continue
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path
