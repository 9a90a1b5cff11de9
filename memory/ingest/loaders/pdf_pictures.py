"""Pages of a PDF that are pictures of text: which those are, and the words in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pypdfium2.raw

from memory.ingest.loaders.ocr import MAX_SIDE
from memory.ingest.loaders.pdf_lines import Line

pdfium_c: Any = pypdfium2.raw

INCH = 200
FEW_LETTERS = 60
"""A stamp or a page number on a scan is no text of its own."""
COVERS = 0.5


def is_picture(page: Any, lines: Sequence[Line]) -> bool:
    """Whether a page shows words that are not in its text: nearly none is in it, and something is drawn."""
    if sum(len(line.text) for line in lines) > FEW_LETTERS:
        return False
    width, height = page.get_size()
    for item in page.get_objects(max_depth=3):
        if not lines and item.type != pdfium_c.FPDF_PAGEOBJ_TEXT:
            return True
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            if (right - left) * (top - bottom) >= COVERS * width * height:
                return True
    return False


def page_words(page: Any, told: Callable[[], None]) -> list[Line]:
    """Return the lines of words on a page as it looks; positions in points from its lower left."""
    picture_lines = import_module("memory.ingest.loaders.ocr_lines").picture_lines  # its models are loaded with it
    scale = min(INCH / 72, MAX_SIDE / max(*page.get_size(), 1.0))
    bitmap = page.render(scale=scale)
    try:
        seen = bitmap.to_numpy()
        pixels = np.repeat(seen[..., :1], 3, axis=2) if seen.shape[2] < 3 else np.array(seen[..., 2::-1])
    finally:
        bitmap.close()
    return picture_lines(pixels, told, scale)
