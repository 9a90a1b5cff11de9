"""What `multidb eval` runs: `python -m evals COMMAND`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="multidb eval",
    help="Measure answers on data of your own; docs/evals.md describes the files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]


@app.callback()
def evals() -> None:
    """Measure answers on data of your own; docs/evals.md describes the files."""


@app.command()
def judge(
    data: Annotated[
        Path, typer.Option("--data", metavar="FILE", exists=True, dir_okay=False, help="Graded responses.")
    ],
    as_json: AsJson = False,
) -> None:
    """Compare the judge with people's marks for faithfulness."""
    from evals.judge import InvalidRow, as_object, measure

    try:
        card = asyncio.run(measure(data))
    except InvalidRow as error:
        typer.echo(f"Error: {data}: {error}", err=True)
        raise typer.Exit(1) from None
    found = as_object(card)
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"{found['n']} responses, {found['unscored']} unscored")
    for name, metric in card.metrics().items():
        typer.echo(f"{name:<24} {metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]")


@app.command()
def injection(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", exists=True, file_okay=False, help="Where they lie.")],
    runs: Annotated[int, typer.Option(help="Draw so many pairs; 0 runs every context with every attack.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Plant attacks in contexts and see what a chat model that obeys them can change."""
    from evals.injection import measure

    found = asyncio.run(measure(data, runs, seed))
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"{found['runs']} runs")
    for name, share in (*found["changed"].items(), ("utility", found["utility"]), ("clean", found["utility_clean"])):
        typer.echo(f"{name:<12} {share:.4f}")


if __name__ == "__main__":
    app(prog_name="multidb eval")
    sys.exit(0)
