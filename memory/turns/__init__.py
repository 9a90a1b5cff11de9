"""Conversation turns, one adapter per technology."""
