"""RTF: its words, paragraph by paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.parsed import Parsed, Raw, TextBuilder

rtf_to_text: Any = import_module("striprtf.striprtf").rtf_to_text  # it has no types


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document."""
    try:
        text = clean(rtf_to_text(raw.data.decode("cp1252", "replace"), errors="replace"))
    except (ValueError, IndexError, LookupError, OverflowError) as error:
        raise Refused(f"it is not a readable RTF ({error})") from error
    builder = TextBuilder(raw.limits.text_characters)
    for paragraph in text.split("\n"):
        cells = [cell.strip() for cell in paragraph.split("|") if cell.strip()]
        # striprtf writes the cells of a row with bars between them.
        is_row = paragraph.rstrip().endswith("|") and len(cells) > 1
        builder.add("; ".join(cells) if is_row else paragraph, "table" if is_row else "text")
    yield Parsed(builder.text(), tuple(builder.blocks), "application/rtf")
