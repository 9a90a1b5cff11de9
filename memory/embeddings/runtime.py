"""ONNX Runtime, imported so that it reports to nobody.

Its builds send usage events to Microsoft (mobile.events.data.microsoft.com) by default, also on Linux, and keep a
device id for them. Only a variable that is set before the library initializes switches this off whole; its call
`disable_telemetry_events` comes too late for the first event. See docs/decisions/no-calls.md.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from typing import Any

SILENCE = {"ORT_DISABLE_TELEMETRY": "1"}
"""For the environment of whatever may load ONNX Runtime."""


def onnx_runtime() -> Any:
    """Import the library; whoever needs it, also through another library, calls this first."""
    os.environ.update(SILENCE)
    return import_module("onnxruntime")


def session_of(model: bytes) -> Any:
    """Open a model for one thread a run: several small texts side by side are faster than one text divided."""
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def tokenizer_of(file: bytes) -> Any:
    """Open a tokenizer that neither cuts nor pads; whoever gives the same file shares it."""
    # Imported here: importing this module stays free.
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_buffer(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def readable(text: str) -> str:
    """Replace lone surrogates, which a tokenizer cannot take, one character by one."""
    return text.encode("utf-8", "replace").decode("utf-8")
