"""The house and, beside it in the same process, what it would be without a framework; `benchmarks.serve` asks both.

`python -m benchmarks.bare HOME` serves HOME on a free port and prints the port. `/bare` embeds a question, searches
with it and streams the hits: no record, no graph, no tools, no reader, no judge. Both use the same open embedder and
index, so that only the framework differs. `/bare/reading` also reads the hits as `quick` does, one call after another.
`/bare/standard` has the small reader read the passages that `standard` reads, and streams what it points at first.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson

from api.encoders import sse
from api.http import create_app
from api.serving import SNDBUF, Server, bind, config_of, url_of
from api.settings import Settings
from graphs.context import LIMITS
from graphs.reader.evidence import READ_PASSAGES, text_of
from graphs.reader.extractive import ExtractiveReader
from graphs.reading import ReadRequest
from memory.ports import SearchQuery
from memory.records import LOCAL
from memory.stores import open_span_reader

FRAMES = 12
"""Frames that a quick answer has too."""
QUICK, STANDARD = LIMITS["quick"], LIMITS["standard"]
HEADERS = [(name.lower().encode(), value.encode()) for name, value in sse.HEADERS.items()]


class Direct:
    """Compares texts with a question by calling the embedder: the one tool that a reader calls."""

    def __init__(self, embedder):
        """Use an open embedder."""
        self._embedder = embedder

    async def similarities(self, _scope, query, texts):
        """Return the cosine of each text to the query."""
        vectors = await self._embedder.embed_passages(texts)
        return tuple((vectors @ await self._embedder.embed_query(query)).tolist())


class Bare:
    """An ASGI application around another: its own paths are answered without the other."""

    def __init__(self, api):
        """Stand before the house."""
        self._api = api
        self._reader = ExtractiveReader()
        self.spans = None

    async def __call__(self, scope, receive, send):
        """Answer /bare and /bare/reading, hand on everything else."""
        if scope["type"] != "http" or not scope["path"].startswith("/bare"):
            return await self._api(scope, receive, send)
        body = await receive()
        question = orjson.loads(body["body"])["message"]
        stores = self._api.state.parts.stores
        vector = await stores.embedder.embed_query(question)
        top_k = (STANDARD if scope["path"] == "/bare/standard" else QUICK).search_top_k
        found = await stores.index.search(LOCAL, SearchQuery(question, vector, top_k=top_k))
        texts = [hit.passage.text for hit in found.hits]
        if scope["path"] == "/bare/reading":
            asked = ReadRequest(LOCAL, question, found.hits, Direct(stores.embedder), found.term_weights, "quick")
            texts = [claim.text for claim in (await self._reader.read(asked)).claims] + texts
        if scope["path"] == "/bare/standard":
            texts = [await self._pointed(question, found.hits[: READ_PASSAGES["standard"]]), *texts]
        await self._stream(texts[:FRAMES], send)

    async def _pointed(self, question, hits):
        """The words that the small reader points at in the best of some passages."""
        read = zip(hits, await self.spans.spans(question, [text_of(hit) for hit in hits]), strict=True)
        hit, spans = max(read, key=lambda pair: pair[1].score)
        return hit.passage.text[spans.best[0].start : spans.best[0].end]

    async def _stream(self, texts, send):
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        for number, text in enumerate(texts, 1):
            data = orjson.dumps({"seq": number, "type": "answer.delta", "text": text})
            frame = b"id: %d\nevent: answer.delta\ndata: %b\n\n" % (number, data)
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def serve(server, bare, listening, settings):
    """Serve with the small reader open; its file is loaded once for both."""
    async with open_span_reader(settings) as bare.spans:
        await server.serve([listening])


def main(home):
    """Serve until a signal."""
    settings = Settings(home=home, port=0, max_runs=256)
    listening = bind(settings)
    assert listening.getsockopt(1, 7) >= SNDBUF
    api = create_app(settings, url=url_of(settings, listening))
    bare = Bare(api)
    config = config_of(settings, bare)
    server = Server(config, api, lambda: print(listening.getsockname()[1], flush=True))
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve(server, bare, listening, settings))
    listening.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
