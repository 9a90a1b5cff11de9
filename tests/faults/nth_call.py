"""Makes the n-th call of one method of one port fail, once, and counts the calls that could have."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from typing import Any, Literal

import memory.ports
from memory.errors import ModelUnavailable, StoreUnavailable
from memory.records import SYSTEM
from memory.stores import Stores

Kind = Literal["refused", "lost", "cancelled"]
"""refused: nothing is done. lost: all is done, and the answer is lost on the way. cancelled: whoever calls is."""
SAVER = ("aget_tuple", "aput", "aput_writes", "adelete_thread")
"""The checkpointer is wrapped in place: LangGraph asks for its type."""


@dataclass
class Saboteur:
    """Stands in every port. target: the method that is to fail, as `port.method`; n: at which call, from 1."""

    kind: Kind = "refused"
    target: str = ""
    n: int = 0
    calls: Counter[str] = field(default_factory=Counter[str])
    awake: bool = False

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Count, and let fail what is to fail, in this block only."""
        self.awake = True
        try:
            yield
        finally:
            self.awake = False

    @property
    def has_struck(self) -> bool:
        """Whether the call that is to fail was made."""
        return self.calls[self.target] >= self.n > 0

    def aim(self, kind: Kind = "refused", target: str = "", n: int = 0) -> None:
        """Forget what was counted, and let another call fail; no target, none."""
        self.kind, self.target, self.n = kind, target, n
        self.calls = Counter()

    def wrap(self, stores: Stores) -> Stores:
        """Stand in every port; what a process does for itself (the system's scope) is left alone."""
        for name in SAVER:
            method = getattr(stores.checkpointer, name)
            setattr(stores.checkpointer, name, self.around(method, f"checkpointer.{name}"))
        ports = {each.name: getattr(stores, each.name) for each in fields(stores) if each.type in dir(memory.ports)}
        return replace(stores, **{name: _Wrapped(port, name, self) for name, port in ports.items()})

    def around(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(method)
        async def called(*args: Any, **options: Any) -> Any:
            if not self.awake or (args and args[0] is SYSTEM):
                return await method(*args, **options)
            self.calls[name] += 1
            if name != self.target or self.calls[name] != self.n:
                return await method(*args, **options)
            return await self._strike(lambda: method(*args, **options), name)

        return called

    async def _strike(self, work: Callable[[], Any], name: str) -> None:
        if self.kind == "lost":
            await work()
        if self.kind == "cancelled":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        error = ModelUnavailable if name.startswith("embedder.") else StoreUnavailable
        raise error(f"{name} was made to fail")


class _Wrapped:
    """One port with the saboteur before each of its coroutines."""

    def __init__(self, port: Any, name: str, saboteur: Saboteur) -> None:
        self._port = port
        self._name = name
        self._saboteur = saboteur

    def __getattr__(self, attribute: str) -> Any:
        member = getattr(self._port, attribute)
        if not inspect.iscoroutinefunction(member):
            return member
        return self._saboteur.around(member, f"{self._name}.{attribute}")
