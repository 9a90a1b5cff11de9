"""Sentences of an answer that say nothing about the world: courtesy, offers, headings, marks of a list."""

from __future__ import annotations

import re

from graphs.language.grounding import stems

_COURTESY = re.compile(
    r"""
    ^\W*(?:sure|certainly|absolutely|of\ course|great\ question|hello|hi|thanks|thank\ you|i'?m\ (?:glad|happy|sorry))\b
      [^.,:]{0,60}[.!,:]*$
    | \byou(?:'|’)?(?:\ a)?re\ welcome\b
    | \b(?:feel\ free\ to|don(?:'|’)t\ hesitate\ to|let\ me\ know|let\ us\ know)\b
    | \bhope\ (?:this|that|it)\ (?:helps|answers|clarifies|is\ helpful)\b
    | \bif\ you\ (?:have|need|want)\ (?:any\ )?(?:more|other|further|additional)?\ ?
      (?:questions?|help|assistance|information|details)\b.{0,30}\b(?:ask|let|free|help|here|welcome|happy)\b
    | \b(?:glad|happy)\ (?:i\ could|to)\ (?:help|assist)\b
    """,
    re.I | re.X,
)
_LEAD_IN = re.compile(
    r"\b(?:here|below|following|follows|these|two|three|four|five|include|includes|steps|are)\b.*:$", re.I
)
_MARK = re.compile(r"^\W*(?:\d{1,3}|[a-zA-Z])[.)]\s+(?=\S)|^\s*(?:[-*•>]|#{1,6})\s+|(?<=[^\W\d])\s+\d{1,3}\.$")
_DRESS = re.compile(r"\*\*|__|`|\[(?=[^\]]+\]\()|(?<=\])\([^)]*\)")
_SILENCE = re.compile(
    r"""
    ^(?:unfortunately,?\s+|sorry,?\s+(?:but\s+)?|i'?m\s+sorry,?\s+(?:but\s+)?)?
    (?:(?:according\s+to|in|based\s+on)\s+)?
    (?:(?:the|these|those|this|your|provided|given|available|cited)\s+){0,3}
    (?:i|we|there|they|it|documents?|sources?|passages?|contexts?|texts?|information|articles?)\b[^.]{0,40}?
    \b(?:(?:do|does|did)(?:\s+not|n['’]t)|no|never|can(?:\s*not|['’]t))\s+
    (?:(?:explicitly|specifically|directly|actually|any|explicit|specific|further)\s+){0,2}
    (?:have|say|state|mention|provide|include|specify|contain|give|cover|address|discuss|find|know|information|mention)\b
    """,
    re.I | re.X,
)
_SOURCE = re.compile(r"\b(?:documents?|sources?|passages?|contexts?|texts?|information|articles?)\b", re.I)
_TURNS = re.compile(r"[,;]\s*(?:but|however|although|though|yet)\b", re.I)
_FENCE = re.compile(r"^\W*(?:```|~~~)")


def undressed(sentence: str) -> str:
    """Return a sentence without list marks and Markdown; the number of the next item may hang on its end."""
    bare = _DRESS.sub("", sentence.strip()).replace("]", "")
    return _MARK.sub("", _MARK.sub("", bare)).strip() or sentence


def claims_nothing(sentence: str) -> bool:
    """Whether there is nothing in a sentence that a source could support."""
    bare = sentence.strip(" *_#>-•\t\n")
    if _FENCE.match(sentence) or not any(len(stem) > 1 and not stem.isdigit() for stem in stems(bare)):
        return True
    if bare.endswith(":") and (len(bare.split()) <= 4 or _LEAD_IN.search(bare)):
        return True
    if sentence.lstrip().startswith("#") or (sentence.strip().startswith("**") and sentence.strip().endswith("**")):
        return True
    return bool(_COURTESY.search(bare))


def says_silence(sentence: str) -> bool:
    """Whether a sentence says no more than that the sources do not say something."""
    silent = _SILENCE.search(sentence) is not None and _SOURCE.search(sentence) is not None
    return silent and _TURNS.search(sentence) is None
