"""Adapters of the PassageIndex port: dense and lexical search, derived from a document store."""
