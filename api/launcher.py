"""Makes `multidb` runnable from this checkout: `python -m api.launcher`, called by the Makefile.

The project is deployed from its lock and never installed as a distribution, so it brings no entry point; instead
the environment learns the checkout's path and gets a launcher.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# -P keeps the caller's folder off the import path: a folder `memory` or `api` there must not shadow ours.
SCRIPT = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m api.cli "$@"
"""


def install(root: Path = ROOT) -> Path:
    """Write the path file and the launcher into the running environment; return the launcher."""
    (Path(sysconfig.get_path("purelib")) / "multidb.pth").write_text(f"{root}\n", encoding="utf-8")
    launcher = Path(sys.prefix) / "bin" / "multidb"
    launcher.write_text(SCRIPT, encoding="utf-8")
    launcher.chmod(0o755)
    return launcher


if __name__ == "__main__":
    install()
