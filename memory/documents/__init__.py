"""Adapters of the DocumentStore port: documents, passages and vectors, the truth that indexes follow."""
