"""`tf.summary`: cornu writes no event files; what to use in its place is said."""

from __future__ import annotations

from typing import Any

from cornu.compat.tensorflow.calls import missing

_FIX = "Print the values, or write them with the CSVLogger callback; tensorboardX writes event files."


def __getattr__(name: str) -> Any:
    raise missing("summary", name, (), _FIX)
