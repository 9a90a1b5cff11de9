"""Zip-based files: checked before anything is inflated, read no further than allowed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO

from memory.errors import Refused
from memory.ingest.parsed import Limits

MAX_ENTRIES = 10_000
MAX_RATIO, RATIO_BYTES = 200, 16 * 2**20
"""An entry that inflates two hundredfold beyond 16 MiB is a bomb, not a document."""

HEAD_BYTES = 4_096


@contextmanager
def open_archive(data: bytes, limits: Limits) -> Generator[zipfile.ZipFile]:
    """Lend an archive whose entries may be inflated.

    Raises:
        Refused: damaged, encrypted, too many entries, or inflating to more than the limit. Declared sizes can lie;
            zipfile stops reading an entry at its declared size, so they bound what is inflated.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check(archive.infolist(), limits)
            yield archive
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise Refused(f"it is a damaged archive ({error})") from error


def check_office(data: bytes, limits: Limits) -> list[str]:
    """Return the names in an Office file that may be opened.

    Raises:
        Refused: as `open_archive` does; or a part declares entities, which ECMA-376 forbids and bombs are made of.
    """
    with open_archive(data, limits) as archive:
        if any(
            entry.filename.endswith((".xml", ".rels")) and _declares(archive, entry) for entry in archive.infolist()
        ):
            raise Refused("it declares entities, as no Office program does")
        return archive.namelist()


def _declares(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as part:
            head = part.read(HEAD_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False  # whoever needs that part will say so
    return b"<!DOCTYPE" in head.replace(b"\0", b"")  # in UTF-16 too


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return an entry's bytes.

    Raises:
        Refused: there is no such entry.
    """
    try:
        return archive.read(name)
    except KeyError as error:
        raise Refused(f"a part of it is missing ({name})") from error
    except RuntimeError as error:  # an entry that asks for a password without saying so
        raise Refused("it is protected by a password") from error


def _check(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > MAX_ENTRIES:
        raise Refused(f"it holds more than {MAX_ENTRIES:,} parts")
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise Refused(f"it unpacks to more than {limits.unpacked_bytes:,} bytes")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("it is encrypted")
    for entry in entries:
        if entry.file_size > max(RATIO_BYTES, MAX_RATIO * entry.compress_size):
            raise Refused(f"it unpacks to more than {MAX_RATIO} times its size")
