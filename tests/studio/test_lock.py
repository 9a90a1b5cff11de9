"""Studio's environment: the same house on another server."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def pins(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9][\w.\-\[\]]*==[^ ;\\\n]+)", text, flags=re.MULTILINE | re.IGNORECASE))


def test_studios_lock_differs_from_the_default_one_in_protobuf_alone():
    missing = pins("requirements.txt") - pins("requirements-studio.txt")
    assert {pin.split("==")[0] for pin in missing} <= {"protobuf"}, "run `make lock`"


def test_studios_lock_holds_hashes_and_no_address():
    text = (ROOT / "requirements-studio.txt").read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") >= len(pins("requirements-studio.txt")) > 50
    assert not re.search(r"https?://|file:|--index-url|--find-links|@ ", text)


def test_what_is_under_the_elastic_licence_is_in_studios_lock_only():
    server = {"langgraph-api", "langgraph-runtime-inmem"}
    assert {pin.split("==")[0] for pin in pins("requirements-studio.txt")} >= server
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert not server & {pin.split("==")[0] for pin in pins(lock)}
