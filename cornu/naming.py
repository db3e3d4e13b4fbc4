"""Names that number themselves, and paths: a layer's name under the names of the layers that hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_counts: Counter[str] = Counter()
_path: ContextVar[tuple[str, ...]] = ContextVar("path", default=())


def auto_name(prefix: str) -> str:
    """`prefix` the first time, then `prefix_1`, `prefix_2` ...; `reset_names()` starts again."""
    number = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{number}" if number else prefix


def reset_names() -> None:
    """Starts the numbers of automatic names again."""
    _counts.clear()


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Within it, paths begin with `name`."""
    token = _path.set((*_path.get(), name))
    try:
        yield
    finally:
        _path.reset(token)


@contextmanager
def within(name: str) -> Iterator[None]:
    """Within it, paths begin with `name`, which is added only where it isn't the innermost scope already."""
    if _path.get()[-1:] == (name,):
        yield
    else:
        with name_scope(name):
            yield


def path_of(name: str) -> str:
    """The path of a name in the present scope.

    >>> with name_scope("model"):
    ...     path_of("kernel")
    'model/kernel'
    """
    return "/".join((*_path.get(), name))
