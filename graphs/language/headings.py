"""What a heading says that its section is about, and what it names only to leave it out."""

from __future__ import annotations

import re

_LEAVING_OUT = (
    "(?:outside|without|except(?: for)?|excluding|other than|not (?:covered|included)(?: by| in| with)?)(?: of)?"
)
_LEFT_OUT = re.compile(
    rf"\b(?:{_LEAVING_OUT}(?: (?:the|an?|our|your|its))?|(?i:{_LEAVING_OUT} (?:the|our|your|its))) [\w’'-]+"
)
"""In title case only before a determiner: `Doctors Without Borders` is a name."""


def about(heading: str) -> str:
    """A heading without what it leaves out: `Repairs outside the warranty` is about repairs."""
    return _LEFT_OUT.sub(" ", heading)


def left_out(heading: str) -> str:
    """What a heading leaves out: `outside the warranty`; "" for most."""
    return " ".join(_LEFT_OUT.findall(heading))
