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
_default_training: list[bool | None] = [None]


def default_training() -> bool | None:
    """Whether calls train of which nobody says it; None: what each layer's `call` says."""
    return _default_training[0]


def set_default_training(training: bool | None) -> None:
    """Sets `default_training`, for the whole process; a layer that is put into a graph then keeps it."""
    _default_training[0] = training


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
