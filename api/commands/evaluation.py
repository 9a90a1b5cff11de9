"""`multidb eval`: hands over to the evals, a program of its own beside the service.

The evals may import everything and nobody imports them, so that what is measured never depends on what measures it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def run_evals(arguments: Sequence[str]) -> int:
    """Run `python -m evals` with the terminal's own streams; return its exit code."""
    try:
        return subprocess.run([sys.executable, "-P", "-m", "evals", *arguments], check=False).returncode
    except KeyboardInterrupt:
        return 130
