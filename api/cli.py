"""The `multidb` command: what it accepts. What a command does lives in `api/commands`, imported when it is called.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done in part (files were refused, or lines of an input failed);
4 not reachable just now (the data folder is another program's, a server did not answer); 130 interrupted.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from api.terminal import EXPECTED, explain, note, report_fault
from memory.records import Effort, Role, Scope

EPILOG = (
    "Data is kept in MULTIDB_HOME (default ./data). Exit codes: 0 done, 1 failed, 2 usage, 3 in part, 4 unreachable."
)
app = typer.Typer(
    name="multidb",
    help="Ask your own documents; every sentence of an answer is supported by a quote.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
documents = typer.Typer(
    help="List, show, delete or roll back what is kept.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(documents, name="documents")
users = typer.Typer(help="Forget a person.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users, name="users")

HANDED_OVER = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": cast(list[str], [])}
"""Settings of a command whose arguments belong to another program, `--help` included."""
ServerName = Literal["vector_search", "knowledge_base", "user_quota"]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", "-f", metavar="KEY=VALUE", help="Narrow the search; also KEY>=N, KEY<=N. Repeatable."),
]
InputFile = Annotated[
    Path | None, typer.Option("--input", help="One question a line (- for stdin); prints one JSON object a line.")
]


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; beyond loopback a secret is needed.")] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Ingest the sample corpus on the first start.")] = False,
) -> None:
    """Serve the API and the chat page."""
    gc.disable()  # what a server imports lives as long as the process; serve enables it again once it listens
    from api.commands.serve import serve as run

    run(host, port, samples)


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders or quoted globs.")],
    collection: Annotated[str, typer.Option(help="Collection to keep them in.")] = "default",
    prune: Annotated[bool, typer.Option("--prune", help="Forget documents below PATH whose files are gone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read files into the knowledge base. Run it again to continue or to refresh."""
    from api.commands.ingest import ingest as run

    try:
        raise typer.Exit(asyncio.run(run(paths, collection, prune, as_json)))
    except KeyboardInterrupt:
        note("Interrupted. What was read until now is kept; run it again to go on.")
        raise typer.Exit(130) from None


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    filters: FilterOption = None,
    top_k: Annotated[int, typer.Option("--top", help="How many passages.", min=1, max=200)] = 10,
    input_file: InputFile = None,
    as_json: AsJson = False,
) -> None:
    """Find passages by meaning and by words."""
    from api.commands.search import SearchOptions
    from api.commands.search import search as run

    raise typer.Exit(asyncio.run(run(query, SearchOptions(tuple(filters or ()), top_k, input_file, as_json))))


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    filters: FilterOption = None,
    effort: Annotated[Effort | None, typer.Option(help="How hard to try.", show_default="standard")] = None,
    session: Annotated[str | None, typer.Option(help="Continue this conversation.")] = None,
    input_file: InputFile = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the sources. Where they do not say, the answer says so."""
    from api.commands.ask import AskOptions
    from api.commands.ask import ask as run

    options = AskOptions(tuple(filters or ()), effort or "standard", session, input_file, as_json)
    raise typer.Exit(asyncio.run(run(question, options)))


@app.command()
def chat(
    filters: FilterOption = None,
    effort: Annotated[Effort | None, typer.Option(help="How hard to try.", show_default="standard")] = None,
    session: Annotated[str | None, typer.Option(help="Continue this conversation.")] = None,
) -> None:
    """Talk; the conversation is remembered. /help lists what it understands."""
    from api.commands.chat import chat as run

    raise typer.Exit(asyncio.run(run(tuple(filters or ()), effort or "standard", session)))


@documents.command("list")
def documents_list(
    prefix: Annotated[str, typer.Argument(help="Only sources that start with this.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the documents that are kept, by source."""
    from api.commands.documents import list_documents as run

    asyncio.run(run(prefix, as_json))


@documents.command("show")
def documents_show(
    document: Annotated[str, typer.Argument(metavar="ID|SOURCE", help="A document's id, or its source.")],
    as_json: AsJson = False,
) -> None:
    """Print a document's stored text, the one that citations point into."""
    from api.commands.documents import show_document as run

    asyncio.run(run(document, as_json))


@documents.command("delete")
def documents_delete(
    document: Annotated[list[str], typer.Argument(metavar="ID|SOURCE...", help="Ids or sources.")],
    as_json: AsJson = False,
) -> None:
    """Forget documents: text, passages and vectors."""
    from api.commands.documents import delete_documents as run

    asyncio.run(run(document, as_json))


@documents.command("versions")
def documents_versions(
    document: Annotated[str, typer.Argument(metavar="ID|SOURCE", help="A document's id, or its source.")],
    as_json: AsJson = False,
) -> None:
    """List the versions of a document that are kept."""
    from api.commands.documents import list_versions as run

    asyncio.run(run(document, as_json))


