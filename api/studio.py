"""What langgraph.json names, for `langgraph dev` and Studio. Defines nothing: that tool loads it under a second name.

Studio opens the data folder alone, as the local user; stop the server first.
"""

from __future__ import annotations

from api.studio_graph import open_studio_graph

graph = open_studio_graph
