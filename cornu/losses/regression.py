"""Losses of numbers: squared, absolute, relative, logarithmic, and of directions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair
from cornu.registry import register
from cornu.signature import nonnegative
from cornu.symbolic import op


@register("loss", "mse", "MSE")
@elementwise
@op
def mean_squared_error(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of (t - p)^2

    Targets t and predictions p are of one shape; the result is of that shape without its last axis.

    >>> mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]]).tolist()
    [2.0]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.square(y_true - y_pred), -1)


@register("loss", "mae", "MAE")
@elementwise
@op
def mean_absolute_error(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of |t - p|

    >>> mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]]).tolist()
    [1.0]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.abs(y_true - y_pred), -1)


@register("loss", "mape", "MAPE")
@elementwise
@op
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> jax.Array:
    """100 times the mean over the last axis of |t - p| / max(|t|, epsilon)

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.0, 4.0]]).tolist()
    [50.0]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return 100 * jnp.mean(jnp.abs((y_true - y_pred) / jnp.maximum(jnp.abs(y_true), config.epsilon())), -1)


@register("loss", "msle", "MSLE")
@elementwise
@op
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of (log(t + 1) - log(p + 1))^2, with t and p at least epsilon

    >>> mean_squared_logarithmic_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.240...]
    """
    logs = [jnp.log(jnp.maximum(x, config.epsilon()) + 1) for x in aligned_pair(y_true, y_pred)]
    return jnp.mean(jnp.square(logs[1] - logs[0]), -1)


@register("loss")
@elementwise
@op
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> jax.Array:
    """-sum over `axis` of t p, both of length one: -1 for equal directions, 0 for right angles, 1 for opposite ones

    Difference from Keras: the gradient at a vector of zeros is 0 and not NaN.

    >>> cosine_similarity([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [-1.0, 0.0]]).tolist()
    [-1.0, 1.0]
    """
    y_true, y_pred = (unit(x, axis) for x in aligned_pair(y_true, y_pred))
    return -jnp.sum(y_true * y_pred, axis)


def unit(x: jax.Array, axis: int) -> jax.Array:
    """x over its length, or over epsilon where that is larger; zeros, which point nowhere, get no gradient."""
    square = jnp.sum(jnp.square(x), axis, keepdims=True)
    return x * jnp.where(square == 0, 0, jax.lax.rsqrt(jnp.maximum(square, config.epsilon() ** 2)))


@register("loss")
@elementwise
@op
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> jax.Array:
    """mean over the last axis of e^2 / 2 where |e| <= delta, else of delta |e| - delta^2 / 2, with e = p - t

    Huber, 1964, "Robust Estimation of a Location Parameter".

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    error = y_pred - y_true
    size = jnp.abs(error)
    return jnp.mean(jnp.where(size <= delta, jnp.square(error) / 2, delta * size - delta**2 / 2), -1)


@register("loss", "logcosh")
@elementwise
@op
def log_cosh(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of log cosh e, with e = p - t: about e^2 / 2 for small errors, |e| - log 2 for large ones

    >>> log_cosh([[0.0, 0.0]], [[1.0, 0.0]]).tolist()
    [0.216...]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    error = y_pred - y_true
    return jnp.mean(error + jax.nn.softplus(-2 * error) - jnp.log(jnp.asarray(2, error.dtype)), -1)


@register("loss")
class MeanSquaredError(FunctionLoss):
    """`mean_squared_error`, reduced as `Loss` says.

    >>> float(MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]]))
    2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@register("loss")
class MeanAbsoluteError(FunctionLoss):
    """`mean_absolute_error`, reduced as `Loss` says.

    >>> float(MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]]))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@register("loss")
class MeanAbsolutePercentageError(FunctionLoss):
    """`mean_absolute_percentage_error`, reduced as `Loss` says.

    >>> float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 4.0]]))
    50.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@register("loss")
class MeanSquaredLogarithmicError(FunctionLoss):
    """`mean_squared_logarithmic_error`, reduced as `Loss` says.

    >>> float(MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 1.0]]))
    0.240...
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@register("loss")
class CosineSimilarity(FunctionLoss):
    """`cosine_similarity`, reduced as `Loss` says.

    >>> float(CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]]))
    -0.5
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


@register("loss")
class Huber(FunctionLoss):
    """`huber`, which says what delta means, reduced as `Loss` says.

    >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    domains = {"delta": nonnegative}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


@register("loss")
class LogCosh(FunctionLoss):
    """`log_cosh`, reduced as `Loss` says.

    >>> float(LogCosh()([[0.0, 0.0]], [[1.0, 0.0]]))
    0.216...
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
