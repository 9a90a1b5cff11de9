"""Records as JSON, and cursors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.encoding import Codec, decode_cursor, encode_cursor
from memory.errors import InvalidInput, StoreCorrupt
from memory.records import Citation, RunRecord, Turn

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(Turn, confidence=st.floats(0, 1), **dict.fromkeys(("turn_id", "thread_id", "text", "run_id"), TEXT)))
def test_a_turn_comes_back_equal(turn):
    codec = Codec(Turn)
    assert codec.load(codec.dump(turn)) == turn


def test_bytes_of_another_record_are_corrupt():
    with pytest.raises(StoreCorrupt):
        Codec(RunRecord).load(b'{"run_id": "x"}')
    with pytest.raises(StoreCorrupt):
        Codec(Citation).load(b"\x00")


def test_half_a_surrogate_pair_is_invalid_input():
    with pytest.raises(InvalidInput):
        Codec(Citation).dump(Citation("p", "d", "v", "s", "\ud800", 0, 1, "q"))


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_cursor_is_url_safe_and_comes_back(parts):
    cursor = encode_cursor(*parts)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert decode_cursor(cursor, len(parts)) == parts


@given(st.text())
def test_no_text_breaks_the_reading_of_cursors(text):
    with suppress(InvalidInput):
        decode_cursor(text, 1)
