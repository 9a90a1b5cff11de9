"""Headings and items of a DOCX have the numbers that Word shows, which are nowhere in its text."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from memory.ingest.loaders.docx_numbers import numeral
from tests.ingest.test_docx import SPACES, run, with_body
from tests.ingest.test_loaders import block_texts, one


def level(at: int, kind: str, shown: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>{more}<w:lvlText w:val="{shown}"/></w:lvl>'
    )


def item(text: str, number: int = 90, depth: int = 0) -> str:
    return (
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>{run(text)}</w:p>'
    )


def numbered(made: Any, *levels: str, more: str = "") -> Any:
    rules = made.part.numbering_part.element
    rules.insert(0, parse_xml(f'<w:abstractNum {SPACES} w:abstractNumId="90">{"".join(levels)}</w:abstractNum>'))
    rules.append(parse_xml(f'<w:num {SPACES} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    rules.append(parse_xml(f'<w:num {SPACES} w:numId="91"><w:abstractNumId w:val="90"/>{more}</w:num>'))
    return made


def texts(made: Any) -> list[str]:
    out = BytesIO()
    made.save(out)
    return block_texts(one("a.docx", out.getvalue()))


def test_steps_are_numbered_through_what_stands_between_them() -> None:
    made = docx.Document()
    for text, style in (("Open it.", "List Number"), ("Mind the lid.", "Normal"), ("Close it.", "List Number")):
        made.add_paragraph(text, style=style)
    assert texts(made) == ["1. Open it.", "Mind the lid.", "2. Close it."]


def test_a_deeper_level_counts_anew_under_each_item_and_shows_the_numbers_above_it() -> None:
    made = with_body(
        item("Scope"), item("Boats", depth=1), item("Crew", depth=1), item("Fees"), item("Yearly", depth=1)
    )
    numbered(made, level(0, "decimal", "%1."), level(1, "lowerLetter", "%1.%2)"))
    assert texts(made) == ["1. Scope", "1.a) Boats", "1.b) Crew", "2. Fees", "2.a) Yearly"]


def test_a_list_that_begins_anew_does_and_one_that_goes_on_goes_on() -> None:
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    made = with_body(item("a"), item("b"), item("c", number=91), item("d"))
    assert texts(numbered(made, level(0, "upperRoman", "(%1)"), more=again)) == ["(I) a", "(II) b", "(V) c", "(III) d"]


def test_numbered_headings_are_headings_with_their_numbers() -> None:
    made = docx.Document()
    made.styles["Heading 1"].element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {SPACES}><w:numId w:val="90"/></w:numPr>')
    )
    numbered(made, level(0, "decimal", "Article %1", '<w:pStyle w:val="Heading1"/>'))
    made.add_heading("Purpose", 1)
    made.add_paragraph("To sail.")
    made.add_heading("Members", 1)
    assert texts(made) == ["Article 1 Purpose", "To sail.", "Article 2 Members"]


def test_a_paragraph_taken_out_of_its_list_has_no_number() -> None:
    made = docx.Document()
    made.add_paragraph("Open it.", style="List Number")
    outside = made.add_paragraph("As ever.", style="List Number")
    outside._p.get_or_add_pPr().append(parse_xml(f'<w:numPr {SPACES}><w:numId w:val="0"/></w:numPr>'))
    made.add_paragraph("Close it.", style="List Number")
    assert texts(made) == ["1. Open it.", "- As ever.", "2. Close it."]


def test_rules_that_cannot_be_counted_by_cost_the_numbers_only() -> None:
    made = with_body(item("Kept", number=7_777), item("Too", depth=8))
    numbered(made, level(0, "decimal", "%1."), f'<w:lvl w:ilvl="{"9" * 5000}"/>')
    assert texts(made) == ["- Kept", "- Too"]


@pytest.mark.parametrize(
    ("count", "kind", "shown"),
    [
        (27, "lowerLetter", "aa"),
        (1994, "upperRoman", "MCMXCIV"),
        (7, "decimalZero", "07"),
        (3, "chineseCounting", "3"),
        (0, "lowerRoman", "0"),
    ],
)
def test_numerals(count: int, kind: str, shown: str) -> None:
    assert numeral(count, kind) == shown
