"""Pictures: the words in them, read by OCR; each page of a TIFF is a page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from memory.errors import Refused
from memory.ingest.loaders.ocr import MAX_SIDE
from memory.ingest.loaders.pdf_pages import Page, write_pages
from memory.ingest.parsed import Parsed, Raw, RefusedPart, TextBuilder

pillow: Any = import_module("PIL.Image")
operations: Any = import_module("PIL.ImageOps")

MAX_PIXELS = 64 * 10**6
MAX_PAGES = 1_000
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "AVIF")
INCH = 200.0
"""Dots to the inch where a picture does not say how large it is."""
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, OverflowError)


def load(raw: Raw) -> Iterator[Parsed | RefusedPart]:
    """Yield the words of a picture as one document.

    Raises:
        Refused: damaged, of too many pixels, or without words.
    """
    with warnings.catch_warnings(action="ignore"):  # of odd tags, and of sizes that are checked here
        try:
            picture = pillow.open(BytesIO(raw.data), formats=FORMATS)
            count = int(getattr(picture, "n_frames", 1))
            kind = str(picture.format)
            read = count if kind == "TIFF" else 1
            if read > MAX_PAGES:
                raise Refused(f"it has more than {MAX_PAGES:,} pages")
            pages = [_page(raw, picture, number, read) for number in range(read)]
        except _DAMAGED as error:
            raise Refused(f"it is a damaged picture ({error})") from error
        except pillow.DecompressionBombError as error:
            raise Refused(f"it has more than {MAX_PIXELS:,} pixels") from error
    if not any(page.lines for page in pages):
        raise Refused("no words were found in the picture" if read == 1 else f"no words were found on its {read} pages")
    builder = TextBuilder(raw.limits.text_characters)
    write_pages(builder, pages, numbered=read > 1)
    metadata = {"ocr_pages": sum(bool(page.lines) for page in pages)}
    yield Parsed(builder.text(), tuple(builder.blocks), f"image/{kind.casefold()}", metadata=metadata)
    if count > read:
        yield RefusedPart("moving", f"it moves: only the first of its {count} pictures is read")


def _page(raw: Raw, picture: Any, number: int, count: int) -> Page:
    from memory.ingest.loaders.ocr_lines import picture_lines  # its models are loaded with it

    picture.seek(number)
    pixels = upright(picture)
    lines = picture_lines(pixels, lambda: raw.tell(number + 1, count), INCH / 72)
    return Page(lines, is_ocr=True)


def upright(picture: Any) -> Any:
    """Return a picture as (height, width, 3) uint8, turned as its camera says, on white, no side beyond MAX_SIDE."""
    picture.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is unpacked no larger than needed
    if picture.width * picture.height > MAX_PIXELS:
        raise Refused(f"it has more than {MAX_PIXELS:,} pixels")
    seen = operations.exif_transpose(picture)
    if seen.mode.startswith(("I", "F")):
        low, high = seen.getextrema()
        values = np.asarray(seen, np.float32)  # of 16 bits and more: pillow itself would cut them off at 255
        seen = pillow.fromarray(np.uint8((values - low) * (255.0 / max(high - low, 1))))
    if "A" in seen.getbands() or "transparency" in seen.info:
        seen = seen.convert("RGBA")
        white = pillow.new("RGBA", seen.size, "white")
        seen = pillow.alpha_composite(white, seen)
    seen = seen.convert("RGB")
    seen.thumbnail((MAX_SIDE, MAX_SIDE), pillow.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(seen)
