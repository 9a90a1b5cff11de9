"""`.env.example` names every setting, with the default that it has, in words that a shell and the settings read."""

from __future__ import annotations

import re
import subprocess

import pytest

from api.env_example import FILE, example
from api.settings import Settings


def test_the_file_is_what_the_settings_say() -> None:
    assert FILE.read_text(encoding="utf-8") == example(), "write it anew: .venv/bin/python -m api.env_example"


def test_every_setting_is_explained() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_shell_that_reads_every_line_of_it_starts_with_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the empty ones: an empty number is no number."""
    lines = re.findall(r"^# (MULTIDB_\w+=.+)$", FILE.read_text(encoding="utf-8").split("---", 1)[1], re.MULTILINE)
    script = "\n".join(["set -ae", *lines, "env"])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, check=True)

    for name, value in re.findall(r"^(MULTIDB_\w+)=(.*)$", done.stdout, re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert len(lines) > 30
    assert Settings() == Settings.model_construct()
