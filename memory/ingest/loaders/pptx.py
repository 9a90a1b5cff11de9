"""PPTX: each slide's title is a heading, its shapes, tables and speaker's notes follow; pages are slides."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import pptx
from pptx.exc import PythonPptxError

from memory.errors import Refused
from memory.ingest.archive import check_office
from memory.ingest.decode import clean
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import add_table, looks_headed
from memory.records import Scalar

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MAX_GROUPS = 20
_ERRORS = (PythonPptxError, BadZipFile, KeyError, ValueError, SyntaxError, AttributeError)


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the presentation; its title is its core property, else its first slide's."""
    check_office(raw.data, raw.limits)
    builder = TextBuilder(raw.limits.text_characters)
    try:
        presentation: Any = pptx.Presentation(BytesIO(raw.data))
        for number, slide in enumerate(presentation.slides, 1):
            _slide(builder, slide, number)
        core: Any = presentation.core_properties
        title, author = clean(core.title or "").strip(), clean(core.author or "").strip()
    except _ERRORS as error:
        raise Refused(f"it is not a readable PPTX ({error})") from error
    first = next((block.heading[-1] for block in builder.blocks if block.kind == "heading"), "")
    metadata: dict[str, Scalar] = {"author": author[:200]} if author else {}
    made = title if title not in ("", "PowerPoint Presentation") else first
    yield Parsed(builder.text(), tuple(builder.blocks), MEDIA_TYPE, made, metadata=metadata)


def _slide(builder: TextBuilder, slide: Any, number: int) -> None:
    title = slide.shapes.title
    heading = " ".join(clean(title.text_frame.text).split()) if title is not None else ""
    builder.add_heading(heading or f"Slide {number}", 1, page=number)
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            _shape(builder, shape, number, 0)
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        for paragraph in clean(frame.text).replace("\v", "\n").split("\n"):
            builder.add(paragraph, page=number)


def _shape(builder: TextBuilder, shape: Any, page: int, depth: int) -> None:
    if hasattr(shape, "shapes") and depth < MAX_GROUPS:
        for inner in shape.shapes:
            _shape(builder, inner, page, depth + 1)
    elif getattr(shape, "has_table", False):
        rows = [[" ".join(clean(cell.text).split()) for cell in row.cells] for row in shape.table.rows]
        rows = [row for row in rows if any(row)]
        add_table(builder, rows, headed=looks_headed(rows), page=page)
    elif getattr(shape, "has_chart", False):
        _chart(builder, shape.chart, page)
    elif shape.has_text_frame:
        _paragraphs(builder, shape, page)


def _paragraphs(builder: TextBuilder, shape: Any, page: int) -> None:
    """A frame of several paragraphs is a list, as on the slide."""
    texts = [(item.level, clean(item.text).replace("\v", "\n").strip()) for item in shape.text_frame.paragraphs]
    texts = [(level, text) for level, text in texts if text]
    for number, (level, text) in enumerate(texts):
        mark = "  " * level + "- " if len(texts) > 1 else ""
        builder.add(mark + text, page=page, glue="\n" if number else "\n\n")


def _chart(builder: TextBuilder, chart: Any, page: int) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.add(clean(chart.chart_title.text_frame.text), page=page)
    for plot in chart.plots:
        header = ["", *(clean(str(item.name)) for item in plot.series)]
        columns = [list(item.values) for item in plot.series]
        rows = [
            [clean(str(name)), *(str(column[at]) if at < len(column) else "" for column in columns)]
            for at, name in enumerate(plot.categories)
        ]
        add_table(builder, [header, *rows], headed=True, page=page)
