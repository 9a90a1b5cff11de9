"""The reader's file as the repository ships it."""

from __future__ import annotations

from memory.span_ports import Text
from memory.spans.onnx import FILE, load, read

TEXT = Text(
    "Lighthouse",
    "The old lighthouse was built in 1912 by Ada Quill. It is 41 metres tall. Since 1987 it has been a museum.",
)
ASKED = {"When was the lighthouse built?": "1912", "Who built the lighthouse?": "Ada Quill"}
MOST_BYTES = 36_000_000


def test_every_file_that_is_shipped_is_what_its_digest_says_and_points_at_plain_answers():
    for file in FILE.parent.glob("*.onnx"):
        assert file.stat().st_size < MOST_BYTES
        parts = load(file)
        found = {question: read(parts, question, TEXT).best[0] for question in ASKED}
        assert {question: TEXT.text[span.start : span.end] for question, span in found.items()} == ASKED
