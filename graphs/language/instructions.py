"""Sentences inside a source that speak to the assistant instead of about the world. They are evidence for nothing."""

from __future__ import annotations

import re
from functools import lru_cache

from memory.sentences import sentence_spans

_ADDRESSED = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|other|these|your)\b
      .{0,30}\b(?:instructions?|prompts?|rules|context|messages?|questions?)\b
    | \b(?:in|within|into|at\s+the\s+(?:end|start|beginning)\s+of|with|modify|change|alter|rewrite|adjust
      |start|begin|end|finish)\s+your\s+(?:next\s+|final\s+)?(?:response|answer|output)s?\b
    | \byour\s+(?:response|answer|output)\s+(?:must|should|shall|has\s+to|needs\s+to)\b
    | \b(?:respond|reply|answer)\s+(?:only|exactly)\s+(?:with|by|in)\b
    | ^\W*(?:reply|respond|answer|output)\s+(?:(?:only|exactly|just|with)\s+)*["“]
    | \byou\s+are\s+(?:now\s+|actually\s+)?an?\s+(?:ai|ai\s+assistant|chat\s?bot|language\s+model)\b
    | \bas\s+an\s+ai\b
    | \b(?:reveal|print|repeat|show|output|leak|send)\b.{0,30}
      \b(?:system|developer)\s+(?:prompt|message|instructions?)\b
    | \b(?:do\s+not|don't|never)\s+(?:tell|inform|mention|reveal)\b.{0,30}\bthe\s+user\b
    """,
    re.I | re.X | re.S,
)


@lru_cache(maxsize=8192)
def is_instruction(sentence: str) -> bool:
    """Whether a sentence tells an assistant what to do or to say. Meant to miss rather than to accuse."""
    return _ADDRESSED.search(sentence) is not None


def without_instructions(text: str) -> str:
    """Return the sentences of a text that are about the world, one a line."""
    sentences = (text[start:end] for start, end in sentence_spans(text))
    return "\n".join(kept for sentence in sentences if (kept := _about_the_world(sentence)))


def _about_the_world(sentence: str) -> str:
    """A sentence, less an instruction on a line of its own that ran into it; "" of one that is an instruction."""
    if not is_instruction(sentence):
        return sentence
    lines = sentence.splitlines()
    kept = [line for line in lines if not is_instruction(line)]
    return "\n".join(kept) if len(kept) < len(lines) else ""
