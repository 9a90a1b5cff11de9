"""Jupyter notebooks: prose as Markdown, code as code, printed results after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import orjson

from memory.errors import Refused
from memory.ingest.decode import clean, decode
from memory.ingest.loaders.markdown import write_markdown
from memory.ingest.parsed import Parsed, Raw, TextBuilder


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the notebook as one document; its title is its first heading."""
    try:
        book: Any = orjson.loads(decode(raw.data))
    except orjson.JSONDecodeError as error:
        raise Refused(f"it is not a notebook ({error.msg})") from error
    cells = cast(dict[str, Any], book).get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise Refused("it is not a notebook of version 4")
    builder = TextBuilder(raw.limits.text_characters)
    for cell in cast(list[Any], cells):
        if isinstance(cell, dict):
            _cell(builder, cast(dict[str, Any], cell))
    title = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    yield Parsed(builder.text(), tuple(builder.blocks), "application/x-ipynb+json", title)


def _cell(builder: TextBuilder, cell: dict[str, Any]) -> None:
    source = _lines(cell.get("source"))
    match cell.get("cell_type"):
        case "markdown":
            write_markdown(builder, source)
        case "code":
            builder.add(source, "code")
            for output in cast(list[Any], cell.get("outputs") or []):
                if isinstance(output, dict):
                    builder.add(_output(cast(dict[str, Any], output)), "code")
        case _:
            builder.add(source)


def _output(output: dict[str, Any]) -> str:
    data: Any = output.get("data")
    plain = cast(dict[str, Any], data).get("text/plain") if isinstance(data, dict) else None
    return _lines(output.get("text") or plain)


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return clean("".join(str(part) for part in cast(list[Any], value)))
    return clean(value) if isinstance(value, str) else ""
