"""Where servers keep their data, downloads and addresses: all in `.services`, which git does not know."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".services"


class CannotStart(Exception):
    """A server cannot be started here; the message names what is missing and the way out."""


@dataclass(frozen=True)
class Places:
    """data: what servers write. cache: what was downloaded, kept between runs."""

    data: Path
    cache: Path


def default_places() -> Places:
    """Return the folders of this clone.

    PostgreSQL refuses to run as root, so that root starts it as another user, who must be able to walk to its data.
    """
    folder = FOLDER
    if os.geteuid() == 0 and not _walkable(FOLDER.parent):
        folder = Path("/var/tmp") / f"multidb-services-{hashlib.sha256(bytes(FOLDER)).hexdigest()[:8]}"
    cache = Path(os.environ.get("MULTIDB_SERVICES_CACHE") or folder / "cache")
    places = Places(folder / "data", cache.absolute())
    for path in (FOLDER, places.data, places.cache):
        path.mkdir(parents=True, exist_ok=True)
    return places


def _walkable(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))
