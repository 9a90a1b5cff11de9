"""Tables of one shard's file. The shard is derived: another FORMAT means that it is made anew, never migrated."""

from __future__ import annotations

FORMAT = 1

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE docs (
    doc INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, version_id TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, collection TEXT NOT NULL, media_type TEXT NOT NULL, metadata TEXT NOT NULL,
    restricted INTEGER NOT NULL
);
CREATE INDEX docs_restricted ON docs (doc) WHERE restricted = 1;
CREATE INDEX docs_by_source ON docs (source);
CREATE INDEX docs_by_collection ON docs (collection);
CREATE TABLE readers (reader TEXT NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (reader, doc)) WITHOUT ROWID;
CREATE INDEX readers_by_doc ON readers (doc);
CREATE TABLE doc_facets (key TEXT NOT NULL, value TEXT NOT NULL, number REAL, owner INTEGER NOT NULL);
CREATE INDEX doc_facets_by_value ON doc_facets (key, value, owner);
CREATE INDEX doc_facets_by_number ON doc_facets (key, number, owner);
CREATE INDEX doc_facets_by_owner ON doc_facets (owner);
CREATE TABLE row_facets (key TEXT NOT NULL, value TEXT NOT NULL, number REAL, owner INTEGER NOT NULL);
CREATE INDEX row_facets_by_value ON row_facets (key, value, owner);
CREATE INDEX row_facets_by_number ON row_facets (key, number, owner);
CREATE INDEX row_facets_by_owner ON row_facets (owner);
CREATE TABLE rows (
    "row" INTEGER PRIMARY KEY, passage_id TEXT NOT NULL, doc INTEGER NOT NULL, length INTEGER NOT NULL,
    kind TEXT NOT NULL, language TEXT NOT NULL
);
CREATE INDEX rows_by_doc ON rows (doc);
CREATE TABLE segments (segment INTEGER PRIMARY KEY, rows INTEGER NOT NULL);
CREATE TABLE postings (
    term TEXT NOT NULL, segment INTEGER NOT NULL, rows BLOB NOT NULL, counts BLOB NOT NULL,
    PRIMARY KEY (term, segment)
) WITHOUT ROWID;
CREATE INDEX postings_by_segment ON postings (segment);
"""
