"""Our frames are what sse-starlette would write for the same event, byte for byte."""

import pytest
from sse_starlette.event import ServerSentEvent

from api.encoders import sse
from memory.records import RunEvent


@pytest.mark.parametrize("data", [b"{}", '{"text":"naïve 日本 \\n"}'.encode(), b'{"text":"data: id: 7"}'])
def test_frame_is_what_the_library_writes(data: bytes):
    event = RunEvent(seq=7, type="answer.delta", data=data)

    expected = ServerSentEvent(data.decode(), event="answer.delta", id="7", sep="\n").encode()

    assert sse.frame(event) == expected
