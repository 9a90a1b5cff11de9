"""What is embedded here is nobody else's business."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
EMBED = """
import asyncio
from memory.embeddings.minilm import open_minilm

async def main():
    async with open_minilm() as embedder:
        await embedder.embed_query("Who is told of this?")

asyncio.run(main())
"""


def test_the_default_embedder_calls_nobody_not_even_when_its_process_ends(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        proxies = {f"{kind}_proxy": address for kind in ("http", "https", "all")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **proxies}
        subprocess.run([sys.executable, "-c", EMBED], cwd=ROOT, env=environment, check=True, timeout=60)
        try:
            asking, _ = proxy.accept()
        except BlockingIOError:
            asking = None
    assert asking is None
    assert [path.name for path in tmp_path.rglob("*") if "onnxruntime" in path.as_posix().lower()] == []
