"""Reads the code blocks of a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page of this repository, in their order."""
    return [Block(*found) for found in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]


def commands_of(page: str) -> list[str]:
    """What its console blocks tell a reader to type; a line that ends in a backslash goes on in the next."""
    typed = "".join(block.text for block in blocks_of(page) if block.language == "console")
    joined = typed.replace("\\\n", " ")
    return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def programs_of(page: str) -> list[str]:
    """Its Python blocks."""
    return [block.text for block in blocks_of(page) if block.language == "python"]
