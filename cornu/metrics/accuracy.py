"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.loss import elementwise
from cornu.losses.tensors import aligned_pair, array, class_labels, match_ranks
from cornu.metrics.reduction import MeanMetricWrapper
from cornu.registry import register
from cornu.signature import boolean, positive_int
from cornu.symbolic import op


def _right(found: jax.Array) -> jax.Array:
    return found.astype(config.floatx())


@register("operation")
@elementwise
@op
def accuracy(y_true: Any, y_pred: Any) -> jax.Array:
    """1 where y_true = y_pred, else 0

    >>> accuracy([1, 2, 3], [1, 2, 0]).tolist()
    [1.0, 1.0, 0.0]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return _right(y_true == y_pred)


@register("operation")
@elementwise
@op
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> jax.Array:
    """1 where the target, 0 or 1, is the truth of y_pred > threshold, else 0

    >>> binary_accuracy([[1], [0]], [[0.6], [0.7]]).tolist()
    [[1.0], [0.0]]
    """
    y_true, y_pred = match_ranks(array(y_true), array(y_pred))
    return _right(y_true == (y_pred > threshold))


@register("operation")
@elementwise
@op
def categorical_accuracy(y_true: Any, y_pred: Any) -> jax.Array:
    """1 where the largest of the one-hot target's last axis is the largest of the prediction's, else 0

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.4, 0.6], [0.4, 0.6]]).tolist()
    [1.0, 0.0]
    """
    return _right(jnp.argmax(array(y_true), -1) == jnp.argmax(array(y_pred), -1))


@register("operation")
@op
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> jax.Array:
    """1 where the label is the place of the prediction's largest over the last axis, else 0

    The labels have the shape of y_pred without its last axis, or with size one there.

    >>> sparse_categorical_accuracy([1, 0], [[0.4, 0.6], [0.4, 0.6]]).tolist()
    [1.0, 0.0]
    """
    y_pred = array(y_pred)
    return _right(class_labels("sparse_categorical_accuracy", array(y_true), y_pred) == jnp.argmax(y_pred, -1))


def _in_top(labels: jax.Array, y_pred: jax.Array, k: int) -> jax.Array:
    """Whether fewer than k predictions are larger than the label's own."""
    own = jnp.take_along_axis(y_pred, labels[..., None], -1)
    own = jnp.where(jnp.isnan(own), -jnp.inf, own)
    return _right(jnp.sum(y_pred > own, -1) < k)


@register("operation")
@elementwise
@op
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> jax.Array:
    """1 where the one-hot target's class is among the k largest predictions of the last axis, else 0

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.1, 0.4]], k=2).tolist()
    [1.0]
    """
    return _in_top(jnp.argmax(array(y_true), -1), array(y_pred), k)


@register("operation")
@op
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> jax.Array:
    """1 where the label is among the k largest predictions of the last axis, else 0

    With `from_sorted_ids`, y_pred holds class numbers, the most probable first, in place of probabilities.

    >>> sparse_top_k_categorical_accuracy([2], [[0.5, 0.1, 0.4]], k=2).tolist()
    [1.0]
    """
    y_pred = array(y_pred)
    labels = class_labels("sparse_top_k_categorical_accuracy", array(y_true), y_pred)
    if from_sorted_ids:
        return _right(jnp.any(labels[..., None] == y_pred[..., :k], -1))
    return _in_top(labels.astype("int32"), y_pred, k)


@register("metric")
class Accuracy(MeanMetricWrapper):
    """The share of equal elements; `accuracy` says how it is counted.

    >>> float(Accuracy()([1, 2, 3, 4], [1, 2, 3, 0]))
    0.75
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@register("metric")
class BinaryAccuracy(MeanMetricWrapper):
    """The share of right decisions; `binary_accuracy` says how it is counted.

    >>> float(BinaryAccuracy()([1, 0, 0], [0.6, 0.7, 0.2]))
    0.666...
    """

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@register("metric")
class CategoricalAccuracy(MeanMetricWrapper):
    """The share of right classes, with one-hot targets; `categorical_accuracy` says how it is counted.

    >>> float(CategoricalAccuracy()([[0, 1], [1, 0]], [[0.4, 0.6], [0.4, 0.6]]))
    0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@register("metric")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of right classes, with integer labels; `sparse_categorical_accuracy` says how it is counted.

    >>> float(SparseCategoricalAccuracy()([1, 0], [[0.4, 0.6], [0.4, 0.6]]))
    0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@register("metric")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of classes among the k most probable; `top_k_categorical_accuracy` says how it is counted.

    >>> float(TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.4, 0.6], [0.4, 0.6]]))
    0.5
    """

    domains = {"k": positive_int}

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@register("metric")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of labels among the k most probable; `sparse_top_k_categorical_accuracy` says how it is counted.

    >>> float(SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.4, 0.6], [0.4, 0.6]]))
    0.5
    """

    domains = {"k": positive_int, "from_sorted_ids": boolean}

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
