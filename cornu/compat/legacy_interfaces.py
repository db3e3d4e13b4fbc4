"""`keras.legacy.interfaces`: Keras 2's own way to take Keras 1's arguments. Here the launcher translates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def __getattr__(name: str) -> Any:
    if not name.startswith(
        ("legacy_", "generate_legacy", "recurrent_args", "raise_duplicate", "convlstm", "add_weight")
    ):
        raise AttributeError(name)
    if name.startswith("generate"):
        return lambda *args, **kwargs: _unchanged
    return _unchanged


def _unchanged(function: Callable) -> Callable:
    return function
