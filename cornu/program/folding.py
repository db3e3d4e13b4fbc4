"""What primitives give for constants: those whose results are the same bits on every engine.

Integers, bits, comparisons, the moving of elements, and the operations that IEEE 754 rounds correctly. Functions such
as `exp`, whose last bit is each engine's own, are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cornu.program.shapes import ones_around

Array = np.ndarray


def _iota(*, dtype: Any, shape: Sequence[int]) -> Array:
    return np.arange(shape[0]).astype(dtype)


def broadcast(x: Any, *, shape: Sequence[int], broadcast_dimensions: Sequence[int]) -> Array:
    """`broadcast_in_dim`, as a view."""
    return np.broadcast_to(np.reshape(x, ones_around(np.shape(x), len(shape), broadcast_dimensions)), shape)


def _convert(x: Any, *, new_dtype: Any) -> Any:
    """Floats do not become integers here: they would have to saturate."""
    if x.dtype.kind not in "iub" and np.dtype(new_dtype).kind in "iu":
        return NotImplemented
    return x.astype(new_dtype) if new_dtype != np.bool_ else x != np.zeros((), x.dtype)


def _div(x: Any, y: Any) -> Any:
    return NotImplemented if x.dtype.kind in "iu" else np.divide(x, y)


def _slice(x: Any, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Sequence[int]) -> Array:
    return x[tuple(map(slice, start_indices, limit_indices, strides))]


RULES: dict[str, Callable] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _div,
    "neg": np.negative,
    "abs": np.abs,
    "max": np.maximum,
    "min": np.minimum,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "select_n": lambda which, x, y: np.where(which, y, x),
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "shift_left": np.left_shift,
    "shift_right_logical": np.right_shift,
    "convert_element_type": _convert,
    "iota": _iota,
    "broadcast_in_dim": broadcast,
    "reshape": lambda x, *, new_sizes: np.reshape(x, new_sizes),
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
    "rev": lambda x, *, dimensions: np.flip(x, dimensions),
    "concatenate": lambda *operands, dimension: np.concatenate(operands, axis=dimension),
    "slice": _slice,
}
"""A rule gives NotImplemented where the result is not the same everywhere."""
