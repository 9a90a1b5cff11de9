"""What `multidb eval` runs: `python -m evals COMMAND`."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from memory.records import LOCAL, Effort, Scope

app = typer.Typer(
    name="multidb eval",
    help="Measure answers on data of your own; docs/evals.md describes the files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Data = Annotated[Path, typer.Option("--data", metavar="DIR|FILE", exists=True, help="Questions and documents.")]
Questions = Annotated[
    Path | None, typer.Option("--questions", metavar="FILE", exists=True, help="Questions to a folder of documents.")
]
EffortOption = Annotated[Effort, typer.Option("--effort", help="How hard to try.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Draw so many questions; 0 asks all.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the draw and of the intervals.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Keep here what was embedded and found, to go on or repeat."),
]
CasesFile = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Where cases are kept; evals/cases.jsonl in the data folder."),
]
Tenant = Annotated[str, typer.Option(help="The tenant that asked.")]
UserId = Annotated[str, typer.Option("--user", help="The user that asked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]


@app.callback()
def evals() -> None:
    """Measure answers on data of your own; docs/evals.md describes the files."""


@app.command()
def judge(
    data: Annotated[
        Path, typer.Option("--data", metavar="FILE", exists=True, dir_okay=False, help="Graded responses.")
    ],
    model: Annotated[
        str,
        typer.Option("--judge", metavar="MODEL[@URL]", help="A chat model; without it, the rules that serve users."),
    ] = "",
    rubric: Annotated[str, typer.Option(metavar="NAME|FILE", help="What it judges by.")] = "faithfulness",
    verdicts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep its verdicts here, to go on, repeat or replay.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Replay kept verdicts; ask no model.")] = False,
    repeats: Annotated[int, typer.Option(min=0, help="Responses that it judges a second time.")] = 20,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="Calls at a time.")] = 4,
    budget: Annotated[int, typer.Option(min=0, metavar="TOKENS", help="Of all calls together.")] = 2_000_000,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the card in the data folder; `multidb serve` shows it at /metrics.")
    ] = False,
    limit: Limit = 0,
    seed: Seed = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Compare a judge with people's marks for faithfulness."""
    from api.commands import load_settings
    from api.judge_card import keep_judge_card
    from api.terminal import note
    from evals.card import Card
    from evals.house import Ticker
    from evals.judge import Choice, measure
    from evals.tables import card_lines
    from evals.wanted import Wanted

    wanted = Wanted(model, rubric, verdicts, offline, repeats, at_once, budget)
    card = asyncio.run(measure(data, Choice(wanted if wanted.is_model else None, limit, seed, home), Ticker()))
    found = card.as_object(seed)
    if keep and isinstance(card, Card):
        note(f"kept in {keep_judge_card(load_settings().home, model, found)}")
    typer.echo(json.dumps(found) if as_json else card_lines(found, card.why))


