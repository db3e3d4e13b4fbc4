"""Losses of the largest margin: for support vector machines, with targets -1 and 1."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair
from cornu.registry import register
from cornu.symbolic import op


def _signs(y_true: jax.Array) -> jax.Array:
    """Targets that are all 0 or 1 as -1 and 1; others as they are."""
    binary = jnp.all((y_true == 0) | (y_true == 1))
    return jnp.where(binary, 2 * y_true - 1, y_true)


@register("loss")
@elementwise
@op
def hinge(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of max(1 - t p, 0)

    Targets t are -1 or 1; where all of a batch are 0 or 1, they are taken as -1 or 1. The result has the shape of
    y_pred without its last axis.

    >>> hinge([[-1.0, 1.0]], [[0.5, 0.5]]).tolist()
    [1.0]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.maximum(1 - _signs(y_true) * y_pred, 0), -1)


@register("loss")
@elementwise
@op
def squared_hinge(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of max(1 - t p, 0)^2, with targets t as in `hinge`

    >>> squared_hinge([[-1.0, 1.0]], [[0.5, 0.5]]).tolist()
    [1.25]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.square(jnp.maximum(1 - _signs(y_true) * y_pred, 0)), -1)


@register("loss")
@elementwise
@op
def categorical_hinge(y_true: Any, y_pred: Any) -> jax.Array:
    """max(n - p + 1, 0), with p = sum t y and n = max (1 - t) y over the last axis

    The targets t are one-hot: p is the score of the true class, n the largest of the others.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.75]]).tolist()
    [0.75]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    positive = jnp.sum(y_true * y_pred, -1)
    negative = jnp.max((1 - y_true) * y_pred, -1)
    return jnp.maximum(negative - positive + 1, 0)


@register("loss")
class Hinge(FunctionLoss):
    """`hinge`, reduced as `Loss` says.

    >>> float(Hinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


@register("loss")
class SquaredHinge(FunctionLoss):
    """`squared_hinge`, reduced as `Loss` says.

    >>> float(SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
    1.25
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@register("loss")
class CategoricalHinge(FunctionLoss):
    """`categorical_hinge`, reduced as `Loss` says.

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
