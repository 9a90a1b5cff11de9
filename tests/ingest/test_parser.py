from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncGenerator
from io import BytesIO

import docx
import pytest

from memory.errors import Refused
from memory.ingest.parsed import Limits, Parsed
from memory.ingest.parser import Parser, open_parser


@pytest.fixture(scope="module")
def swollen() -> bytes:
    """A sound DOCX of a few hundred kilobytes whose body needs gigabytes once it is a tree."""
    out = BytesIO()
    docx.Document().save(out)
    swollen = BytesIO()
    with zipfile.ZipFile(out) as source, zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + b"<w:p><w:r/></w:p>" * 1_500_000)
            target.writestr(entry.filename, data)
    return swollen.getvalue()


async def read(parser: Parser, name: str, data: bytes) -> list[object]:
    return [item async for item in parser.parse(name, data)]


@pytest.fixture
async def strict() -> AsyncGenerator[Parser]:
    limits = Limits(cpu_s=1, wall_s=30, memory_bytes=600 * 2**20, text_characters=1_000_000)
    async with open_parser(limits) as parser:
        yield parser


async def assert_works(parser: Parser) -> None:
    (item,) = await read(parser, "a.md", b"# Title\n\nThe words are all here and they are fine.")
    assert isinstance(item, Parsed)
    assert item.title == "Title"
    assert item.language == "en"


async def test_one_child_reads_file_after_file() -> None:
    async with open_parser() as parser:
        for _ in range(3):
            await assert_works(parser)
        with pytest.raises(Refused):
            await read(parser, "a.pdf", b"no pdf")
        await assert_works(parser)


async def test_a_file_that_takes_too_much_memory_costs_only_itself(strict: Parser, swollen: bytes) -> None:
    with pytest.raises(Refused):
        await read(strict, "a.docx", swollen)
    await assert_works(strict)


async def test_a_file_that_takes_too_much_processor_time_costs_only_itself(strict: Parser) -> None:
    endless = b"<div>" + b"<p>The words <b>go <i>on</i></b> and on.</p>" * 300_000
    with pytest.raises(Refused):
        await read(strict, "a.html", endless)
    await assert_works(strict)


async def test_a_parser_that_hangs_is_ended_after_the_time_limit(swollen: bytes) -> None:
    async with open_parser(Limits(wall_s=0.2)) as parser:
        with pytest.raises(Refused, match=r"0\.2 s"):
            await read(parser, "a.docx", swollen)


async def test_a_child_that_cannot_even_start_is_a_refusal() -> None:
    async with open_parser(Limits(memory_bytes=2**20)) as parser:
        with pytest.raises(Refused):
            await read(parser, "a.html", b"<p>Hello</p>")


async def test_text_beyond_the_limit_is_refused(strict: Parser) -> None:
    with pytest.raises(Refused, match="characters"):
        await read(strict, "a.txt", b"word " * 300_000)


async def test_documents_of_one_file_stream_and_a_reader_may_leave() -> None:
    lines = b"".join(b'{"id": %d, "text": "This is the line of the number %d."}\n' % (n, n) for n in range(20_000))
    async with open_parser() as parser:
        documents = parser.parse("a.jsonl", lines)
        first = await anext(documents)
        await documents.aclose()
        assert isinstance(first, Parsed)
        await assert_works(parser)


async def test_the_event_loop_goes_on_while_a_file_is_read(swollen: bytes) -> None:
    async with open_parser(Limits(wall_s=1.5)) as parser:
        reading = asyncio.create_task(read(parser, "a.docx", swollen))
        beats = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            beats += 1
        with pytest.raises(Refused):
            await reading
    assert beats > 20