@app.command()
def injection(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", exists=True, file_okay=False, help="Where they lie.")],
    runs: Annotated[int, typer.Option(min=0, help="Draw so many pairs; 0 runs every context with every attack.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Plant attacks in contexts and see what a chat model that obeys them can change."""
    from evals.house import Ticker
    from evals.injection import Draw, measure
    from evals.tables import injection_lines

    found = asyncio.run(measure(data, Draw(runs, seed, home), Ticker()))
    typer.echo(json.dumps(found) if as_json else injection_lines(found))


@app.command()
def retrieval(
    data: Data,
    questions: Questions = None,
    effort: EffortOption = "standard",
    append: Annotated[str, typer.Option(metavar="FIELD", help="Add this field of a question to its text.")] = "",
    limit: Limit = 0,
    seed: Seed = 0,
    home: Home = None,
    scores: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every question's figures, for `eval gains`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the researcher with BM25, vectors and their fusion, over the same passages."""
    from evals.gains import write_scores
    from evals.house import Ticker
    from evals.retrieval import Options, as_object, measure
    from evals.sets import load_set
    from evals.tables import retrieval_table

    found = load_set(data, questions)
    results = asyncio.run(measure(found, Options(effort, limit, seed, append), home, Ticker()))
    if scores is not None:
        write_scores(scores, results)
    shown = as_object(results, seed)
    typer.echo(json.dumps(shown) if as_json else retrieval_table(shown))


@app.command()
def gains(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, help="One of `--scores` for each set.")],
    figure: Annotated[str, typer.Option(metavar="NAME", help="ndcg@10, recall@10, all_gold@10, mrr, hit@1…")] = "",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Tell how much better than the best baseline ours is on several sets, and on average."""
    from evals.gains import NDCG, as_object, read_row, table

    name = figure or NDCG
    found = as_object([read_row(path, name) for path in files], seed)
    typer.echo(json.dumps(found) if as_json else table(found, name))


@app.command()
def answers(
    data: Data,
    questions: Questions = None,
    effort: EffortOption = "standard",
    gold_only: Annotated[bool, typer.Option("--gold-only", help="Search only the documents that answer.")] = False,
    limit: Limit = 0,
    seed: Seed = 0,
    home: Home = None,
    rows: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every answer with its figures.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask every question and compare with what is known about its answer."""
    from evals.answers import as_object, measure
    from evals.asking import Manner
    from evals.house import Ticker
    from evals.sets import load_set
    from evals.tables import answer_rows, metric_lines

    found = load_set(data, questions).drawn(limit, seed)
    given, scored = asyncio.run(measure(found, Manner(effort, gold_only), home, Ticker()))
    shown = as_object(given, scored, seed)
    if rows is not None:
        lines = (json.dumps(row, ensure_ascii=False) for row in answer_rows(given, scored))
        rows.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    typer.echo(json.dumps(shown) if as_json else f"{shown['n']} questions\n{metric_lines(shown['metrics'])}")


@app.command()
def run(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A suite of evals/suites, or the path of a .toml.")],
    only: Annotated[list[str] | None, typer.Option(metavar="PART", help="Run this part only. Repeatable.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where JSON and report are written.")] = Path("eval-results"),
    save_baseline: Annotated[
        bool, typer.Option("--save-baseline", help="Keep these figures as what later runs are compared with.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Measure what a suite declares; exit 1 when a bound of a gate falls."""
    from evals import running
    from evals.house import Ticker
    from evals.report import report_page
    from evals.suite import load_suite
    from evals.upload import upload

    done = asyncio.run(running.run_suite(load_suite(suite), only or (), home, Ticker()))
    report = running.write_results(done, out, report_page(done))
    if save_baseline:
        running.save_baseline(done)
    upload(done)
    typer.echo(json.dumps(done.as_object()) if as_json else running.suite_table(done))
    typer.echo(f"report: {report}", err=True)
    if not done.is_kept:
        raise typer.Exit(1)


@app.command()
def add(
    run_id: Annotated[str, typer.Option("--run", metavar="RUN_ID", help="The run; `multidb ask --json` prints it.")],
    expect: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="What it should answer. Repeatable.")] = None,
    refuse: Annotated[bool, typer.Option("--refuse", help="It should say that the sources do not say.")] = False,
    note: Annotated[str, typer.Option(help="Why, for whoever reads the case.")] = "",
    to: CasesFile = None,
    tenant: Tenant = LOCAL.tenant_id,
    user: UserId = LOCAL.user_id,
) -> None:
    """Keep a run as a case, with its passages, for `multidb eval answers --data FILE`."""
    from evals.cases import Expected, add_case, cases_file

    if bool(expect) == refuse:
        raise typer.BadParameter("say what it should answer with --expect TEXT, or --refuse")
    path = cases_file(to)
    expected = Expected(tuple(expect or ()), not refuse, note)
    row = asyncio.run(add_case(run_id, _scope(tenant, user), expected, path))
    typer.echo(f"{row['text']}\nis a case of {path} now, with {len(row['contexts'])} passages")


@app.command()
def review(
    to: CasesFile = None, tenant: Tenant = LOCAL.tenant_id, user: UserId = LOCAL.user_id, as_json: AsJson = False
) -> None:
    """List disliked answers of which nobody has made a case yet."""
    from evals.cases import cases_file
    from evals.cases import review as disliked

    rows = asyncio.run(disliked(_scope(tenant, user), cases_file(to)))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['run_id']}  {row['at']}\n  asked: {row['question']}\n  answered: {row['answer']}")
        typer.echo(f"  comment: {row['comment'] or '(none)'}")
    typer.echo(f"{len(rows)} to review; `multidb eval add --run RUN_ID --expect TEXT` makes a case of one", err=True)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run that was answered.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="KEY=VALUE", help="effort, filter.KEY or a setting. Repeatable."),
    ] = None,
    tenant: Tenant = LOCAL.tenant_id,
    user: UserId = LOCAL.user_id,
    as_json: AsJson = False,
) -> None:
    """Answer an earlier question again and show the difference; nothing is kept of it."""
    from evals.replay import parse_changes, told
    from evals.replay import replay as again

    found = asyncio.run(again(run_id, _scope(tenant, user), parse_changes(changes or ())))
    typer.echo(json.dumps(found) if as_json else told(found))


def _scope(tenant: str, user: str) -> Scope:
    """Whoever sits at the data folder may look at what any of its users asked."""
    return replace(LOCAL, tenant_id=tenant, user_id=user)


def main() -> None:
    """Run the command; data that is not as documented, and expected failures, are one sentence on stderr."""
    from api.terminal import EXIT_FAILED, EXPECTED, explain, report_fault
    from evals.rows import InvalidSet
    from evals.rubric import InvalidRubric
    from evals.suite import InvalidSuite

    sys.excepthook = report_fault
    try:
        app(prog_name="multidb eval")
    except (*EXPECTED, InvalidRubric, InvalidSet, InvalidSuite) as error:
        sys.exit(explain(error))
    except BaseExceptionGroup as errors:  # task groups wrap what they end with
        report_fault(type(errors), errors, errors.__traceback__)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
