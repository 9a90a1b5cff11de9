"""Writes `.env.example` from the settings: `python -m api.env_example`. A test fails while the file is another."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.settings import Settings
from memory.settings import StoreSettings

FILE = Path(__file__).resolve().parent.parent / ".env.example"
WIDTH = 118
HEAD = """\
# Every setting with its default. Nothing reads this file by itself: copy it to .env, take away the `# ` before what you
# change, and start with
#
#   set -a; . ./.env; set +a; make run
#
# Lists are JSON in quotes: MULTIDB_ALLOWED_HOSTS='["chat.example"]'. Written by `python -m api.env_example`.
"""
BESIDE = """\
# --- What is no setting of the application ---

# Any value: plain output.
# NO_COLOR=

# Any value: a traceback for a fault of ours at the terminal.
# MULTIDB_DEBUG=
"""


def example() -> str:
    """Return what `.env.example` should say."""
    stores = StoreSettings.model_fields
    own = {name: field for name, field in Settings.model_fields.items() if name not in stores}
    groups = {"Where things are kept (memory/settings.py)": stores, "The application (api/settings.py)": own}
    parts = [HEAD]
    for title, fields in groups.items():
        parts.append(f"# --- {title} ---\n")
        parts.extend(_entry(name, field) for name, field in fields.items())
    return "\n".join([*parts, BESIDE])


def _entry(name: str, field: FieldInfo) -> str:
    told = textwrap.fill(field.description or "", WIDTH, initial_indent="# ", subsequent_indent="# ")
    return f"{told}\n# MULTIDB_{name.upper()}={_written(field.default)}\n"


def _written(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return f"'{json.dumps(default)}'"
    return str(default)


if __name__ == "__main__":
    FILE.write_text(example(), encoding="utf-8")
