"""How numbers are written: `1,019.50` or `1.019,50`; `1.250` alone may be either, and is then not guessed.

`1,250` may be either as well, but questions and most tables here are English, and it is a thousand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Manner(NamedTuple):
    """What stands between thousands, and before the decimals."""

    between: str
    point: str

    def read(self, text: str) -> float | None:
        """A number that is written so; None of one that is not."""
        grouped = rf"[-+]?(?:[1-9]\d{{0,2}}(?:{re.escape(self.between)}\d{{3}})+|\d+)(?:{re.escape(self.point)}\d+)?"
        plain = text.replace(self.between, "").replace(self.point, ".")
        return float(plain) if re.fullmatch(grouped, text) else None

    def in_thousandths(self, text: str) -> bool:
        """Whether a number would have just three decimals, as thousands of the other manner look."""
        return len(text.partition(self.point)[2]) == 3


ENGLISH, CONTINENTAL = Manner(",", "."), Manner(".", ",")
MANNERS = (ENGLISH, CONTINENTAL)


def manners_of(texts: Iterable[str]) -> tuple[Manner, ...]:
    """The manners in which all of the numbers can be read; a comma before three digits is what it is in English."""
    told = tuple(texts)
    fitting = tuple(manner for manner in MANNERS if all(manner.read(text) is not None for text in told))
    has_comma = any(ENGLISH.between in text for text in told)
    return (ENGLISH,) if ENGLISH in fitting and has_comma else fitting


def readings_among(text: str, cells: Iterable[str]) -> tuple[tuple[Manner, float], ...]:
    """What a number of a question may be, by the manner of the column that it is for; () where that is not certain.

    One that its column could not hold so is read in the other manner: `49.90` among `1.019,50`. Where cells leave
    both manners open, a comma before thousands is what it is in English.
    """
    told = tuple(cells)
    own = [(one, number) for one in manners_of(told) if (number := one.read(text)) is not None]
    read = own or [(one, number) for one in MANNERS if (number := one.read(text)) is not None]
    unlike = [one for one, _ in read if one.in_thousandths(text) and not any(map(one.in_thousandths, told))]
    if len(read) == 1:
        return () if unlike else tuple(read)
    return tuple((one, number) for one, number in read if one not in unlike or one is ENGLISH)
