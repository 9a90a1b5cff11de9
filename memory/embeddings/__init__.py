"""Adapters of the Embedder port: text to unit vectors."""
