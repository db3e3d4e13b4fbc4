"""The losses of Keras 1 and 2, computed from probabilities.

Probabilities are clipped to [1e-7, 1 - 1e-7] before the logarithm, so that a loss is 16.1 at most and a prediction
that is wrong beyond the clip gets no gradient. What lies beside the predictions, the input of their softmax or sigmoid,
isn't looked at. tf.keras computed from the logits, as cornu's own losses do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, losses
from cornu.compat import dialect
from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair, array, class_labels, pair
from cornu.symbolic import op


def clipped(probabilities: jax.Array) -> jax.Array:
    """Probabilities within [epsilon, 1 - epsilon]; epsilon is `cornu.config.epsilon()`, 1e-7."""
    return jnp.clip(probabilities, config.epsilon(), 1 - config.epsilon())


def _normalized(probabilities: jax.Array) -> jax.Array:
    return probabilities / jnp.sum(probabilities, -1, keepdims=True)


@elementwise
@op
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> jax.Array:
    """-sum over the classes of t log clip(p / sum p)

    >>> categorical_crossentropy([[0, 1]], [[1.0, 0.0]]).round(3).tolist()
    [16.118000030517578]
    """
    if from_logits:
        return losses.categorical_crossentropy(y_true, y_pred, from_logits, label_smoothing)
    t, p = pair(y_true, y_pred)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / p.shape[-1]
    return -jnp.sum(t * jnp.log(clipped(_normalized(p))), -1)


@op
def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> jax.Array:
    """-log of q[t], the class t's share of q = clip(p) / sum clip(p)

    >>> sparse_categorical_crossentropy([1], [[1.0, 0.0]]).round(3).tolist()
    [16.118000030517578]
    """
    if from_logits:
        return losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits)
    p = array(y_pred)
    labels = class_labels("sparse_categorical_crossentropy", array(y_true), p, -1).astype("int32")
    chosen = jax.nn.one_hot(labels, p.shape[-1], dtype=p.dtype)
    return -jnp.sum(chosen * jnp.log(_normalized(clipped(p))), -1)


@elementwise
@op
def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> jax.Array:
    """mean over the last axis of -(t log clip(p) + (1 - t) log(1 - clip(p)))

    >>> binary_crossentropy([[1.0]], [[0.5]]).round(3).tolist()
    [0.6930000185966492]
    """
    if from_logits:
        return losses.binary_crossentropy(y_true, y_pred, from_logits, label_smoothing)
    t, p = aligned_pair(y_true, y_pred)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / 2
    p = clipped(p)
    return -jnp.mean(t * jnp.log(p) + (1 - t) * jnp.log1p(-p), -1)


@elementwise
@op
def hinge(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of max(1 - t p, 0); t is -1 or 1, and labels 0 are not turned into -1

    >>> hinge([[-1.0, 1.0]], [[0.5, 2.0]]).tolist()
    [0.75]
    """
    t, p = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.maximum(1 - t * p, 0), -1)


@elementwise
@op
def squared_hinge(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of max(1 - t p, 0)²; t as in `hinge`

    >>> squared_hinge([[-1.0, 1.0]], [[0.5, 2.0]]).tolist()
    [1.125]
    """
    t, p = aligned_pair(y_true, y_pred)
    return jnp.mean(jnp.square(jnp.maximum(1 - t * p, 0)), -1)


def _cosines(y_true: Any, y_pred: Any) -> jax.Array:
    """The products whose sum over the last axis is the cosine."""
    t, p = aligned_pair(y_true, y_pred)
    square = [jnp.maximum(jnp.sum(jnp.square(x), -1, keepdims=True), 1e-12) for x in (t, p)]
    return t * p * jax.lax.rsqrt(square[0]) * jax.lax.rsqrt(square[1])


@elementwise
@op
def cosine_proximity(y_true: Any, y_pred: Any) -> jax.Array:
    """-cos of the angle between t and p; in programs of Keras 1 divided by the length of the axis

    >>> cosine_proximity([[1.0, 0.0]], [[2.0, 0.0]]).tolist()
    [-1.0]
    """
    total = jnp.mean if dialect.current().before("keras2") else jnp.sum
    return -total(_cosines(y_true, y_pred), -1)


class CategoricalCrossentropy(FunctionLoss):
    """`categorical_crossentropy` of this module, reduced as `cornu.losses.Loss` says."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **arguments)


class SparseCategoricalCrossentropy(FunctionLoss):
    """`sparse_categorical_crossentropy` of this module, reduced as `cornu.losses.Loss` says."""

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, from_logits=from_logits)


class BinaryCrossentropy(FunctionLoss):
    """`binary_crossentropy` of this module, reduced as `cornu.losses.Loss` says."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(binary_crossentropy, reduction, name, dtype, **arguments)


mean_squared_error = losses.mean_squared_error
mean_absolute_error = losses.mean_absolute_error
mean_absolute_percentage_error = losses.mean_absolute_percentage_error
mean_squared_logarithmic_error = losses.mean_squared_logarithmic_error
kullback_leibler_divergence = losses.kl_divergence
poisson = losses.poisson
logcosh = losses.log_cosh
categorical_hinge = losses.categorical_hinge

FUNCTIONS: dict[str, Callable] = {
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
    "hinge": hinge,
    "squared_hinge": squared_hinge,
    "categorical_hinge": categorical_hinge,
    "kullback_leibler_divergence": kullback_leibler_divergence,
    "kld": kullback_leibler_divergence,
    "KLD": kullback_leibler_divergence,
    "poisson": poisson,
    "logcosh": logcosh,
    "mean_squared_error": mean_squared_error,
    "mse": mean_squared_error,
    "MSE": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mae": mean_absolute_error,
    "MAE": mean_absolute_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "mape": mean_absolute_percentage_error,
    "MAPE": mean_absolute_percentage_error,
    "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
    "msle": mean_squared_logarithmic_error,
    "MSLE": mean_squared_logarithmic_error,
    "cosine_proximity": cosine_proximity,
    "cosine": cosine_proximity,
}
"""The loss functions of Keras 1 and 2, by their names and short names."""


def get(identifier: Any) -> Any:
    """The loss that an argument of `compile` stands for in Keras 1 or 2; what was new later is cornu's own.

    >>> get("categorical_crossentropy") is categorical_crossentropy, get("huber").__name__
    (True, 'huber')
    """
    if isinstance(identifier, str) and identifier in FUNCTIONS:
        return FUNCTIONS[identifier]
    return losses.get(identifier)
