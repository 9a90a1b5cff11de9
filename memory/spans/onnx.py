"""The small reader: e5-small, trained to point at answers, on ONNX Runtime with int8 weights; no torch, no network.

Texts are read one by one, as the embedder encodes them: batches bring nothing on a processor. README.md beside this
file is the model's card.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memory.embeddings.runtime import session_of, tokenizer_of
from memory.embeddings.weights import tokenizer_file
from memory.embeddings.worker import Worker
from memory.errors import ModelUnavailable
from memory.span_ports import Spans, Text
from memory.spans.windows import Window, merged, pointed, windows

FILE = Path(__file__).with_name("reader-int8.onnx")
"""Made by `python -m training.export`."""
THREADS = 2
"""One-thread runs side by side, beside the embedder's own: a query is embedded while others read."""
_WAY_OUT = "restore it with `git checkout`, export it anew (training/README.md), or set MULTIDB_READER=off"
TIME_LIMIT_S = 5.0
"""For all texts of one question."""
KEPT = 1024
"""Texts whose spans are remembered, each with its question."""
LOADING_S = 30.0
"""For the file, once: a tenth of a second usually, more where a process has just begun and does all at once."""


class _Parts(NamedTuple):
    session: Any
    tokenizer: Any
    digest: str


class OnnxSpanReader:
    """A SpanReader. Made by `open_span_reader`."""

    def __init__(self, parts: asyncio.Task[_Parts], worker: Worker, time_limit_s: float) -> None:
        """Take what is being loaded, and the threads that will use it."""
        self._parts = parts
        self._worker = worker
        self._time_limit_s = time_limit_s
        self._kept: OrderedDict[tuple[str, Text], Spans] = OrderedDict()

    @property
    def name(self) -> str:
        """Name and the beginning of the file's digest, once it is there."""
        is_there = self._parts.done() and not self._parts.cancelled() and self._parts.exception() is None
        return f"span-reader@{self._parts.result().digest[:8]}" if is_there else "span-reader"

    async def spans(self, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        """Read texts; the longest first, so that the threads end together."""
        parts = await self._loaded()
        try:
            async with asyncio.timeout(self._time_limit_s):
                return await self._read(parts, question, texts)
        except TimeoutError as error:
            raise ModelUnavailable(f"the reader did not end within {self._time_limit_s:g} s") from error

    async def _loaded(self) -> _Parts:
        try:
            # Shielded: who gives up waiting does not keep others from a model that is nearly there.
            async with asyncio.timeout(LOADING_S):
                return await asyncio.shield(self._parts)
        except TimeoutError as error:
            raise ModelUnavailable(f"the reader was not loaded within {LOADING_S:g} s") from error

    async def _read(self, parts: _Parts, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        new = sorted({text for text in texts if (question, text) not in self._kept}, key=lambda text: -len(text.text))
        async with asyncio.TaskGroup() as group:
            jobs = {
                text: group.create_task(self._worker.run(partial(read, parts, question, text), first=False))
                for text in new
            }
        found = {text: jobs[text].result() if text in jobs else self._kept[question, text] for text in texts}
        self._keep(question, found)
        return [found[text] for text in texts]

    def _keep(self, question: str, found: Mapping[Text, Spans]) -> None:
        """A further round of research reads mostly what the one before has read."""
        for text, spans in found.items():
            self._kept[question, text] = spans
            self._kept.move_to_end((question, text))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def read(parts: _Parts, question: str, text: Text) -> Spans:
    """Read one text in the calling thread; blocks."""
    cut = windows(parts.tokenizer, question, text)
    return merged([pointed(window, _scores(parts.session, window)) for window in cut])


def _scores(session: Any, window: Window) -> Any:
    tokens = np.array([window.ids], np.int64)
    (scores,) = session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
    return scores[0]


@asynccontextmanager
async def open_span_reader(file: Path = FILE, time_limit_s: float = TIME_LIMIT_S) -> AsyncGenerator[OnnxSpanReader]:
    """Begin to load a reader, and give it at once; what is wrong with its file is told when it is asked to read.

    Args:
        file: the ONNX file; its digest is beside it, as sha256sum writes it, with the suffix .sha256.
        time_limit_s: for all texts of a question, waiting for its turn among others included, seconds.
    """
    worker = Worker("read", THREADS)
    parts = asyncio.create_task(asyncio.to_thread(load, file))
    try:
        yield OnnxSpanReader(parts, worker, time_limit_s)
    finally:
        await asyncio.wait([parts])
        parts.exception()  # looked at, so that asyncio does not report what nobody asked for
        await asyncio.to_thread(worker.close)


def load(file: Path) -> _Parts:
    """Verify and open a reader's file, once in a process; blocks some tenths of a second.

    Raises:
        ModelUnavailable: the file is missing or not what its digest says, or the tokenizer is missing.
    """
    try:
        status = file.stat()
        return _load(file, status.st_mtime_ns, status.st_size)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"the reader's file {file} cannot be read; {_WAY_OUT}") from error


@lru_cache(maxsize=1)
def _load(file: Path, _mtime_ns: int, _size: int) -> _Parts:
    model = file.read_bytes()
    recorded = file.with_suffix(".sha256").read_text(encoding="ascii").split()[:1]
    digest = hashlib.sha256(model).hexdigest()
    if [digest] != recorded:
        raise ModelUnavailable(f"the reader's file {file} is damaged (its checksum differs); {_WAY_OUT}")
    return _Parts(session_of(model), tokenizer_of(tokenizer_file()), digest)
