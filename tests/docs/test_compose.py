"""docker-compose.yml: there is no Docker engine here, so what can be wrong in the file itself is looked at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from api.settings import Settings
from tests.services.environment import PORTS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
ROOT_OWNED = {"scylla", "mongodb"}
"""Images whose own start needs more: they leave root by themselves."""


def environment(name: str) -> dict[str, str]:
    return SERVICES[name].get("environment", {})


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_pinned_watched_and_comes_back(name):
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*", service["image"])
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ROOT_OWNED))
def test_each_service_runs_as_nobody_in_particular(name):
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", SERVICES[name]["user"])


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_write_to_their_folder_only(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == [environment(name)["MULTIDB_HOME"]]


def test_every_volume_is_declared_and_no_folder_is_shared():
    used = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    named = [name for name in used if not name.startswith("./")]
    assert sorted(named) == sorted(COMPOSE["volumes"])
    assert all((ROOT / name).is_file() for name in used if name.startswith("./"))


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_is_there_and_says_when_it_is_ready(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_those_of_the_application(name):
    fields = {f"MULTIDB_{field.upper()}" for field in Settings.model_fields}
    assert environment(name).keys() <= fields | {"FORWARDED_ALLOW_IPS"}
    assert environment(name)["MULTIDB_SECRET"].startswith("${MULTIDB_SECRET:?")


@pytest.mark.parametrize("name", OURS)
def test_every_truth_is_on_a_server_of_the_file(name):
    urls = {port: environment(name)[f"MULTIDB_{port.upper()}_URL"] for port in PORTS}
    hosts = {
        re.sub(r"\$\{[^}]*\}", "", url).rpartition("@")[2].rpartition("//")[2].split(":")[0] for url in urls.values()
    }
    assert hosts <= SERVICES.keys()


def test_a_client_is_known_by_its_own_address_and_cannot_name_another():
    assert environment("app-1")["FORWARDED_ALLOW_IPS"] == "*"
    assert [name for name in OURS if "ports" in SERVICES[name]] == []
    proxied = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    assert re.findall(r"X-Forwarded-For (.*);", proxied) == ["$remote_addr"]


def test_the_replicas_differ_in_their_folder_only():
    first, second = SERVICES["app-1"], SERVICES["app-2"]
    assert {key for key in first if first[key] != second[key]} == {"volumes"}
    proxied = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    assert {"app-1:8000", "app-2:8000"} <= set(re.findall(r"server (\S+:8000)", proxied))
