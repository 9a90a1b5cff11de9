from __future__ import annotations

from evals.kept import KeptSpans
from memory.span_ports import Span, Spans, Text


class Counting:
    """Reads every text as its length, and notes what it was asked."""

    name = "counting@0123abcd"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def spans(self, question, texts):
        self.asked += [text.text for text in texts]
        return [Spans((Span(0, len(text.text), 1.5),), 0.25) for text in texts]


async def test_what_was_read_is_not_read_again_by_a_later_run_even_after_a_line_was_cut_off(tmp_path):
    first = Counting()
    read = await KeptSpans(first, tmp_path).spans("Who?", [Text("", "one"), Text("", "three")])
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:-5], encoding="utf-8")
    second = Counting()
    assert await KeptSpans(second, tmp_path).spans("Who?", [Text("", "one"), Text("", "three")]) == read
    assert second.asked == ["three"]
    third = Counting()
    assert await KeptSpans(third, tmp_path).spans("Who?", [Text("", "one"), Text("", "three")]) == read
    assert third.asked == []


async def test_another_file_of_the_reader_reads_anew(tmp_path):
    await KeptSpans(Counting(), tmp_path).spans("Who?", [Text("", "one")])
    other = Counting()
    other.name = "counting@ffff0000"
    await KeptSpans(other, tmp_path).spans("Who?", [Text("", "one")])
    assert other.asked == ["one"]
