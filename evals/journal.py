"""What an evaluation has found so far, line by line in a file, so that one that was interrupted goes on.

What was found by other code, other settings or on other data is never taken up: the first line tells what it is of.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.commands import load_settings
from memory.ids import digest

_ROOT = Path(__file__).parent.parent
_ROOMS = ("memory", "mcp_servers", "tools", "graphs", "api", "evals")
_KINDS = frozenset({".py", ".md", ".json", ".toml"})


class Journal:
    """Findings by key. No folder keeps nothing; a file of another run is begun anew."""

    def __init__(self, folder: Path | None, name: str, *about: str) -> None:
        """Open `NAME.jsonl` of a folder.

        Args:
            folder: where it lies; None keeps nothing.
            name: of the evaluation.
            about: everything that findings depend on beside code and settings.
        """
        self._path = folder / f"{name}.jsonl" if folder else None
        self._found: dict[str, Any] = {}
        if self._path is None:
            return
        mark = digest(_code(), _settings(), *about)
        if not self._took_up(self._path, mark):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps({"of": mark}) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        """How much was found."""
        return len(self._found)

    def get(self, key: str) -> Any | None:
        """What was found before; None if nothing was."""
        return self._found.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Add a finding, at once."""
        if self._path is None:
            return
        self._found[key] = value
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"key": key, "value": value}, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Let go of everything: the evaluation is through, and the next one measures anew."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _took_up(self, path: Path, mark: str) -> bool:
        """Read a file that is of this run, less a line that was cut off."""
        if not path.is_file():
            return False
        whole, end, rest = path.read_bytes().rpartition(b"\n")
        try:
            head, *rows = [json.loads(line) for line in whole.splitlines()]
            if head != {"of": mark}:
                return False
            self._found = {row["key"]: row["value"] for row in rows}
        except (ValueError, KeyError, TypeError):
            return False
        if rest:
            path.write_bytes(whole + end)
        return True


@lru_cache(maxsize=1)
def _code() -> str:
    """A digest of everything that answers and judges."""
    files = sorted(
        path
        for room in _ROOMS
        for path in (_ROOT / room).rglob("*")
        if path.suffix in _KINDS and path.name != "judge_cards.json"
    )
    found = sha256()
    for path in files:
        found.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _settings() -> str:
    """The deployment's settings; where things are kept changes no answer."""
    return repr(sorted(load_settings().model_dump(exclude={"home"}).items()))
