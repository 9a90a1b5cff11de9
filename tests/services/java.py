"""Java 17, which Cassandra 5 needs: found, or asked for by name."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from tests.services.downloads import run
from tests.services.places import CannotStart

WAY_OUT = "Debian and Ubuntu: apt-get install openjdk-17-jre-headless maven"


async def java_17() -> str:
    """Return the path of a Java 17."""
    for java in _candidates():
        if await _version(java) == 17:
            return java
    raise CannotStart(f"Java 17 is not here. {WAY_OUT}")


def _candidates() -> list[str]:
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    homes += sorted(Path("/usr/lib/jvm").glob("*17*"))
    known = [str(home / "bin" / "java") for home in homes if (home / "bin" / "java").exists()]
    on_path = shutil.which("java")
    return [on_path, *known] if on_path else known


async def _version(java: str) -> int | None:
    said = re.search(r'version "(\d+)', await run(java, "-version"))
    return int(said[1]) if said else None
