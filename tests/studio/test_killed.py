"""Studio is killed while a run is paused; whoever opens the data folder next answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from memory.records import LOCAL
from tests.api.conftest import script  # noqa: F401 - a fixture
from tests.api.rigging import PATIENCE_S, Script, Scripted, open_server, says
from tests.studio.rigging import THREAD, open_studio

QUESTION = "How tall is it?"


async def test_a_paused_run_of_a_studio_that_was_killed_is_answered_by_the_next_process(
    tmp_path: Path,
    small_embedder: None,
    script: Callable[[Script], Scripted],  # noqa: F811 - the fixture
) -> None:
    home = tmp_path / "home"
    async with open_studio(home, lease_ttl_s=1.0) as studio:
        await studio.run(QUESTION, interrupt_before=["judge"])
        assert [turn.role for turn in await studio.turns()] == ["user"]
        assert (await studio.quota()).reserved_tokens > 0
        studio.die()

    script(says("It is 41 metres tall."))
    async with open_server(home) as server:
        await asyncio.wait_for(server.parts.runs.idle(), PATIENCE_S)
        turns = await server.parts.stores.turns.recent(LOCAL, THREAD, 10)
        quota = await server.parts.stores.ledger.usage(LOCAL)

    assert [(turn.role, turn.text, turn.status, turn.attempt) for turn in turns] == [
        ("user", QUESTION, "complete", 1),
        ("assistant", "It is 41 metres tall.", "complete", 1),
    ]
    assert quota.reserved_tokens == 0
    assert quota.used_tokens > 0
