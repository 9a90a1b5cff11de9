"""ONNX Runtime, imported so that it reports to nobody.

Its builds send usage events to Microsoft (mobile.events.data.microsoft.com) by default, also on Linux, and keep a
device id for them. Only a variable that is set before the library initializes switches this off whole; its call
`disable_telemetry_events` comes too late for the first event. See docs/decisions/no-calls.md.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

SILENCE = {"ORT_DISABLE_TELEMETRY": "1"}
"""For the environment of whatever may load ONNX Runtime."""


def onnx_runtime() -> Any:
    """Import the library; whoever needs it, also through another library, calls this first."""
    os.environ.update(SILENCE)
    return import_module("onnxruntime")
