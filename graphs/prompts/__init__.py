"""Prompts as text files, one per node; read once, when the module that uses one is imported."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

_FOLDER = Path(__file__).parent


def prompt(name: str) -> str:
    """Return the text of `NAME.md`."""
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")


def version() -> str:
    """Return 12 hex digits that change whenever a prompt does; goes into a run's record. Reads files."""
    texts = [path.name + path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.md"))]
    return sha256("\0".join(texts).encode()).hexdigest()[:12]
