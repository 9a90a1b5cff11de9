"""The report card of the judge in use, for /metrics: ours came with the code, others were kept by `multidb eval judge`.

Cards lie in a JSON file by the judge's name, each as `multidb eval judge --json` prints it. One that was kept in the
data folder goes before the one that came with the code. A judge without a card shows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.settings import Settings
from memory.errors import InvalidInput

BUILT_IN = "deterministic"
_SHIPPED = Path(__file__).with_name("judge_cards.json")
_KEPT = "judge_cards.json"
BOUNDS = ("value", "low", "high")


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """How a judge agrees with people. figures: name -> value and interval, None where the data could not give it."""

    judge: str
    n: int
    unscored: int
    figures: Mapping[str, Mapping[str, float | None]]


class JudgeMetrics(Collector):
    """Three families with the label `judge`: the model's name, without its address."""

    def __init__(self) -> None:
        """Show nothing until a card is set."""
        self.card: JudgeCard | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        labels = ["judge", "figure", "bound"]
        figures = GaugeMetricFamily("multidb_judge_card", "The judge in use against people's marks.", labels=labels)
        judged = GaugeMetricFamily("multidb_judge_card_responses", "Responses on that card.", labels=["judge"])
        unscored = GaugeMetricFamily("multidb_judge_card_unscored", "Of these, not scored.", labels=["judge"])
        if card := self.card:
            judged.add_metric([card.judge], card.n)
            unscored.add_metric([card.judge], card.unscored)
            for name, bound, value in _known(card):
                figures.add_metric([card.judge, name, bound], value)
        yield from (figures, judged, unscored)


def name_of(spec: str) -> str:
    """A judge's name by its spec: its address, which may hold a secret, is no part of it."""
    return spec.partition("@http")[0] or BUILT_IN


def load_judge_card(settings: Settings) -> JudgeCard | None:
    """Return the card of the judge that a deployment uses; None if it has none. Reads files.

    Raises:
        InvalidInput: the file of kept cards is not what it should be.
    """
    name, kept = name_of(settings.model_judge), settings.home / _KEPT
    found = _cards(kept).get(name) or _cards(_SHIPPED).get(name)
    if found is None:
        return None
    try:
        return JudgeCard(name, int(found["n"]), int(found["unscored"]), dict(found["metrics"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{kept}: the card of {name!r} is not as `multidb eval judge --keep` writes it") from error


def keep_judge_card(home: Path, spec: str, card: Mapping[str, Any]) -> Path:
    """Keep a card, in place of the judge's earlier one; a server shows it from its next start.

    Raises:
        InvalidInput: the file of kept cards is not what it should be.
    """
    path = home / _KEPT
    cards = {**_cards(path), name_of(spec): dict(card)}
    home.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(cards, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)
    return path


def _cards(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path} is no object of cards by judge")
    return cast("dict[str, dict[str, Any]]", found)


def _known(card: JudgeCard) -> Iterator[tuple[str, str, float]]:
    for name, figure in card.figures.items():
        for bound in BOUNDS:
            if (value := figure.get(bound)) is not None:
                yield name, bound, value
