"""What Studio shows and takes. Its forms and tables are made from these types; a field's docstring is its label."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api.schemas import MAX_MESSAGE
from graphs.state import State
from memory.records import Answer, Effort


class Question(BaseModel):
    """A message of this machine's own user. A thread in Studio is a conversation, also outside of Studio."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    question: Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE, examples=["How long may I return a lamp?"])]
    """What to ask, in your own words; it may refer to what was said before in this thread."""


class Reply(BaseModel):
    """What a run ends with. The state has everything else: passages, claims, verdicts."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reply: str = ""
    """The answer: every sentence is supported by one of the quotes, or it says that the sources do not say."""
    quotes: tuple[str, ...] = ()
    """The words behind the answer, each with the source that they stand in."""
    charged_tokens: int = 0
    """What the run took from the quota."""
    session_id: str = ""
    """The conversation, by which `multidb` and the page find it again."""
    run_id: str = ""
    """The run, by which its record, charge and turns are found."""


@dataclass(frozen=True)
class StudioContext:
    """What one run may vary. Who asks is not part of it: Studio acts for this machine's own user."""

    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    effort: Effort = "standard"
    """How hard to try: quick (one search), standard, or deep (several rounds). It sets what is reserved at first."""
    filters: tuple[str, ...] = ()
    """Narrow every search, as on the command line: collection=default, year>=2020."""


@dataclass(frozen=True, slots=True)
class StudioState(State):
    """The run's knowledge, and which run it is. Edit any field, then go on from there or fork."""

    reply: str = ""
    """The answer as a reader sees it; empty until the run is closed."""
    quotes: tuple[str, ...] = ()
    """The words behind the answer, each with the source that they stand in."""
    charged_tokens: int = 0
    """What the run took from the quota; 0 until it is closed."""
    session_id: str = ""
    """The conversation, by which `multidb` and the page find it again."""
    run_id: str = ""
    """The run that this state belongs to. One that has ended is not written again: going on makes another attempt."""


CONTEXT = TypeAdapter(StudioContext)
STATE = TypeAdapter(StudioState)


def _explain(state: type[State]) -> None:
    """Write each field's docstring into its annotation, where LangGraph's schemas of a dataclass look for it."""
    hints = get_type_hints(state)
    said = STATE.json_schema()["properties"] | TypeAdapter(State).json_schema()["properties"]
    for name, schema in said.items():
        state.__annotations__[name] = Annotated[hints[name], Field(description=schema["description"])]


_explain(StudioState)


def checked(context: Any) -> StudioContext:
    """Return the context that a person set, an unset one as the default.

    Raises:
        ValidationError: a value cannot be.
    """
    return CONTEXT.validate_python({name: getattr(context, name) for name in ("effort", "filters") if context})


def revived(state: StudioState) -> StudioState:
    """Return a state whose edited fields are records again: Studio writes plain JSON into it.

    Raises:
        ValidationError: an edited field does not fit; the message names it.
    """
    return STATE.validate_python({known.name: getattr(state, known.name) for known in fields(state)})


def quotes_of(answer: Answer) -> tuple[str, ...]:
    """The quotes that an answer rests on, as a person reads them."""
    return tuple(f"“{citation.quote}” ({citation.title or citation.source})" for citation in answer.citations)
