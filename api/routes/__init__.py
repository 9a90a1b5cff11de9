"""Thin routes: validate, ask the right part, answer."""
