"""What langgraph.json names. Defines nothing: `langgraph dev` loads this file under a second module name."""

from __future__ import annotations

from api.studio.app import app, studio_graph

__all__ = ["app", "studio_graph"]
