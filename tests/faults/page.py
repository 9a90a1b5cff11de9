"""docs/faults.md, made from the table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.faults.table import (
    CELLS,
    EVERY_TIME,
    FAULTS,
    ILLNESSES,
    LOSSES,
    RECOVERS_S,
    SICKNESSES,
    STRAINS,
    WAVERS,
    Cell,
    Illness,
    Sickness,
    Sight,
)

FILE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEAD = f"""\
# What a user sees when a server fails

Written by `python -m tests.faults` from `tests/faults/table.py`, which is also what `tests/faults/test_cells.py` tests:
the whole house on real servers, each behind a proxy that puts one fault on it and on no other. {len(EVERY_TIME)} of the
{len(CELLS)} cells run at each change (`tests/faults/test_cells.py` names them), all of them by `make chaos`.

In every cell:

- no answer is a bare 500: a refusal is a problem (RFC 9457) with a code, and every stream ends with an event that says
  how;
- nothing is waited for longer than the cell says. *Within* counts time limits: `MULTIDB_STORE_TIMEOUT_S`,
  `MULTIDB_MCP_TIMEOUT_S`, `MULTIDB_MODEL_TIMEOUT_S`, each the limit of one call, and "at once" is no wait at all;
- {RECOVERS_S:g} s after the fault has ended, without a restart, questions, histories and uploads are as ever, what was
  accepted meanwhile is answered once and charged once, and no tokens stay reserved.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_faults(), *_losses(), *_cells(), *_illnesses(), *_sicknesses()]) + "\n"


def _faults() -> list[str]:
    return ["## Faults", "", *_table(["Fault", "What the server does"], ([*row] for row in FAULTS.items())), ""]


def _losses() -> list[str]:
    heads = ["Dependency", "What becomes of what was asked meanwhile"]
    return ["## Once it is back", "", *_table(heads, ([name, loss.kept] for name, loss in LOSSES.items())), ""]


def _cells() -> list[str]:
    heads = ["Dependency", "Fault", "A question", "The history", "An upload", "Within"]
    strains = f"Under {_listed(STRAINS)} everything is answered as ever, only later."
    wavers = f"Under {_listed(WAVERS)} one call may be answered and the next not: either is seen."
    return ["## Cells", "", f"{strains} {wavers}", "", *_table(heads, map(_row, CELLS))]


def _illnesses() -> list[str]:
    text = (
        "Done to the server itself and not to the way to it (`tests/faults/test_illnesses.py`, each on a server of its"
        " own, all of them by `make chaos`). Whoever calls is told `store_unavailable` within the time given; once the"
        " server is well again calls are answered, without a restart, within the same seconds as above."
    )
    rows = [[one.server, f"{one.ill} ({one.words})", _refused(one), _when(one)] for one in ILLNESSES]
    return ["", "## The server itself", "", text, "", *_table(["Server", "Fault", "What is refused", "Within"], rows)]


def _sicknesses() -> list[str]:
    text = (
        "The same through the whole house (`tests/faults/test_sick_servers.py`, `make chaos` only). A disk is a file"
        " system in memory of a few megabytes, which only root can mount: elsewhere, and so where CI is not root, those"
        " rows are skipped. MongoDB is FerretDB here, as the other wire server has no disk. A server goes on while the"
        " files that it has give room, so that either is seen: what is as ever, then what is refused. Once there is"
        " space, every document and question that was acknowledged is there, answered once and charged once; nothing"
        " of the application is restarted."
    )
    heads = ["Dependency", "Fault", "A question", "The history", "An upload", "Within", "Afterwards"]
    return [
        "",
        "## The server itself, seen by a user",
        "",
        text,
        "",
        *_table(heads, map(_sick_row, SICKNESSES)),
    ]


def _sick_row(one: Sickness) -> list[str]:
    sights = (one.question, one.history, one.upload)
    within = f"{one.limits} store limit{'s' if one.limits > 1 else ''}"
    operator = "its operator starts it again" if one.starts_anew else "it goes on by itself"
    return [one.dependency, one.words, *(_either(each) for each in sights), within, operator]


def _refused(one: Illness) -> str:
    return "writes; reads go on" if one.writes_only else "everything"


def _when(one: Illness) -> str:
    return f"{one.limits} store limit" if one.limits else "at once"


def _row(cell: Cell) -> list[str]:
    sights = (cell.question, cell.history, cell.upload)
    return [cell.dependency, cell.fault, *(_either(each) for each in sights), _within(cell)]


def _either(sights: Iterable[Sight]) -> str:
    return "; or ".join(sight.words for sight in sights)


def _within(cell: Cell) -> str:
    if not cell.limits:
        return "as long as its answers take" if cell.fault in STRAINS else "at once"
    return f"{cell.limits} {cell.limit} limit{'s' if cell.limits > 1 else ''}"


def _listed(names: Iterable[str]) -> str:
    known = set(names)
    return " and ".join(f"*{name}*" for name in FAULTS if name in known)


def _table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
