"""What a reader of a DOCX sees is read, in order: notes, boxes, controls, heads and accepted changes with it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import docx
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from tests.ingest.test_loaders import block_texts, one

SPACES = " ".join(
    f'xmlns:{prefix}="http://schemas.openxmlformats.org/{name}"'
    for prefix, name in (
        ("w", "wordprocessingml/2006/main"),
        ("mc", "markup-compatibility/2006"),
        ("a", "drawingml/2006/main"),
    )
)
FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def with_body(*inner: str) -> Any:
    made = docx.Document()
    end = made.element.body[-1]
    for xml in inner:
        end.addprevious(parse_xml(xml.replace(">", f" {SPACES}>", 1)))
    return made


def texts(made: Any) -> list[str]:
    out = BytesIO()
    made.save(out)
    return block_texts(one("a.docx", out.getvalue()))


def test_the_accepted_text_is_read_and_what_was_deleted_or_hidden_is_not() -> None:
    change = 'w:id="1" w:author="Ada"'
    made = with_body(
        f"<w:p>{run('The lamp burns ')}<w:ins {change}>{run('all night')}</w:ins>"
        f"<w:del {change}><w:r><w:delText>until ten</w:delText></w:r></w:del>{run('.')}"
        f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden.</w:t></w:r></w:p>",
        f"<w:sdt><w:sdtContent><w:p>{run('A control ')}<w:sdt><w:sdtContent>{run('in a control.')}</w:sdtContent>"
        "</w:sdt></w:p></w:sdtContent></w:sdt>",
    )
    assert texts(made) == ["The lamp burns all night.", "A control in a control."]


def test_a_box_is_read_once_after_its_paragraph() -> None:
    box = f"<w:txbxContent><w:p>{run('In the box.')}</w:p></w:txbxContent>"
    made = with_body(
        f"<w:p>{run('Beside the box.')}<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>{box}</w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
        f"<w:p>{run('After it.')}</w:p>",
    )
    assert texts(made) == ["Beside the box.", "In the box.", "After it."]


def test_a_note_follows_the_paragraph_or_table_that_it_belongs_to() -> None:
    mark = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
    made = with_body(
        f"<w:p>{run('The lamp burns.')}{mark.format(2)}</w:p>",
        f"<w:tbl><w:tr><w:tc><w:p>{run('Oil')}</w:p></w:tc><w:tc><w:p>{run('Price')}</w:p></w:tc></w:tr>"
        f"<w:tr><w:tc><w:p>{run('Colza')}{mark.format(3)}</w:p></w:tc><w:tc><w:p>{run('9')}</w:p></w:tc></w:tr></w:tbl>",
        f"<w:p>{run('The end.')}</w:p>",
    )
    notes = "".join(f'<w:footnote w:id="{at}"><w:p>{run(f"Note {at}.")}</w:p></w:footnote>' for at in (2, 3))
    blob = f'<w:footnotes {SPACES}><w:footnote w:type="separator" w:id="0"/>{notes}</w:footnotes>'.encode()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    made.part.relate_to(Part(PackURI("/word/footnotes.xml"), kind, blob, made.part.package), FOOTNOTES)
    assert texts(made) == ["The lamp burns.", "Note 2.", "Oil: Colza; Price: 9", "Note 3.", "The end."]


def test_heads_and_feet_are_said_once_without_page_numbers() -> None:
    made = docx.Document()
    made.add_paragraph("The text.")
    for _ in range(2):
        section = made.add_section()
        section.header.is_linked_to_previous = False
        section.header.paragraphs[0].text = "Harbour office"
    section.footer.paragraphs[0].text = "Page 1 of 3"
    section.footer.add_paragraph("Version 2.3, confidential")
    assert texts(made) == ["Harbour office", "The text.", "Version 2.3, confidential"]


def test_a_heading_is_known_by_the_outline_of_its_style_whatever_its_name() -> None:
    made = docx.Document()
    style = made.styles.add_style("Kapitel", 1)
    style.base_style = made.styles["Normal"]
    style.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {SPACES} w:val="1"/>'))
    made.add_paragraph("Storm", style="Kapitel")
    made.add_paragraph("It rains.")
    out = BytesIO()
    made.save(out)
    assert one("a.docx", out.getvalue()).blocks[-1].heading == ("Storm",)
