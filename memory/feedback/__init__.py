"""Ratings of answers, one adapter per technology."""
