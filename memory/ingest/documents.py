"""Makes records of what was parsed: ids, title, passages, and the texts that are embedded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from memory.embeddings.reading import embedded_text
from memory.ids import digest
from memory.ingest.parsed import Parsed
from memory.ingest.split import Piece, Splitter
from memory.ports import Embedder, Vectors
from memory.records import Access, Document, Passage, Scalar, Scope

REVISION = "3"
"""Counts changes of loaders and splitting that make kept documents worth reading again."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document with its passages, and what the embedder reads of each."""

    document: Document
    passages: tuple[Passage, ...]
    texts: tuple[str, ...]


@dataclass(slots=True)
class Batch:
    """Documents that are embedded together: long calls suit the embedder, which sorts by length.

    embedder: who made the vectors. gone: ids of documents to forget once these are kept: parts that their file no
    longer has.
    """

    items: list[Made] = field(default_factory=list[Made])
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    passages: int = 0
    embedder: str = ""
    gone: list[str] = field(default_factory=list[str])
    _starts: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, made: Made) -> None:
        """Take a document into the batch."""
        self._starts[made.document.document_id] = self.passages
        self.items.append(made)
        self.passages += len(made.passages)

    def texts(self) -> list[str]:
        """What the embedder reads, document after document."""
        return [text for made in self.items for text in made.texts]

    def vectors_of(self, made: Made) -> Vectors:
        """One document's rows of the embedded batch."""
        start = self._starts[made.document.document_id]
        return self.vectors[start : start + len(made.passages)]


class Maker:
    """Turns parsed documents into records for one scope, embedder, collection and access."""

    def __init__(self, scope: Scope, embedder: Embedder, collection: str, access: Access) -> None:
        """Keep what all documents of one ingestion share."""
        self._scope = scope
        self._embedder = embedder
        self._collection = collection
        self._access = access
        self._splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
        self.settings = digest(REVISION, collection, access.owner or "", *access.groups)

    def document_id(self, source: str) -> str:
        """Return the id of what a source brings."""
        return digest(self._scope.tenant_id, source)

    def document(self, parsed: Parsed, source: str, fingerprint: str) -> Document:
        """Return the record of a parsed document; `fingerprint` is kept for files of one document."""
        source = f"{source}#{parsed.key}" if parsed.key else source
        metadata: dict[str, Scalar] = dict(parsed.metadata)
        if not parsed.key:
            metadata["fingerprint"] = fingerprint
        return Document(
            document_id=self.document_id(source),
            version_id=self._version(parsed),
            source=source,
            title=parsed.title or title_of(source),
            text=parsed.text,
            media_type=parsed.media_type,
            language=parsed.language,
            collection=self._collection,
            access=self._access,
            metadata=metadata,
        )

    def cut(self, document: Document, parsed: Parsed) -> Made:
        """Return a document with its passages."""
        pieces = self._splitter.split(parsed, document.title)
        passages = tuple(_passage(document, number, piece) for number, piece in enumerate(pieces))
        return Made(document, passages, tuple(embedded_text(self._embedder, passage) for passage in passages))

    def _version(self, parsed: Parsed) -> str:
        fields = [f"{name}={value!r}" for name, value in sorted(parsed.metadata.items())]
        return digest(self.settings, parsed.text, parsed.title, *fields)


def fingerprint_of(data: bytes, settings: str) -> str:
    """Return what tells a file that was ingested before, with the same settings, from another."""
    return hashlib.sha256(settings.encode() + data).hexdigest()[:32]


def title_of(source: str) -> str:
    """Return a title for a document that declares none: its file's name, words apart."""
    name, _, key = source.partition("#")
    path = PurePosixPath(name)
    stem = " ".join((path.stem or path.name).replace("_", " ").replace("-", " ").split())
    title = stem[:1].upper() + stem[1:]
    return f"{title} {key}" if key else title


def _passage(document: Document, number: int, piece: Piece) -> Passage:
    return Passage(
        passage_id=digest(document.document_id, document.version_id, str(number)),
        document_id=document.document_id,
        version_id=document.version_id,
        ordinal=number,
        start=piece.start,
        end=piece.end,
        text=document.text[piece.start : piece.end],
        kind=piece.kind,
        heading=piece.heading,
        context=piece.context,
        page=piece.page,
        row=piece.row,
        language=piece.language or document.language,
        fields=piece.fields,
    )