@documents.command("rollback")
def documents_rollback(
    document: Annotated[str, typer.Argument(metavar="ID|SOURCE", help="A document's id, or its source.")],
    version: Annotated[str | None, typer.Argument(help="Number or id; the one before if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Go back to a kept version. It stays current until the source changes."""
    from api.commands.documents import roll_back as run

    asyncio.run(run(document, version, as_json))


@documents.command("reembed")
def documents_reembed(
    embedder: Annotated[str, typer.Argument(metavar="EMBEDDER", help="minilm, minilm-fp32 or hf:MODEL.")],
    as_json: AsJson = False,
) -> None:
    """Embed everything with another embedder, and use that from then on. Run it again to continue."""
    from api.commands.documents import reembed as run

    try:
        asyncio.run(run(embedder, as_json))
    except KeyboardInterrupt:
        note("Interrupted. What was embedded is kept; run it again to go on. A running server goes on by itself.")
        raise typer.Exit(130) from None


@app.command()
def mcp(
    name: Annotated[ServerName, typer.Argument(help="Which server.", metavar="NAME")],
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP instead of stdio.")] = False,
    host: Annotated[str, typer.Option(help="Address for --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port for --http.", min=0, max=65535)] = 8100,
) -> None:
    """Serve one MCP server. Its client is an editor, or an app such as Claude Desktop."""
    from api.commands.mcp import serve_mcp as run

    raise typer.Exit(asyncio.run(run(name, host, port if http else None)))


@app.command()
def token(
    tenant: Annotated[str, typer.Option(help="The tenant it acts in.")],
    user: Annotated[str, typer.Option(help="The user it acts as.")],
    role: Annotated[
        list[str] | None, typer.Option(help="reader, editor or operator. Repeatable.", show_default="reader")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group of the user. Repeatable.")] = None,
    hours: Annotated[float, typer.Option(help="How long it is valid.", min=0.01, max=24 * 366)] = 24.0,
    server: Annotated[ServerName | None, typer.Option(help="Sign for /mcp/SERVER instead of the API.")] = None,
) -> None:
    """Print a signed token for the HTTP API or an MCP server. Send it as: curl -H "Authorization: Bearer TOKEN"."""
    from api.commands.token import sign_token as run

    scope = Scope(tenant, user, tuple(group or ()), tuple(cast(list[Role], role or ["reader"])))
    sys.stdout.write(run(scope, hours, server) + "\n")


@users.command("erase")
def users_erase(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id, as their tokens name it.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose user.")] = "local",
    as_json: AsJson = False,
) -> None:
    """Forget everything of a user: conversations, ratings, documents of their own, plans, their name in the ledger.

    Repeat it when it fails: it goes on. What was charged stays, under a name that leads to nobody.
    """
    from api.commands.users import erase as run

    asyncio.run(run(user, tenant, as_json))


@users.callback()
def users_group() -> None:
    """Forget a person."""


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write (.tar.gz).")],
) -> None:
    """Write all that is kept into one archive. Safe while serving. It holds the folder's secret."""
    from api.commands.backup import write_backup as run

    run(target)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="An archive made by backup.", exists=True)],
    force: Annotated[bool, typer.Option("--force", help="Replace what the data folder holds.")] = False,
) -> None:
    """Bring a backup back. Nothing may be using the data folder."""
    from api.commands.backup import restore_backup as run

    run(source, force)


@app.command()
def migrate() -> None:
    """Make the search indexes in MongoDB, where MULTIDB_INDEX_URL names one, and wait until they answer."""
    from api.commands.migrate import migrate as run

    asyncio.run(run())


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what works, and what to do about the rest."""
    from api.commands.doctor import doctor as run

    raise typer.Exit(asyncio.run(run(as_json)))


@app.command("eval", context_settings=HANDED_OVER)
def evaluate(context: typer.Context) -> None:
    """Measure answers on data of your own. `multidb eval --help` lists what there is."""
    from api.commands.evaluation import run_evals as run

    raise typer.Exit(run(context.args))


@app.command(context_settings=HANDED_OVER)
def replay(context: typer.Context) -> None:
    """Answer an earlier question again, perhaps with other settings, and show the difference."""
    from api.commands.evaluation import run_evals as run

    raise typer.Exit(run(["replay", *context.args]))


def main() -> None:
    """Run the command; an expected failure is one sentence on stderr and an exit code, never a traceback."""
    sys.excepthook = report_fault
    try:
        typer.main.get_command(app)(prog_name="multidb")
    except EXPECTED as error:
        sys.exit(explain(error))


if __name__ == "__main__":
    main()
