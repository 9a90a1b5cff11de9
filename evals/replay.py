"""Runs an earlier run again, perhaps with other settings, and tells what is different: `multidb replay RUN_ID`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import ndiff
from typing import Any, get_args

from api.commands import load_settings
from api.filters import parse_filters
from api.runs.message import context_of
from api.settings import Settings
from api.terminal import CommandFailed
from evals.house import House
from evals.past import Past, open_past, past_run
from graphs.context import Context
from graphs.state import State
from memory.records import Answer, Effort, Scope
from memory.sentences import split_sentences

FILTER = "filter."
_TOLD = ("short_answer", "abstained", "confidence")


@dataclass(frozen=True, slots=True)
class Changes:
    """What `--with` asks for: settings of the deployment, an effort, filters."""

    settings: Mapping[str, str]
    effort: Effort | None
    filters: Mapping[str, Any]


def parse_changes(rules: Sequence[str]) -> Changes:
    """Read KEY=VALUE: `effort`, `filter.KEY`, or a setting by its name without MULTIDB_, in lower case.

    Raises:
        CommandFailed: a key is not known.
    """
    settings: dict[str, str] = {}
    effort: Effort | None = None
    filters: dict[str, Any] = {}
    for rule in rules:
        key, is_one, value = rule.partition("=")
        if not is_one:
            raise CommandFailed(f"--with wants KEY=VALUE, not {rule!r}")
        if key == "effort":
            effort = next((one for one in get_args(Effort) if one == value), None)
            if effort is None:
                raise CommandFailed(f"effort is one of {', '.join(get_args(Effort))}, not {value!r}")
        elif key.startswith(FILTER):
            filters |= parse_filters([rule.removeprefix(FILTER)])
        elif key in Settings.model_fields:
            settings[key] = value
        else:
            raise CommandFailed(f"--with {key}: there are effort, filter.KEY and the settings, e.g. model_synthesizer")
    return Changes(settings, effort, filters)


async def replay(run_id: str, scope: Scope, changes: Changes) -> dict[str, Any]:
    """Run it again; return what was and what is, and whether they are the same.

    Raises:
        NotFound: the user has no such run.
    """
    settings = load_settings(**changes.settings)
    async with open_past(settings) as house:
        past = await past_run(house, settings, scope, run_id)
        context = context_of(past.record)
        changed = replace(
            context, effort=changes.effort or context.effort, filters={**context.filters, **changes.filters}
        )
        now = _plain(await _again(house, past, changed))
    before = _kept(past.result)
    return {"run_id": run_id, "question": past.record.message, "same": before == now, "before": before, "now": now}


async def _again(house: House, past: Past, context: Context) -> Answer:
    state = State(question=past.record.message, history=tuple(past.history))
    graph: Any = house.agent.graph
    ended = await graph.ainvoke(state, context=context)
    return ended["answer"]


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer as a run's result holds it."""
    whole = asdict(answer)
    return _kept({**whole, "answer": whole["text"]})


def _kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result is compared; ids of passages and versions are not."""
    citations = [{key: one[key] for key in ("source", "start", "end", "quote")} for one in result["citations"]]
    return {**{name: result[name] for name in ("answer", *_TOLD)}, "citations": citations}


def told(found: Mapping[str, Any]) -> str:
    """The difference as a person reads it: `-` was, `+` is."""
    before, now = found["before"], found["now"]
    lines = [found["question"], ""]
    lines += [line for line in ndiff(_sentences(before["answer"]), _sentences(now["answer"])) if line[0] != "?"]
    for name in _TOLD:
        if before[name] != now[name]:
            lines.append(f"{name}: {_shown(before[name])} -> {_shown(now[name])}")
    was, are = _cited(before), _cited(now)
    lines += [f"- cites {one}" for one in was if one not in are]
    lines += [f"+ cites {one}" for one in are if one not in was]
    return "\n".join([*lines, "", "The same." if found["same"] else "It is different."])


def _sentences(text: str) -> list[str]:
    return [" ".join(text[start:end].split()) for start, end in split_sentences(text or "")]


def _cited(one: Mapping[str, Any]) -> list[str]:
    return [f'{cited["source"]}: "{" ".join(cited["quote"].split())}"' for cited in one["citations"] or ()]


def _shown(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else repr(value)
