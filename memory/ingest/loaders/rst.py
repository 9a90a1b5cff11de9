"""reStructuredText: sections, lists, tables and code; nothing is included from other files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from docutils.utils import SystemMessage

from memory.errors import Refused
from memory.ingest.decode import decode
from memory.ingest.loaders.markup import write_html
from memory.ingest.parsed import Parsed, Raw, TextBuilder

publish_parts: Any = import_module("docutils.core").publish_parts  # it has few types

# What docutils cannot follow (directives of Sphinx) stays out of the text without a word about it.
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "_disable_config": True,
    "embed_stylesheet": False,
    "math_output": "LaTeX",
    "syntax_highlight": "none",
    "initial_header_level": 1,
    "doctitle_xform": False,
    "toc_backlinks": False,
}


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document; its title is its first heading."""
    try:
        parts: Any = publish_parts(decode(raw.data), writer="html5", settings_overrides=_SETTINGS)
    except (SystemMessage, RecursionError, AttributeError, ValueError, KeyError) as error:
        raise Refused(f"it is not readable RST ({type(error).__name__})") from error
    builder = TextBuilder(raw.limits.text_characters)
    write_html(builder, f"<body>{parts['body']}</body>")
    title = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    yield Parsed(builder.text(), tuple(builder.blocks), "text/x-rst", title)
