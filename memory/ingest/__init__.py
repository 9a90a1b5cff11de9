"""Load, split, embed and keep documents. `pipeline.ingest` and `pipeline.ingest_bytes` are the two ways in."""
