"""The parser child: reads files from its standard input, writes what they hold to its standard output.

Run by `memory.ingest.parser` as `python -m memory.ingest.child`. It trusts no file: its address space and processor
time are limited, and whatever a library raises ends it with a last frame that says so. The parent starts another.
"""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import replace
from types import TracebackType
from typing import Any, BinaryIO

import orjson

from memory.errors import Refused
from memory.ingest.detect import detect
from memory.ingest.loaders import loader
from memory.ingest.loaders.parts import DAMAGED, reason_of
from memory.ingest.parsed import Limits, Parsed, Raw, RefusedPart, Step, Tell, dump

END = b'{"end":true}'


def main() -> None:
    """Serve files until the standard input ends."""
    source = sys.stdin.buffer
    # Libraries print: what they print must not get between our frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.excepthook = _last_words(sink)
    while header := source.read(4):
        request: dict[str, Any] = orjson.loads(source.read(int.from_bytes(header, "big")))
        limits = Limits(**request["limits"])
        raw = Raw(request["name"], source.read(request["size"]), limits, tell=_teller(sink, limits))
        _limit(raw.limits)
        _serve(sink, raw)


def _limit(limits: Limits) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime) + limits.cpu_s + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _teller(sink: BinaryIO, limits: Limits) -> Tell:
    """What makes a step count: the limit of processor time begins anew, here, and the time limit, at the parent."""

    def tell(page: int, pages: int) -> None:
        _limit(limits)
        _send(sink, dump(Step(page, pages)))
        sink.flush()

    return tell


def _serve(sink: BinaryIO, raw: Raw) -> None:
    count = 0
    try:
        for item in loader(detect(raw))(raw):
            count += 1
            if count > raw.limits.documents:
                raise Refused(f"it holds more than {raw.limits.documents:,} documents")
            _send(sink, dump(_checked(item, raw)))
        _send(sink, END)
    except Refused as refused:
        _send(sink, orjson.dumps({"file_refused": refused.reason}))
    except DAMAGED as error:
        _send(sink, orjson.dumps({"file_refused": reason_of(error)}))
    sink.flush()


def _checked(item: Parsed | RefusedPart, raw: Raw) -> Parsed | RefusedPart:
    if isinstance(item, RefusedPart):
        return item
    if not item.text.strip():
        raise Refused("there is no text in it")
    if len(item.text) > raw.limits.text_characters:
        raise Refused(f"it holds more than {raw.limits.text_characters:,} characters of text")
    from memory.ingest.language import in_other_languages, language_of

    language = item.language or language_of(item.text)
    return replace(item, language=language, blocks=in_other_languages(item.text, item.blocks, language))


def _send(sink: BinaryIO, frame: bytes) -> None:
    sink.write(len(frame).to_bytes(4, "big") + frame)


def _last_words(sink: BinaryIO) -> Any:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _send(sink, orjson.dumps({"error": reason_of(error)}))
        sink.flush()
        sys.__excepthook__(kind, error, trace)

    return hook


if __name__ == "__main__":
    main()
