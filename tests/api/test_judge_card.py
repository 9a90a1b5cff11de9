"""/metrics shows how well the judge in use agrees with people, and nothing of a judge that nobody measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from api.judge_card import keep_judge_card, load_judge_card
from api.metrics import Metrics
from api.settings import Settings
from memory.errors import InvalidInput
from tests.api.rigging import token

CARD = {"n": 20, "unscored": 1, "metrics": {"spearman": {"value": 0.7, "low": 0.5, "high": None}}}


def shown(settings: Settings) -> list[str]:
    metrics = Metrics()
    metrics.judge.card = load_judge_card(settings)
    text = generate_latest(metrics.registry).decode()
    return [line for line in text.splitlines() if line.startswith("multidb_judge_card")]


def test_a_server_shows_the_card_of_its_own_judge(client: TestClient) -> None:
    text = client.get("/metrics", headers=token("t", "u", "operator")).text
    assert 'multidb_judge_card{bound="low",figure="spearman",judge="deterministic"} 0.' in text
    assert 'multidb_judge_card_responses{judge="deterministic"} ' in text


def test_a_kept_card_goes_before_ours_and_an_address_is_not_shown(home: Path) -> None:
    spec = "openai:m@http://user:hush@127.0.0.1:1/v1"
    keep_judge_card(home, spec, CARD)
    keep_judge_card(home, "", CARD)
    for judge, name in ((spec, "openai:m"), ("deterministic", "deterministic")):
        assert shown(Settings(home=home, model_judge=judge)) == [
            f'multidb_judge_card{{bound="value",figure="spearman",judge="{name}"}} 0.7',
            f'multidb_judge_card{{bound="low",figure="spearman",judge="{name}"}} 0.5',
            f'multidb_judge_card_responses{{judge="{name}"}} 20.0',
            f'multidb_judge_card_unscored{{judge="{name}"}} 1.0',
        ]


def test_a_judge_that_nobody_measured_has_no_figures(home: Path) -> None:
    assert shown(Settings(home=home, model_judge="openai:other")) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"deterministic": {"n": 1}}'])
def test_a_spoilt_file_of_cards_is_named(home: Path, text: str) -> None:
    home.mkdir()
    (home / "judge_cards.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"judge_cards\.json"):
        load_judge_card(Settings(home=home))
