"""`tf.compat`."""

from __future__ import annotations

import importlib
from typing import Any

from cornu.compat.tensorflow.calls import missing


def as_str(value: Any) -> str:
    """Text of bytes or text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def as_bytes(value: Any) -> bytes:
    """Bytes of bytes or text."""
    return value if isinstance(value, bytes) else str(value).encode()


def __getattr__(name: str) -> Any:
    if name == "v1":
        return importlib.import_module("cornu.compat.tensorflow.compat.v1")
    if name == "v2":
        return importlib.import_module("cornu.compat.tensorflow")
    raise missing("compat", name, ("v1", "v2", "as_str", "as_bytes"))
