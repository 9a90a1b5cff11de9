"""Tables of the SQLite document store, as migrations: add to the end, never edit.

A content whose kept_of is set is a version set aside: kept_of is the document_id of the source that it was of, its
own document_id is nobody's. set_aside: the place in the sequence of changes when it ceased to be current. A source's
number counts the versions it has brought; brought is the version it brought last, which a rollback does not change.

Vectors are in one of two tables, which `place` names; those of the next embedder go into the other one.
"""

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
    """
ALTER TABLE document_contents ADD COLUMN kept_of TEXT;
ALTER TABLE document_contents ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_contents ADD COLUMN set_aside INTEGER NOT NULL DEFAULT 0;
CREATE INDEX document_contents_by_kept ON document_contents (tenant_id, kept_of) WHERE kept_of IS NOT NULL;
ALTER TABLE document_sources ADD COLUMN number INTEGER NOT NULL DEFAULT 1;
ALTER TABLE document_sources ADD COLUMN brought TEXT NOT NULL DEFAULT '';
UPDATE document_sources SET brought = (
    SELECT version_id FROM document_contents c
    WHERE c.tenant_id = document_sources.tenant_id AND c.document_id = document_sources.content_id
);
""",
    """
ALTER TABLE document_vectors_by ADD COLUMN spec TEXT NOT NULL DEFAULT '';
ALTER TABLE document_vectors_by ADD COLUMN place TEXT NOT NULL DEFAULT 'passage_vectors';
CREATE TABLE document_vectors_next (
    only INTEGER PRIMARY KEY CHECK (only = 1), embedder TEXT NOT NULL, dimension INTEGER NOT NULL, spec TEXT NOT NULL
);
CREATE TABLE passage_vectors_beside (number INTEGER PRIMARY KEY, vector BLOB NOT NULL);
""",
    """
CREATE INDEX document_contents_by_owner ON document_contents (tenant_id, owner) WHERE owner IS NOT NULL;
""",
    # Everything that reading a passage or listing documents asks of a content: its row has the text before these
    # columns, and SQLite walks through all pages of a text to come to what lies behind it.
    """
CREATE INDEX document_contents_told ON document_contents (
    tenant_id, document_id, kept_of, owner, groups, version_id, media_type, collection, characters, passages
);
""",
)
