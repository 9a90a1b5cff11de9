"""Sends a suite's run to LangSmith: a dataset of each part, an experiment on it, and every score. Off by default.

It needs MULTIDB_LANGSMITH=true and a LANGSMITH_API_KEY; without both nothing is imported that could post.
"""

# LangSmith leaves type parameters of its own signatures open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from api.commands import load_settings
from api.terminal import CommandFailed, note
from evals.running import PartRun, SuiteRun

if TYPE_CHECKING:
    from langsmith import Client

NAMESPACE = "multidb"


def upload(run: SuiteRun) -> None:
    """Upload every part that has cases, if the settings want it.

    Raises:
        CommandFailed: LangSmith refused it or did not answer.
    """
    if not load_settings().langsmith:
        return
    from langsmith import Client
    from langsmith.schemas import LangSmithInfo
    from langsmith.utils import LangSmithError, get_api_key

    if not get_api_key(None):
        note("MULTIDB_LANGSMITH is on, but there is no LANGSMITH_API_KEY: nothing was uploaded.")
        return
    # One post at a time: nothing is left in a queue when the command ends.
    client = Client(auto_batch_tracing=False, info=LangSmithInfo(version="0"))
    try:
        for part in run.parts:
            if part.measured.cases:
                _upload_part(client, run, part)
    except LangSmithError as error:
        raise CommandFailed(f"LangSmith did not take it: {error}") from error


def _upload_part(client: Client, run: SuiteRun, part: PartRun) -> None:
    name = f"{NAMESPACE}-{run.suite.name}-{part.part.name}".replace(" ", "-")
    stamp = f"{run.at:%Y%m%d-%H%M%S}"
    dataset = client.create_dataset(f"{name}-{stamp}", description=run.suite.title)
    project = client.create_project(f"{name}-{stamp}-run", reference_dataset_id=dataset.id)
    for case in part.measured.cases:
        example = client.create_example(
            inputs={"question": case.question}, reference_outputs={"gold": case.gold}, dataset_id=dataset.id
        )
        run_id, now = uuid4(), datetime.now(UTC)
        client.create_run(
            part.part.name,
            {"question": case.question},
            "chain",
            id=run_id,
            project_name=project.name,
            reference_example_id=example.id,
            outputs={"answer": case.got},
            start_time=now,
            end_time=now,
        )
        for figure, value in case.figures.items():
            client.create_feedback(run_id, figure, score=value, trace_id=run_id, session_id=project.id, start_time=now)
    note(f"LangSmith: {len(part.measured.cases)} cases of {part.part.name} in {name}-{stamp}")
