"""Pictures of known words, as scanners and cameras make them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from io import BytesIO

import fpdf
import pypdfium2 as pdfium
from PIL import Image

STORY = (
    "The keeper climbs the stairs of the lighthouse when the sun goes down. He fills the lamp with oil, trims the "
    "wick and writes the time into his book. On 14 November 1893 the storm tore two shutters from the north wall; "
    "the repair cost 37.50 crowns."
)
LEFT = ["The keeper wrote his entry", "into the book before the storm", "and then he climbed the stairs"]
RIGHT = ["In the harbour the boats lay", "with double ropes for the wind", "that would turn at midnight"]


def written(font: str = "Helvetica", size: float = 12, texts: tuple[str, ...] = (STORY,)) -> fpdf.FPDF:
    made = fpdf.FPDF(format=(120, 160))
    made.set_font(font, size=size)
    for text in texts:
        made.add_page()
        made.multi_cell(0, size / 2, text, align="L")
    return made


def columns() -> fpdf.FPDF:
    made = fpdf.FPDF(format=(150, 60))
    made.set_font("Times", size=12)
    made.add_page()
    for number, pair in enumerate(zip(LEFT, RIGHT, strict=True)):
        for x, text in zip((8, 84), pair, strict=True):
            made.text(x, 12 + 7 * number, text)
    return made


def photographed(made: fpdf.FPDF, page: int = 0, dots: int = 150) -> Image.Image:
    return pdfium.PdfDocument(bytes(made.output()))[page].render(scale=dots / 72).to_pil().convert("RGB")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@cache
def line(text: str = "The lamp burns through the whole night.") -> Image.Image:
    made = fpdf.FPDF(format=(150, 24))
    made.set_font("Helvetica", size=12)
    made.add_page()
    made.text(8, 12, text)
    return photographed(made)


def scanned_pdf(*pages: Image.Image | str) -> bytes:
    """A PDF of pictures of pages; a page that is given as words has them as text."""
    made = fpdf.FPDF(format=(120, 160))
    made.set_font("Helvetica", size=11)
    for page in pages:
        made.add_page()
        if isinstance(page, str):
            made.multi_cell(0, 6, page)
        else:
            made.image(page, 0, 0, made.w)
    return bytes(made.output())


def recall(text: str, wanted: str) -> float:
    """The share of the wanted words that a text holds, each as often as it is wanted."""
    words = Counter(wanted.split())
    return (words & Counter(text.split())).total() / words.total()
