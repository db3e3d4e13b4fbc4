"""Short tracebacks: an error leads from the person's own line to the line that raised it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar

import jax

from cornu import config
from cornu.errors import advice, explain, nearest

F = TypeVar("F", bound=Callable)

_HIDDEN = tuple(os.path.dirname(os.path.abspath(file)) + os.sep for file in (__file__, jax.__file__))


def shorten(error: BaseException) -> None:
    """Takes cornu's and JAX's frames out of an error's traceback, except for the one that raised it, and JAX's note.

    Nothing where `cornu.config.disable_traceback_filtering()` was called.
    """
    if not config.is_traceback_filtering_enabled():
        return
    notes: list[str] = getattr(error, "__notes__", [])
    notes[:] = [note for note in notes if "JAX_TRACEBACK_FILTERING" not in note]
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    kept = [f for f in frames[:-1] if not f.tb_frame.f_code.co_filename.startswith(_HIDDEN)] + frames[-1:]
    for frame in reversed(kept):
        traceback = TracebackType(traceback, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    error.__traceback__ = traceback


def _misfit(function: Callable, kwargs: dict[str, Any]) -> str | None:
    """The error for a keyword argument that a function doesn't have, or None."""
    parameters = inspect.signature(function).parameters
    unknown = [name for name in kwargs if name not in parameters]
    if not unknown or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return None
    owner = function.__qualname__
    known = [name for name in parameters if name != "self"]
    return explain(
        f"{owner}: unknown argument `{unknown[0]}`.{nearest(unknown[0], known)}",
        expected=", ".join(known),
        got=unknown[0],
        fix=advice(owner, unknown[0]),
    )


def boundary(function: F) -> F:
    """A function that people call: what it raises has a short traceback."""

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            shorten(error)
            misfit = _misfit(function, kwargs)
            if misfit is not None:
                raise TypeError(misfit) from None
            raise
        except Exception as error:
            shorten(error)
            raise

    return guarded  # type: ignore[return-value]
