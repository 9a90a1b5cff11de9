"""What is asked in a row of a question set: a question, the last turn of a conversation, or each turn of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from memory.records import TurnRole

USERS = frozenset({"user", "human", "customer"})
"""What sets call the one who asks."""
GOLD = frozenset({"answers", "all_answers", "answerable"})
"""Fields of a turn that make it a question of its own."""


class Said(NamedTuple):
    """One part of a conversation."""

    role: TurnRole
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what was said before it; row: the turn's own fields where it has gold of its own."""

    text: str
    before: tuple[Said, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])


def asked_in(row: Mapping[str, Any]) -> list[Asked]:
    """Return what is to be asked.

    `turns` may be texts that alternate, user first; objects with `speaker` or `role` and `text` or `content`; or
    objects with a `question` and what was answered. Turns with gold answers of their own are asked one after the
    other: what was really answered comes before the next, and then what else was said between the two. Without gold of
    their own the last thing the user says is asked.
    """
    given: Any = row.get("turns")
    turns = cast("Sequence[Any]", given) if isinstance(given, list) else ()
    if not turns:
        after = (Said("user", _plain(row["after"])),) if row.get("after") else ()
        return [Asked(_plain(row.get("text") or row.get("question") or row.get("query") or ""), after)]
    if own := _asked_by_turn(turns):
        return own
    said = _said(turns)
    question = _plain(row.get("text") or row.get("question") or "")
    if not question:
        last = max((place for place, one in enumerate(said) if one.role == "user"), default=-1)
        return [Asked(said[last].text, tuple(said[:last])) if last >= 0 else Asked("")]
    repeated = bool(said) and said[-1] == Said("user", question)
    return [Asked(question, tuple(said[:-1] if repeated else said))]


def _asked_by_turn(turns: Sequence[Any]) -> list[Asked]:
    """The turns of a user with gold of their own, each with what was said since the one before.

    What the data answers to such a turn is left out: it hears what was really answered.
    """
    found: list[Asked] = []
    between: list[Any] = []
    for turn in turns:
        fields: Mapping[str, Any] = cast("Mapping[str, Any]", turn) if isinstance(turn, dict) else {}
        is_user = _role(fields) == "user"
        if is_user and GOLD & fields.keys():
            found.append(Asked(_text(fields), tuple(_said(between)), fields))
            between = []
        elif is_user or between or not found:
            between.append(turn)
    return found


def _said(turns: Sequence[Any]) -> list[Said]:
    said: list[Said] = []
    for place, turn in enumerate(turns):
        if not isinstance(turn, dict):
            said.append(Said("assistant" if place % 2 else "user", _plain(turn)))
            continue
        fields = cast("Mapping[str, Any]", turn)
        said.append(Said(_role(fields), _text(fields)))
        if "question" in fields and (answer := fields.get("answer") or fields.get("response")):
            said.append(Said("assistant", str(answer)))
    return said


def _role(turn: Mapping[str, Any]) -> TurnRole:
    named = str(turn.get("role") or turn.get("speaker") or "user").lower()
    return "user" if named in USERS else "assistant"


def _text(turn: Mapping[str, Any]) -> str:
    return _plain(turn.get("text") or turn.get("content") or turn.get("question") or "")


def _plain(text: object) -> str:
    return " ".join(str(text or "").split())
