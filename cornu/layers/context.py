"""What layers know of the call that they are part of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CallContext:
    """The outermost layer of a call, and whether it trains (None: nobody said)."""

    entry: Any
    training: bool | None


_context: ContextVar[CallContext | None] = ContextVar("call_context", default=None)


def current() -> CallContext | None:
    """The context of the call that is running, or None."""
    return _context.get()


@contextmanager
def call_context(layer: Any, training: bool | None) -> Iterator[CallContext]:
    """Within it, layers belong to the call of `layer`, or to the one that runs already."""
    outer = _context.get()
    entry = layer if outer is None else outer.entry
    inner = CallContext(entry, training)
    token = _context.set(inner)
    try:
        yield inner
    finally:
        _context.reset(token)
