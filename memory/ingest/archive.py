"""Zip-based files (DOCX): checked before anything is inflated."""

from __future__ import annotations

import zipfile
from io import BytesIO

from memory.errors import Refused
from memory.ingest.parsed import Limits

MAX_ENTRIES = 10_000


def check_archive(data: bytes, limits: Limits) -> list[str]:
    """Return the names in an archive that may be opened.

    Raises:
        Refused: damaged, encrypted, too many entries, or inflating to more than the limit. Declared sizes can lie;
            zipfile stops reading an entry at its declared size, so they bound what is inflated.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Refused(f"it is a damaged archive ({error})") from error
    if len(entries) > MAX_ENTRIES:
        raise Refused(f"it holds more than {MAX_ENTRIES:,} parts")
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise Refused(f"it unpacks to more than {limits.unpacked_bytes:,} bytes")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("it is encrypted")
    return [entry.filename for entry in entries]
