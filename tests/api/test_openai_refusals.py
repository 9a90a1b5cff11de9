"""What a client of OpenAI's protocol is refused, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.asking import messages


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "function"}], "tool_choice": "required"}, "tool_choice"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": messages("")}, "messages"),
        ({"messages": messages(" \n")}, "messages"),
        ({"messages": messages("long " * 5_000)}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"session_id": "../../x"}, "session_id"),
    ],
)
def test_what_a_client_would_not_get_is_refused_by_the_name_of_its_parameter(
    client: TestClient, given: dict[str, Any], param: str
) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "multidb-quick", "messages": messages(), **given})

    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
