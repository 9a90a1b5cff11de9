"""The extractive reader: picks the sentences of passages that answer a question, with no model but small weights."""
