"""`tf.autograph`: Python code isn't rewritten here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cornu.compat.tensorflow.calls import missing


def do_not_convert(func: Any = None) -> Any:
    """The function itself."""
    return (lambda f: f) if func is None else func


experimental = SimpleNamespace(do_not_convert=do_not_convert, Feature=None, set_loop_options=lambda **options: None)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Nothing: there is nothing to say."""


def __getattr__(name: str) -> Any:
    raise missing("autograph", name, globals())
