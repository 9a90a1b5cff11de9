"""Messages that ask nothing of the sources: greetings, thanks, and messages without a word."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["", "greeting", "thanks", "farewell", "help", "empty"]

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|guten (?:morgen|tag|abend)"
    r"|bonjour|hola|ciao|how are you(?: doing)?|how do you do|what'?s up|nice to meet you)"
    r"(?: there| all| everyone| bot| assistant| you| again| today)*"
)
_THANKS = re.compile(
    r"(?:(?:ok(?:ay)?|great|perfect|cool|super|nice) ?)*(?:thanks|thank you|thx|ty|cheers|danke|merci|gracias)"
    r"(?: (?:a lot|so much|very much|again|you|for your help|then))*"
    r"|(?:ok(?:ay)?|great|perfect|cool|super|nice|got it|understood)"
)
_FAREWELL = re.compile(
    r"(?:(?:ok(?:ay)?|great|thanks|thank you) ?)*(?:bye(?: bye)?|goodbye|good night|see you|farewell|tschüss"
    r"|auf wiedersehen|au revoir|adios)(?: (?:then|later|again|soon|all))*"
)
_HELP = re.compile(
    r"help|(?:who|what) are you|what can you do(?: for me)?|what do you do|how does this work"
    r"|how can you help(?: me)?|what can i ask(?: you)?|can you help(?: me)?"
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("greeting", _GREETING),
    ("farewell", _FAREWELL),
    ("thanks", _THANKS),
    ("help", _HELP),
)


def kind_of(message: str) -> Kind:
    """Tell what sort of small talk a message is; "" if it asks something of the sources."""
    if not any(character.isalnum() for character in message):
        return "empty"
    plain = re.sub(r"[^\w' ]+", " ", message.casefold().replace("’", "'"))
    parts = " ".join(plain.split())
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(parts):
            return kind
    return "help" if (rest := _GREETING.match(parts)) and _HELP.fullmatch(parts[rest.end() :].strip()) else ""


def is_small_talk(message: str) -> bool:
    """Whether a message can be answered without looking anything up."""
    return kind_of(message) != ""
