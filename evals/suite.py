"""What a suite declares: `evals/suites/*.toml`. docs/evals.md describes the fields."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from evals.wanted import Wanted
from memory.records import Effort

HERE = Path(__file__).parent / "suites"
Target = Literal["retrieval", "answers", "written", "isolation", "judge", "injection"]


class InvalidSuite(ValueError):
    """A suite is not there, or not as documented; the message names the field."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that the interval of a figure must keep to.

    low: its lower end may not be below. high: its upper end may not be above. drop: its lower end may not lie
    further than this below the stored baseline's.
    """

    metric: str
    low: float | None = None
    high: float | None = None
    drop: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One measurement. data and questions: as the commands take them. scorers: the figures to keep, () for all.

    own: documents of the tenant that asks, for `isolation`. judge: a chat model that scores answers by a rubric.
    """

    name: str
    target: Target
    data: Path
    questions: Path | None
    own: Path | None
    gates: tuple[Gate, ...]
    scorers: tuple[str, ...] = ()
    effort: Effort = "quick"
    limit: int = 0
    seed: int = 0
    judge: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """Parts in the order they are run. path: of its file."""

    name: str
    title: str
    parts: tuple[Part, ...]
    path: Path

    @property
    def baseline(self) -> Path:
        """Where the figures lie that it is compared with."""
        return self.path.with_suffix(".baseline.json")


def load_suite(named: str) -> Suite:
    """Read a suite of ours by its name, or any by its path.

    Raises:
        InvalidSuite: naming what is wrong.
    """
    path = Path(named) if named.endswith(".toml") else HERE / f"{named}.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(one.stem for one in HERE.glob("*.toml")))
        raise InvalidSuite(f"there is no suite {named!r}; there are {known}, or the path of a .toml") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSuite(f"{path}: {error}") from error
    parts = tuple(_part(row, path) for row in _tables(found, "part", path))
    if not parts:
        raise InvalidSuite(f"{path}: there is no [[part]]")
    return Suite(path.stem, str(found.get("title", path.stem)), parts, path)


def _part(row: dict[str, Any], path: Path) -> Part:
    try:
        if row["target"] not in get_args(Target):
            raise InvalidSuite(f"{path}: target {row['target']!r} is none of {', '.join(get_args(Target))}")
        return Part(
            name=str(row["name"]),
            target=row["target"],
            data=(path.parent / row["data"]).resolve(),
            questions=(path.parent / row["questions"]).resolve() if "questions" in row else None,
            own=(path.parent / row["own"]).resolve() if "own" in row else None,
            gates=tuple(Gate(**gate) for gate in _tables(row, "gates", path)),
            scorers=tuple(row.get("scorers", ())),
            effort=row.get("effort", "quick"),
            limit=int(row.get("limit", 0)),
            seed=int(row.get("seed", 0)),
            judge=_judge(row["judge"], path) if "judge" in row else None,
        )
    except (KeyError, TypeError) as error:
        raise InvalidSuite(f"{path}: part {row.get('name', '?')!r}: {error}") from error


def _judge(given: Mapping[str, Any], path: Path) -> Wanted:
    """A judging model; its files are named relative to the suite's."""
    fields = dict(given)
    for name in ("rubric", "verdicts"):
        if str(fields.get(name, "")).endswith((".toml", ".jsonl")):
            fields[name] = (path.parent / fields[name]).resolve()
    if "rubric" in fields:
        fields["rubric"] = str(fields["rubric"])
    return Wanted(**fields)


def _tables(row: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    found = row.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in cast("list[Any]", found)):
        raise InvalidSuite(f"{path}: {key} is not a list of tables")
    return cast("list[dict[str, Any]]", found)
