"""Penalties of old eras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from cornu import regularizers
from cornu.errors import explain
from cornu.registry import register
from cornu.regularizers import L1L2, Regularizer
from cornu.signature import nonnegative
from cornu.symbolic import as_array

WeightRegularizer = ActivityRegularizer = L1L2Regularizer = L1L2
"""Keras 1's names of one class."""


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras 1's name of the argument
    """l * sum |x|

    >>> float(l1(0.5)([1.0, -3.0]))
    2.0
    """
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741
    """l * sum x²

    >>> float(l2(0.5)([1.0, -3.0]))
    5.0
    """
    return L1L2(l2=l)


def l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """l1 * sum |x| + l2 * sum x²

    >>> float(l1l2(0.5, 0.5)([1.0, -3.0]))
    7.0
    """
    return L1L2(l1, l2)


activity_l1, activity_l2, activity_l1l2 = l1, l2, l1l2


@register("regularizer")
class EigenvalueRegularizer(Regularizer):
    """k times the largest singular value of a matrix: k * sqrt(largest eigenvalue of xᵀx)

    It is found by nine steps of the power method from a vector of ones. ValueError for a tensor that is no matrix.

    >>> round(float(EigenvalueRegularizer(0.5)([[3.0, 0.0], [0.0, 1.0]])), 4)
    1.5
    """

    domains = {"k": nonnegative}

    def __init__(self, k: float) -> None:
        self.k = float(k)

    def __call__(self, x: Any) -> Any:
        """The penalty, in the dtype of x."""
        x = jnp.asarray(as_array(x))
        if x.ndim != 2:
            raise ValueError(
                explain("EigenvalueRegularizer takes matrices.", expected="2 axes", got=f"shape {x.shape}")
            )
        covariance = x.T @ x
        vector = jnp.ones_like(covariance[0])
        for _ in range(9):
            vector = covariance @ vector
            vector = vector / jnp.linalg.norm(vector)  # its length doesn't matter, and powers of it soon overflow
        return self.k * jnp.sqrt(vector @ covariance @ vector)


@register("regularizer")
class SumOverBatch(Regularizer):
    """A penalty on a layer's output that is summed over the batch, as Keras 1 and 2 did.

    Keras 0.x, tf.keras and Keras 3, and so the layers of cornu, take its mean over the samples.

    Args:
        regularizer: a regularizer, or what stands for one.

    >>> float(SumOverBatch(L1L2(l1=0.5))(jnp.ones((3, 2))))
    9.0
    """

    def __init__(self, regularizer: Any) -> None:
        self.regularizer = regularizers.get(regularizer)

    def __call__(self, x: Any) -> Any:
        """The penalty times the number of samples, by which the layer divides it."""
        x = as_array(x)
        return self.regularizer(x) * (x.shape[0] if x.ndim else 1)


def activity(identifier: Any) -> Any:
    """The activity regularizer that an argument stands for in Keras 1 and 2: summed over the batch.

    >>> activity(None) is None, activity("l2").regularizer.l2
    (True, 0.01)
    """
    if identifier is None or isinstance(identifier, SumOverBatch):
        return identifier
    return SumOverBatch(identifier)


NAMES: dict[str, Callable[[], L1L2]] = {
    "l1": l1,
    "l2": l2,
    "l1l2": l1l2,
    "activity_l1": l1,
    "activity_l2": l2,
    "activity_l1l2": l1l2,
}
"""What a layer's regularizer argument names in Keras 1."""


def get(identifier: Any) -> Any:
    """The regularizer that an argument stands for in Keras 1: a name, a config, also a bare one, or the object itself.

    >>> get("l1l2").l1, get({"l2": 0.5}).l2
    (0.01, 0.5)
    """
    if isinstance(identifier, dict) and {"l1", "l2"} & set(identifier) and set(identifier) <= {"l1", "l2", "name"}:
        return L1L2(identifier.get("l1", 0.0), identifier.get("l2", 0.0))
    if isinstance(identifier, str) and identifier in NAMES:
        return NAMES[identifier]()
    return regularizers.get(identifier)
