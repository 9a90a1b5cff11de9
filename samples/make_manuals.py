"""Writes the two manuals of the sample corpus: `python samples/make_manuals.py` (needs fpdf2 and python-docx)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from fpdf import FPDF

FOLDER = Path(__file__).parent / "fernweh" / "manuals"
MADE = datetime(2026, 2, 2, tzinfo=UTC)

STOVE: list[tuple[str, list[str]]] = [
    (
        "Safety",
        [
            "Use the Ember stove outdoors only. It must stand at least 1.5 metres away from tent walls, dry grass and "
            "anything else that burns.",
            "Never leave the burning stove alone. Never use it in a closed room: it consumes oxygen and gives off "
            "carbon monoxide.",
            "Use only cartridges with a screw valve according to EN 417. Change the cartridge outdoors and away from "
            "flames, and wait 15 minutes after use, until the burner is cold.",
        ],
    ),
    (
        "Lighting the stove",
        [
            "Close the valve before you screw on the cartridge. Tighten the cartridge by hand until you feel "
            "resistance; never use tools.",
            "Open the valve by a quarter turn and press the igniter. Above 2,500 metres the igniter may fail: then use "
            "a lighter with a long neck.",
            "Turn the flame down before you put a pot on. The pot supports carry at most 3.2 kg.",
        ],
    ),
]
STOVE_FACTS = [
    ("Property", "Value"),
    ("Power output", "2.8 kW"),
    ("Gas consumption", "184 g per hour"),
    ("Weight", "190 g"),
    ("Boiling time of one litre", "3.5 minutes"),
    ("Largest pot", "20 cm in diameter"),
    ("Lowest temperature", "-5 degrees Celsius"),
]
STOVE_TIMES = [
    ("Cartridge", "Full power", "Half power"),
    ("100 g", "33 minutes", "70 minutes"),
    ("230 g", "75 minutes", "160 minutes"),
    ("450 g", "147 minutes", "310 minutes"),
]
STOVE_FAULTS = [
    ("Fault", "Cause", "What to do"),
    ("Yellow flame", "too little air", "clean the air holes with a dry brush"),
    ("Weak flame", "cold or nearly empty cartridge", "warm the cartridge in your hands"),
    ("Smell of gas", "damaged seal ring", "close the valve and replace the seal ring"),
    ("No spark", "worn igniter", "replace the igniter, part number EM-07"),
]
CARE = (
    "Clean the jet once a season with the needle that is delivered with the stove. Replace the seal ring every three "
    "years; its part number is EM-03. Store the stove dry and without a cartridge."
)


class _Manual(FPDF):
    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 10, f"Ember stove manual, edition 4, page {self.page_no()}", align="C")

    def part(self, title: str) -> None:
        self.ln(4)
        self.set_font("Helvetica", "B", 15)
        self.cell(0, 10, title, new_x="LMARGIN", new_y="NEXT")
        self.set_font("Helvetica", size=11)

    def paragraph(self, text: str) -> None:
        self.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(2.5)

    def grid(self, rows: list[tuple[str, ...]]) -> None:
        with self.table(first_row_as_headings=True, line_height=7) as table:
            for row in rows:
                table.row(row)
        self.ln(2)


def write_stove(path: Path) -> None:
    """Write the stove's manual as PDF: prose, then tables with ruled lines on the second page."""
    manual = _Manual()
    manual.set_creation_date(MADE)
    manual.set_title("Ember stove: manual")
    manual.set_author("Fernweh Outfitters")
    manual.add_page()
    manual.set_font("Helvetica", "B", 22)
    manual.cell(0, 14, "Ember stove: manual", new_x="LMARGIN", new_y="NEXT")
    manual.set_font("Helvetica", size=11)
    manual.paragraph("Article FW-1301. Edition 4, February 2026. Keep this manual.")
    for title, texts in STOVE:
        manual.part(title)
        for text in texts:
            manual.paragraph(text)
    manual.add_page()
    for title, rows in (("Technical data", STOVE_FACTS), ("Burning time", STOVE_TIMES), ("Faults", STOVE_FAULTS)):
        manual.part(title)
        manual.grid(rows)
    manual.part("Care")
    manual.paragraph(CARE)
    manual.output(str(path))


TENT_SIZES = [
    ("", "Kestrel 2", "Kestrel 3"),
    ("Packed size", "44 x 16 cm", "48 x 18 cm"),
    ("Floor area", "2.9 square metres", "4.1 square metres"),
    ("Height inside", "105 cm", "118 cm"),
    ("Poles", "2", "3"),
]
TENT_CARE = [
    ("Work", "How often", "With what"),
    ("Seal the seams", "every two years", "silicone sealant SK-2"),
    ("Renew the coating", "every five years", "polyurethane spray"),
    ("Grease the zips", "once a season", "zip wax"),
]


def write_tent(path: Path) -> None:
    """Write the tent's manual as DOCX: headings, a numbered list and two tables."""
    manual = Document()
    manual.core_properties.author = "Fernweh Outfitters"
    manual.core_properties.title = "Kestrel tent: manual"
    manual.core_properties.created = manual.core_properties.modified = MADE
    manual.add_heading("Kestrel tent: manual", 0)
    manual.add_paragraph("This manual is for the tents Kestrel 2 and Kestrel 3. Edition 2, January 2026.")
    manual.add_heading("What is in the bag", 1)
    manual.add_paragraph(
        "The bag holds the inner tent, the fly, the poles, 14 pegs, 6 guy lines, a repair sleeve and this manual. "
        "The repair sleeve fits a pole of 8.5 mm."
    )
    manual.add_heading("Pitching", 1)
    for step in (
        "Spread the inner tent out with its door away from the wind.",
        "Join the poles and push them through the sleeves; never pull them.",
        "Put the ends of the poles into the eyelets and peg the four corners.",
        "Lay the fly over the poles and clip it on at the corners.",
        "Stretch the guy lines at an angle of 45 degrees.",
    ):
        manual.add_paragraph(step, style="List Number")
    manual.add_paragraph("Two people need about six minutes. In winds above 60 km/h use all guy lines.")
    manual.add_heading("Sizes", 1)
    _grid(manual, TENT_SIZES)
    manual.add_heading("Care", 1)
    manual.add_paragraph("Clean the tent by hand with lukewarm water. Never put it into a washing machine.")
    _grid(manual, TENT_CARE)
    manual.save(str(path))


def _grid(manual: object, rows: list[tuple[str, ...]]) -> None:
    table = manual.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write_stove(FOLDER / "ember-stove.pdf")
    write_tent(FOLDER / "kestrel-tent.docx")
