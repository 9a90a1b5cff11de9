"""What is slow to compute and never changes, kept line by line in a folder: a run goes on where one was stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memory.ids import digest
from memory.ports import Embedder
from memory.span_ports import Span, SpanReader, Spans, Text


class Kept:
    """Values by key in a JSONL file; a line that was cut off is computed again."""

    def __init__(self, path: Path) -> None:
        """Read what the file holds."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._values: dict[str, Any] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole, _, cut_off = text.rpartition("\n")
        for line in whole.splitlines():
            row = json.loads(line)
            self._values[row["key"]] = row["value"]
        if cut_off:
            path.write_text(whole + "\n" if whole else "", encoding="utf-8")

    def __contains__(self, key: str) -> bool:
        """Whether a key is known."""
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        """The value of a known key."""
        return self._values[key]

    def put(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._values[key] = value
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "value": value}) + "\n")


class KeptSpans:
    """A SpanReader that reads nothing twice, whichever run asks."""

    def __init__(self, reader: SpanReader, folder: Path) -> None:
        """Stand before a reader that has loaded: its name says which file it is."""
        self._reader = reader
        self._kept = Kept(folder / f"read-{reader.name.rpartition('@')[2]}.jsonl")

    @property
    def name(self) -> str:
        """The reader's own."""
        return self._reader.name

    async def spans(self, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        """Read what was not read before."""
        keys = [digest(question, *text) for text in texts]
        new = [(key, text) for key, text in zip(keys, texts, strict=True) if key not in self._kept]
        found = await self._reader.spans(question, [text for _, text in new]) if new else ()
        for (key, _), spans in zip(new, found, strict=True):
            rows = [[[span.start, span.end, span.score] for span in some] for some in (spans.best, spans.variants)]
            self._kept.put(key, [spans.absent, *rows])
        return [_spans(self._kept[key]) for key in keys]


def _spans(row: Any) -> Spans:
    absent, best, variants = row
    return Spans(tuple(Span(*span) for span in best), absent, tuple(Span(*span) for span in variants))


class KeptCosines:
    """Similarities to a question, by the embedder, computed once."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        """Stand before an open embedder."""
        self._embedder = embedder
        self._kept = Kept(folder / "cosines.jsonl")

    async def cosines(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the cosine of each text to the question."""
        keys = [digest(self._embedder.name, question, text) for text in texts]
        new = [(key, text) for key, text in zip(keys, texts, strict=True) if key not in self._kept]
        if new:
            vectors = await self._embedder.embed_passages([text for _, text in new])
            found = vectors @ await self._embedder.embed_query(question)
            for (key, _), cosine in zip(new, found.tolist(), strict=True):
                self._kept.put(key, cosine)
        return [self._kept[key] for key in keys]
