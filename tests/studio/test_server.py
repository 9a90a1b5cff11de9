"""LangGraph's own server, driven as Studio's page drives it, through `langgraph_sdk`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from api.settings import Settings
from memory.records import LOCAL, SYSTEM, Quota, Turn
from memory.stores import open_stores
from tests.studio.server import DEV, START, Server, fill, needs_studio, serving

pytestmark = [pytest.mark.studio, needs_studio]

GRAPH = "multidb"
QUESTION = "How tall is the lighthouse of Norderend?"
ANSWER = "The lighthouse of Norderend is 41 metres tall."
DEEP = {"effort": "deep"}


@dataclass
class Visit:
    """What a person saw during one visit, and what was in the data folder after it."""

    server: Server
    client: Any
    schemas: dict[str, Any] = field(default_factory=dict[str, Any])
    nodes: list[Any] = field(default_factory=list[Any])
    streamed: list[Any] = field(default_factory=list[Any])
    paused_at: list[str] = field(default_factory=list[str])
    threads: dict[str, str] = field(default_factory=dict[str, str])
    replies: dict[str, Any] = field(default_factory=dict[str, Any])
    answers: dict[str, httpx.Response] = field(default_factory=dict[str, httpx.Response])
    turns: dict[str, list[Turn]] = field(default_factory=dict[str, list[Turn]])
    quota: Quota | None = None
    unfinished: int = -1
    exit_code: int | None = None

    async def thread(self, name: str) -> str:
        """Open a thread and remember it by a name."""
        self.threads[name] = (await self.client.threads.create())["thread_id"]
        return self.threads[name]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Generator[Visit]:
    """One visit with all that can be done in Studio; after it the server has stopped."""
    home = tmp_path_factory.mktemp("studio") / "home"
    asyncio.run(fill(home))
    with serving(START, home, MULTIDB_DEFAULT_QUOTA_TOKENS="30000") as server:
        visit = Visit(server, None)
        asyncio.run(_visited(visit))
        visit.exit_code = server.stop()
        asyncio.run(_looked_up(visit, home))
        yield visit


async def _visited(visit: Visit) -> None:
    async with get_client(url=visit.server.url) as visit.client:
        await _look(visit)
        await _stream(visit)
        await _step(visit)
        await _ask_beyond_the_quota(visit)
        await _call_as_others(visit)


async def _looked_up(visit: Visit, home: Path) -> None:
    async with open_stores(Settings(home=home)) as stores:
        for name, thread in visit.threads.items():
            visit.turns[name] = list(await stores.turns.recent(LOCAL, thread, 20))
        visit.quota = await stores.ledger.usage(LOCAL)
        visit.unfinished = len(await stores.runs.unfinished(SYSTEM))


async def _look(visit: Visit) -> None:
    [assistant] = await visit.client.assistants.search()
    visit.schemas = await visit.client.assistants.get_schemas(assistant["assistant_id"])
    visit.nodes = (await visit.client.assistants.get_graph(assistant["assistant_id"]))["nodes"]


async def _stream(visit: Visit) -> None:
    thread, modes = await visit.thread("streamed"), ["updates", "custom"]
    given = {"question": QUESTION}
    parts = visit.client.runs.stream(thread, GRAPH, input=given, stream_mode=modes)
    visit.streamed = [part async for part in parts]


async def _step(visit: Visit) -> None:
    """Stop before the judge, edit the draft, go on; then fork from before the synthesizer."""
    runs, threads, thread = visit.client.runs, visit.client.threads, await visit.thread("stepped")
    await runs.wait(thread, GRAPH, input={"question": QUESTION}, interrupt_before=["judge"])
    state = await threads.get_state(thread)
    visit.paused_at = state["next"]
    visit.replies["draft"] = state["values"]["draft"]
    edited = [{**state["values"]["draft"][0], "text": "The lighthouse of Norderend is 90 metres tall."}]
    await threads.update_state(thread, {"draft": edited})
    visit.replies["edited"] = await runs.wait(thread, GRAPH, input=None)
    history = await threads.get_history(thread, limit=50)
    before = next(state for state in history if state["next"] == ["synthesizer"])
    checkpoint = before["checkpoint"]["checkpoint_id"]
    visit.replies["forked"] = await runs.wait(thread, GRAPH, input=None, checkpoint_id=checkpoint)


async def _ask_beyond_the_quota(visit: Visit) -> None:
    """Hold 20,000 tokens in a pause, then ask for as many again."""
    runs, given = visit.client.runs, {"question": QUESTION}
    paused, refused = await visit.thread("paused"), await visit.thread("refused")
    await runs.wait(paused, GRAPH, input=given, context=DEEP, interrupt_before=["researcher"])
    visit.replies["refused"] = await runs.wait(refused, GRAPH, input=given, context=DEEP, raise_error=False)
    given_up = await visit.thread("given up")
    visit.replies["paused"] = await runs.wait(paused, GRAPH, input=None)
    await runs.wait(given_up, GRAPH, input=given, interrupt_before=["judge"])


async def _call_as_others(visit: Visit) -> None:
    calls = {
        "Studio's page": {"Origin": "https://smith.langchain.com"},
        "another page": {"Origin": "https://elsewhere.example"},
        "another name": {"Host": "elsewhere.example"},
    }
    async with httpx.AsyncClient(base_url=visit.server.url, trust_env=False) as http:
        for name, headers in calls.items():
            visit.answers[name] = await http.post("/threads/search", json={}, headers=headers)


@pytest.mark.parametrize("kind", ["input", "output", "state", "context"])
def test_studio_shows_what_each_field_is(visit: Visit, kind: str):
    fields = visit.schemas[f"{kind}_schema"]["properties"]
    assert fields
    assert [name for name, known in fields.items() if len(known.get("description", "")) < 10] == []


def test_studio_shows_what_each_node_does(visit: Visit):
    said = {node["id"]: (node.get("metadata") or {}).get("description") for node in visit.nodes}
    assert list(said) == [
        "__start__",
        "admit",
        "close",
        "researcher",
        "synthesizer",
        "judge",
        "responder",
        "__end__",
    ]
    assert all(said[name] for name in said if not name.startswith("__"))


def test_who_asks_is_not_for_studio_to_say(visit: Visit):
    assert set(visit.schemas["context_schema"]["properties"]) == {"effort", "filters"}
    assert set(visit.schemas["input_schema"]["properties"]) == {"question"}


def test_a_run_streams_its_steps_and_its_events(visit: Visit):
    updates = [next(iter(part.data)) for part in visit.streamed if part.event == "updates"]
    events = [part.data["type"] for part in visit.streamed if part.event == "custom"]
    assert updates == ["admit", "researcher", "synthesizer", "judge", "responder", "close"]
    assert events[0] == "stage.changed"
    assert events[-1] == "answer.completed"
    closed = visit.streamed[-1].data["close"]
    assert closed["reply"] == ANSWER
    assert closed["quotes"] == [f"“{ANSWER}” (The lighthouse)"]


def test_a_run_stops_where_it_is_told_and_its_edited_state_is_judged(visit: Visit):
    assert visit.paused_at == ["judge"]
    assert visit.replies["draft"][0]["text"] == ANSWER
    assert "90 metres" not in visit.replies["edited"]["reply"]


def test_a_fork_answers_anew_and_pays_for_its_own_steps(visit: Visit):
    edited, forked = visit.replies["edited"], visit.replies["forked"]
    assert forked["reply"] == ANSWER
    assert edited["run_id"] != forked["run_id"]
    assert 0 < forked["charged_tokens"] <= edited["charged_tokens"]


def test_a_question_that_does_not_fit_the_quota_is_refused_in_words(visit: Visit):
    error = visit.replies["refused"]["__error__"]
    assert "20000 tokens" in error["message"]
    assert visit.turns["refused"] == []
    assert visit.replies["paused"]["reply"] == ANSWER


def test_the_history_has_every_turn_once(visit: Visit):
    said = {name: [(turn.role, turn.status, turn.attempt) for turn in turns] for name, turns in visit.turns.items()}
    asked, answered = ("user", "complete", 1), ("assistant", "complete", 1)
    assert said == {
        "streamed": [asked, answered],
        "stepped": [asked, answered, ("user", "complete", 2), ("assistant", "complete", 2)],
        "paused": [asked, answered],
        "refused": [],
        "given up": [asked, ("assistant", "cancelled", 1)],
    }
    assert visit.turns["streamed"][1].text == ANSWER
    assert visit.turns["streamed"][1].citations[0].quote == ANSWER


def test_every_step_is_charged_once_and_nothing_stays_held(visit: Visit):
    assert visit.quota is not None
    charged = [visit.replies[name]["charged_tokens"] for name in ("edited", "forked", "paused")]
    charged.append(visit.streamed[-1].data["close"]["charged_tokens"])
    given_up = visit.quota.used_tokens - sum(charged)
    assert 0 < given_up <= max(charged)
    assert visit.quota.reserved_tokens == 0
    assert visit.unfinished == 0


def test_only_studios_page_and_this_machine_are_answered(visit: Visit):
    page = visit.answers["Studio's page"]
    assert page.status_code == 200
    assert page.headers["access-control-allow-origin"] == "https://smith.langchain.com"
    assert visit.answers["another page"].status_code == 403
    assert visit.answers["another name"].status_code == 421


def test_nothing_leaves_the_machine_or_the_data_folder(visit: Visit):
    assert visit.server.left == []
    kept = [path.name for path in visit.server.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [name for name in kept if name != "sitecustomize.py" and not name.endswith(".pyc")] == []


def test_no_node_blocks_the_loop_and_the_server_stops_when_asked(visit: Visit):
    assert "BlockingError" not in visit.server.output
    assert visit.exit_code == 0


def test_it_says_what_is_hosted_and_what_stays(visit: Visit):
    assert f"https://smith.langchain.com/studio/?baseUrl={visit.server.url}" in visit.server.output
    assert "hosted by LangChain" in visit.server.output
    assert "sends nothing anywhere" in visit.server.output


async def test_langgraphs_own_command_serves_the_same_graph(tmp_path: Path):
    home = tmp_path / "home"
    await fill(home)
    with serving(DEV, home, LANGGRAPH_CLI_NO_ANALYTICS="1") as server:
        async with get_client(url=server.url) as client:
            reply = await client.runs.wait(None, GRAPH, input={"question": QUESTION})
        server.stop()
        assert server.left == []
    assert reply["reply"] == ANSWER
