"""Tables of the SQLite document store, as migrations: add to the end, never edit."""

from __future__ import annotations

MIGRATIONS = (
    """
CREATE TABLE document_vectors_by (
    only INTEGER PRIMARY KEY CHECK (only = 1), embedder TEXT NOT NULL, dimension INTEGER NOT NULL
);
CREATE TABLE document_contents (
    tenant_id TEXT NOT NULL, document_id TEXT NOT NULL, version_id TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, text BLOB NOT NULL, characters INTEGER NOT NULL, media_type TEXT NOT NULL,
    language TEXT NOT NULL, collection TEXT NOT NULL, owner TEXT, groups TEXT NOT NULL, metadata TEXT NOT NULL,
    passages INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, document_id)
);
CREATE INDEX document_contents_by_version ON document_contents (tenant_id, version_id);
CREATE TABLE document_sources (
    tenant_id TEXT NOT NULL, source TEXT NOT NULL, document_id TEXT NOT NULL, content_id TEXT NOT NULL,
    title TEXT NOT NULL, updated_at TEXT NOT NULL, created_at TEXT NOT NULL, added INTEGER PRIMARY KEY AUTOINCREMENT,
    UNIQUE (tenant_id, source), UNIQUE (tenant_id, document_id)
);
CREATE INDEX document_sources_by_content ON document_sources (tenant_id, content_id);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL, passage_id TEXT NOT NULL, document_id TEXT NOT NULL,
    version_id TEXT NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    text BLOB NOT NULL, kind TEXT NOT NULL, heading TEXT NOT NULL, context BLOB NOT NULL, page INTEGER,
    "row" INTEGER, language TEXT NOT NULL, fields TEXT NOT NULL,
    UNIQUE (tenant_id, passage_id), UNIQUE (tenant_id, document_id, ordinal)
);
CREATE TABLE passage_vectors (number INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE document_changes (
    sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, tenant_id TEXT NOT NULL, document_id TEXT NOT NULL,
    version_id TEXT NOT NULL
);
""",
)
