"""A small disk that is filled and given its space back: a file system in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PIECE = bytes(65_536)


@dataclass(frozen=True)
class Disk:
    """Where it is mounted."""

    folder: Path

    @contextmanager
    def full(self) -> Generator[None]:
        """No file can grow, and no new one be written to, until the block ends."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(PIECE)
        try:
            yield
        finally:
            filler.unlink()


@contextmanager
def small_disk(megabytes: int) -> Generator[Disk]:
    """Mount a disk that every user can walk to; skips where that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        os.chmod(folder, 0o755)
        options = f"size={megabytes}m,mode=755"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)
        if mounted.returncode:
            pytest.skip("needs to be root, to mount a disk that may be filled")
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
