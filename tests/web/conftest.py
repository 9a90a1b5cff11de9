from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.api.conftest import home, script, small_embedder  # noqa: F401 - fixtures
from tests.web.driving import CHROMIUM, Watched, open_browser


@pytest.fixture
async def browser() -> AsyncGenerator[Watched]:
    """Chromium, watched: a page that errs, breaks its policy or calls elsewhere fails its test."""
    if not CHROMIUM:
        pytest.skip("no `chromium` is installed (Debian: apt-get install chromium)")
    async with open_browser() as watched:
        yield watched
