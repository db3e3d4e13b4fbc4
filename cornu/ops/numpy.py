"""Keras's `keras.ops.numpy`: the operations that NumPy has, too, under the same names."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from cornu import ops

    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(ops, name)
