"""`tf.strings`: the few that are plain Python, on strings and arrays of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu.compat.tensorflow.calls import kind, missing, served
from cornu.compat.tensors import Text


def _text(value: Any) -> str:
    value = value.item() if isinstance(value, np.ndarray) else value
    return value.decode() if isinstance(value, bytes) else str(value)


def _each(function: Callable) -> Callable:
    """A function of one string as one of arrays of strings, too."""

    def call(value: Any, *args: Any) -> Any:
        texts = np.asarray(value, dtype=object)
        found = [function(_text(text), *args) for text in texts.ravel().tolist()]
        if all(isinstance(one, str) for one in found):
            made = np.empty(len(found), dtype=object)
            made[:] = found
            return Text.of(made.reshape(texts.shape))
        return jnp.asarray(np.asarray(found).reshape(texts.shape))

    return call


def _to_number(input: Any, out_type: Any = "float32") -> Any:
    name = kind(out_type) or "float32"
    return _each(float)(input).astype(dtypes.numpy_dtype(name))


STRINGS = served(
    {
        "as_string": lambda input: _each(str)(np.asarray(input)),
        "join": lambda inputs, separator="": Text.of(separator.join(map(_text, inputs))),
        "length": lambda input: _each(lambda s: len(s.encode()))(input),
        "lower": lambda input: _each(str.lower)(input),
        "upper": lambda input: _each(str.upper)(input),
        "strip": lambda input: _each(str.strip)(input),
        "split": lambda input, sep=None, maxsplit=-1: Text.of(_text(input).split(sep or None, maxsplit)),
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
