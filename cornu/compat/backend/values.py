"""What the parts of the backend share about values."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cornu import config, dtypes, ops
from cornu.symbolic import KerasTensor
from cornu.variables import Variable


def is_symbolic(x: Any) -> bool:
    """Whether a value is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def is_tensor(x: Any) -> bool:
    """Whether a value is something that the backend computes with: an array of JAX, a variable, a symbolic tensor."""
    return isinstance(x, (KerasTensor, Variable)) or ops.is_tensor(x)


def rank(x: Any) -> int:
    """The number of axes."""
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


def array_dtype(dtype: Any) -> np.dtype:
    """The dtype in which an array of a named dtype is kept: 64 bits only where JAX's switch for them is on."""
    return jax.dtypes.canonicalize_dtype(dtypes.numpy_dtype(dtypes.standardize(dtype)))


def floating(x: Any) -> Any:
    """A tensor of real numbers: booleans become `floatx()`; other dtypes stay."""
    return ops.cast(x, config.floatx()) if hasattr(x, "dtype") and dtypes.standardize(x.dtype) == "bool" else x
