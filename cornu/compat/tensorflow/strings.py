"""`tf.strings`: the few that are plain Python, on strings and arrays of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu.compat.tensorflow.calls import kind, missing, served


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _each(function: Callable) -> Callable:
    """A function of one string as one of arrays of strings, too."""

    def call(value: Any, *args: Any) -> Any:
        if isinstance(value, (str, bytes)):
            return function(_text(value), *args)
        found = np.vectorize(lambda v: function(_text(v), *args), otypes=[object])(np.asarray(value, dtype=object))
        return found.item() if np.ndim(found) == 0 else found

    return call


def _to_number(input: Any, out_type: Any = "float32") -> Any:
    name = kind(out_type) or "float32"
    return jnp.asarray(np.asarray(_each(float)(input), "float64").astype(dtypes.numpy_dtype(name)))


STRINGS = served(
    {
        "as_string": lambda input: _each(str)(np.asarray(input)),
        "join": lambda inputs, separator="": separator.join(_text(v) for v in inputs),
        "length": lambda input: _each(lambda s: len(s.encode()))(input),
        "lower": lambda input: _each(str.lower)(input),
        "upper": lambda input: _each(str.upper)(input),
        "strip": lambda input: _each(str.strip)(input),
        "split": lambda input, sep=None, maxsplit=-1: np.array(_text(input).split(sep or None, maxsplit), dtype=object),
        "substr": lambda input, pos, len: _each(lambda s: s[pos : pos + len])(input),
        "regex_replace": lambda input, pattern, rewrite, replace_global=True: _each(
            lambda s: re.sub(pattern, rewrite, s, count=0 if replace_global else 1)
        )(input),
        "regex_full_match": lambda input, pattern: _each(lambda s: re.fullmatch(pattern, s) is not None)(input),
        "to_number": _to_number,
    }
)
globals().update(STRINGS)


def __getattr__(name: str) -> Any:
    raise missing("strings", name, STRINGS)
