"""Adapters of the SpanReader port: a question and texts to the words in them that answer, or to "not here"."""
