"""How a contract suite is made: properties as plain functions, run on adapters and on adapters spoiled on purpose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import pytest

from memory.errors import StoreError, StoreUnavailable
from tests.support.rig import IMPATIENCE_S, Rig

Check = Callable[[Rig], Awaitable[None]]


class Fault(NamedTuple):
    """Methods to spoil, and the property that must notice."""

    check: Check
    methods: Mapping[str, Callable[..., Any]]


def named(checks: list[Check]) -> list[Any]:
    return [pytest.param(check, id=check.__name__.removeprefix("check_")) for check in checks]


def faults(*pairs: tuple[Check, Mapping[str, Callable[..., Any]]]) -> list[Any]:
    return [
        pytest.param(Fault(check, methods), id=f"{check.__name__.removeprefix('check_')}-{'-'.join(methods)}")
        for check, methods in pairs
    ]


async def assert_noticed(rig: Rig, fault: Fault) -> None:
    """The property must fail on the spoiled adapter: by an assertion, a missing error, or one out of place."""
    with pytest.raises((AssertionError, pytest.fail.Exception, StoreError, StopAsyncIteration)):
        await fault.check(rig.spoiled(**fault.methods))


async def assert_outage_is_told(rig: Rig, write: Callable[[Any], Awaitable[Any]]) -> None:
    """While the backend is out a write raises StoreUnavailable in time; afterwards it works again."""
    with rig.outage():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await write(rig.impatient)
        assert time.monotonic() - began < IMPATIENCE_S + 2
    async with asyncio.timeout(5):
        await write(rig.store)


def assert_each_has_a_fault(checks: list[Check], test: Any) -> None:
    """Every property must have an adapter that breaks it."""
    (cases,) = [mark.args[1] for mark in test.pytestmark if mark.name == "parametrize"]
    assert {case.values[0].check for case in cases} == set(checks)
