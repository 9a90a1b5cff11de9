"""The curated answers, one adapter per technology."""
