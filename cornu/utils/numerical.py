"""Labels as one-hot vectors, and vectors of length one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu.errors import explain


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """One-hot vectors of class numbers: y[..., k] = 1 where x[...] = k, else 0.

    Args:
        x: class numbers, integers from 0, of any shape; a last axis of size 1 is dropped.
        num_classes: how many classes there are; None means max(x) + 1.

    Returns:
        float64 of shape (..., num_classes) in NumPy; for a JAX array, which needs `num_classes`, float32 in JAX.

    Raises ValueError for labels that are no integers, or not in [0, num_classes). Difference from Keras, which cuts
    fractions off and takes -1 for the last class.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    if isinstance(x, jax.Array):
        return jax.nn.one_hot(x[..., 0] if x.ndim > 1 and x.shape[-1] == 1 else x, _needed(num_classes))
    given = np.asarray(x)
    labels = given[..., 0] if given.ndim > 1 and given.shape[-1] == 1 else given
    with np.errstate(invalid="ignore"):  # of NaN; it fails the next comparison
        whole = labels.astype("int64")
    count = num_classes or (int(whole.max()) + 1 if whole.size else 0)
    if not np.array_equal(whole, labels) or (whole.size and not 0 <= whole.min() <= whole.max() < count):
        raise ValueError(
            explain(
                "to_categorical: argument `x` holds labels that are no classes.",
                expected=f"integers from 0 to {count - 1}",
                got=f"values from {labels.min()} to {labels.max()}, {labels.dtype}",
                fix="Number the classes from 0, and give `num_classes` if the highest one may be absent.",
            )
        )
    return np.eye(count)[whole]


def _needed(num_classes: int | None) -> int:
    if not num_classes:
        raise ValueError(
            explain("to_categorical: argument `num_classes` is missing.", expected="it, where `x` is a JAX array")
        )
    return num_classes


def normalize(x: Any, axis: int | None = -1, order: float = 2) -> Any:
    """x / ||x||: vectors along `axis`, divided by their norm; those of norm 0 stay as they are.

    Args:
        x: an array; a JAX array gives a JAX array, anything else a NumPy array.
        axis: along which the vectors lie; None takes the whole for one vector.
        order: of the norm: 2 is Euclid's, 1 the sum of magnitudes, `numpy.inf` the greatest one.

    Difference from Keras: `axis=0` means the first axis for NumPy arrays, too.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    numpy = jnp if isinstance(x, jax.Array) else np
    x = numpy.asarray(x)
    norm = numpy.linalg.norm(x.ravel() if axis is None else x, order, axis, keepdims=axis is not None)
    return x / numpy.where(norm == 0, 1, norm)
