"""The rules of the house that no linter knows: sizes, doors, names, what the default path imports."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("memory", "mcp_servers", "tools", "graphs", "api", "evals")
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_P90_LINES = 35
MAX_MEDIAN_LINES = 10
MAX_BROAD_HANDLERS = 5
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".js", ".css", ".html", ".txt", ".json", ".svg", ".sh", ""}


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def functions() -> Iterator[tuple[str, int]]:
    """Each function with its lines, docstring not counted."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines_of(node)


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=30)
    if listed.returncode != 0:
        pytest.fail("`git ls-files` does not work here; the house rules are checked in a clone")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_functions_are_short():
    sizes = dict(functions())
    longest = sorted(((size, name) for name, size in sizes.items()), reverse=True)[:10]
    assert longest[0][0] <= MAX_FUNCTION_LINES, longest
    assert statistics.median(sizes.values()) <= MAX_MEDIAN_LINES
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= MAX_P90_LINES, longest


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_on_a_few_screens(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


def broad_handlers() -> Iterator[tuple[Path, int]]:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not passes_on(node):
                yield path, node.lineno


def is_broad(kind: ast.expr | None) -> bool:
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(name is None or (isinstance(name, ast.Name) and name.id in BROAD) for name in names)


def passes_on(handler: ast.ExceptHandler) -> bool:
    """A handler that ends in a bare `raise` tidies up and hides nothing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


BROAD = {"Exception", "BaseException"}


def test_only_five_doors_catch_everything():
    assert len(list(broad_handlers())) <= MAX_BROAD_HANDLERS, list(broad_handlers())


def test_each_door_says_why_it_catches_everything():
    for path, line in broad_handlers():
        lines = path.read_text(encoding="utf-8").splitlines()
        near = "\n".join(lines[max(0, line - 3) : line + 1])
        assert "#" in re.sub(r"# (noqa|type|pyright):.*?(?=\s#|$)", "", near, flags=re.MULTILINE) or " - " in near, (
            f"{path.relative_to(ROOT)}:{line} has no comment with its reason"
        )


def test_nothing_needs_a_later_python_than_the_oldest_that_is_promised():
    """Debian 12 has 3.11.2: a group wraps what an `except*` raises (until 3.11.4), tarfile knows no filter."""
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.TryStar):
                raising = [inner for handler in node.handlers for inner in ast.walk(handler)]
                found += [f"{path}:{inner.lineno}" for inner in raising if isinstance(inner, ast.Raise) and inner.exc]
            if isinstance(node, ast.Attribute) and node.attr == "extractall":
                found.append(f"{path}:{node.lineno}")
    assert found == []


def test_no_installed_distribution_claims_our_package_names():
    claimed = importlib.metadata.packages_distributions()
    assert {room: claimed[room] for room in (*ROOMS, "training") if room in claimed} == {}


def test_every_room_says_what_lives_in_it():
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_default_path_imports_neither_torch_nor_a_server_driver():
    heavy = ["torch", "transformers", "sentence_transformers", "redis", "psycopg", "cassandra", "pymongo"]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy!r}))\n"
        "import api.http, api.wiring, api.cli, memory.stores, memory.ingest.pipeline, memory.embeddings.minilm\n"
        "import memory.documents.sqlite, memory.index.local, mcp_servers, graphs.graph\n"
    )
    # A None in sys.modules makes its import fail, so that even a guarded one shows.
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_command_starts_without_the_heavy_rooms():
    code = "import sys, api.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    loaded = set(done.stdout.split())
    assert not loaded & {"langgraph", "langchain_core", "fastapi", "numpy", "onnxruntime", "faiss", "pydantic", "httpx"}


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_holds_hashes_and_no_address(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][\w.\-\[\]]*)==", text, flags=re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|file:|--index-url|--find-links|@ ", text)
    assert "torch" not in pins


def test_no_file_names_a_machine():
    private = re.compile(r"(?<![\w.$}/])/(?:work|home|Users|root)/[\w.-]+")
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in tracked_files()
        if path.suffix in TEXT_SUFFIXES and path.is_file()
        for hit in private.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_no_file_holds_unfinished_marks():
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix == ".py" and marks.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_readme_points_at_files_that_exist():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)} points at {link}"


def test_the_index_of_decisions_is_whole():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index
    ] == []


def test_every_benchmark_can_be_imported():
    """No type checker reads them, and they are run rarely: a name that is gone would be missed first on a quiet day."""
    found = sorted(
        path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem not in ("__init__", "reference")
    )
    lines = "; ".join(f"import benchmarks.{name}" for name in found)
    ran = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
