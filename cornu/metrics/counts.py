"""Counts of true and false, positives and negatives, at many thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.losses.tensors import array, match_ranks, require_same_shape, weights_for
from cornu.metrics.metric import masked_weight


class Counts(NamedTuple):
    """Weighted counts, of shape (thresholds,), or (thresholds, labels) where labels are kept apart."""

    true_positives: jax.Array
    false_positives: jax.Array
    true_negatives: jax.Array
    false_negatives: jax.Array


def even_thresholds(number: int) -> list[float]:
    """Thresholds from 0 to 1 at equal distances; a single one is 0.5."""
    return [0.5] if number == 1 else [i / (number - 1) for i in range(number)]


def are_even(thresholds: Sequence[float]) -> bool:
    """Whether thresholds lie at equal distances from 0 to 1, so that a prediction's place is its value times their
    number, up to rounding; the ends may lie an epsilon further out.
    """
    number = len(thresholds)
    if number < 3:
        return False
    return np.allclose(np.clip(thresholds, 0, 1), even_thresholds(number), atol=config.epsilon())


def count(
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    dtype: Any,
    sample_weight: Any = None,
    *,
    apart: bool = False,
    label_weights: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    name: str,
) -> Counts:
    """The counts at thresholds; positive is what lies above one.

    `apart` keeps the labels of the last axis apart, `label_weights` weighs them, `top_k` makes all but the k largest of
    it negative, `class_id` takes one of it. Raises ValueError where the shapes of targets and predictions differ.
    """
    weights = masked_weight(y_pred, sample_weight, dtype)
    y_pred, y_true = match_ranks(array(y_pred, dtype), array(y_true))
    require_same_shape(name, y_true, y_pred)
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = _one_class(y_true, y_pred, class_id, name)
    weights = jnp.ones((), dtype) if weights is None else _weights(y_pred, weights)
    weights = weights if label_weights is None else weights * jnp.asarray(label_weights, dtype)
    weights = jnp.broadcast_to(weights, y_pred.shape)
    columns = y_pred.shape[-1] if apart else 1
    y_true, y_pred, weights = (x.reshape(-1, columns) for x in (y_true != 0, y_pred, weights))
    both = jnp.stack([jnp.where(y_true, weights, 0), jnp.where(y_true, 0, weights)], -1)
    above = _above_even(y_pred, both, thresholds) if are_even(thresholds) else _above(y_pred, both, thresholds)
    below = jnp.sum(both, 0) - above
    found = [above[..., 0], above[..., 1], below[..., 1], below[..., 0]]
    return Counts(*(found if apart else [x[:, 0] for x in found]))


def _weights(y_pred: jax.Array, weights: jax.Array) -> jax.Array:
    if y_pred.ndim == weights.ndim + 1:
        weights = weights[..., None]
    return weights_for(y_pred, weights, "sample_weight")[1]


def _only_top(y_pred: jax.Array, k: int) -> jax.Array:
    """Predictions in which all but the k largest of the last axis lie below every threshold."""
    _, places = jax.lax.top_k(y_pred, k)
    top = jnp.any(places[..., None] == jnp.arange(y_pred.shape[-1]), -2)
    return jnp.where(top, y_pred, NEVER)


NEVER = -1e10
"""Below every prediction: the threshold that `top_k` alone decides at."""


def _one_class(y_true: jax.Array, y_pred: jax.Array, class_id: int, name: str) -> tuple[jax.Array, jax.Array]:
    if y_pred.ndim == 1 or not -y_pred.shape[-1] <= class_id < y_pred.shape[-1]:
        raise ValueError(
            explain(
                f"{name}: argument `class_id` doesn't fit.",
                expected="predictions of shape (samples, classes), and one of the classes",
                got=f"class_id {class_id}, y_pred {y_pred.shape}",
            )
        )
    return y_true[..., class_id, None], y_pred[..., class_id, None]


def _above(y_pred: jax.Array, weights: jax.Array, thresholds: Sequence[float]) -> jax.Array:
    """The weights (samples, labels, 2) of predictions above each threshold, added up: (thresholds, labels, 2)."""
    limits = jnp.asarray(thresholds, y_pred.dtype)[:, None, None]
    return jnp.sum(jnp.where((y_pred > limits)[..., None], weights, 0), 1)


def _above_even(y_pred: jax.Array, weights: jax.Array, thresholds: Sequence[float]) -> jax.Array:
    """`_above` for thresholds at equal distances: a histogram, in memory that doesn't grow with their number."""
    number, columns = len(thresholds), y_pred.shape[1]
    below = jnp.ceil(jnp.clip(y_pred, 0, 1) * (number - 1)).astype("int32")  # the number of thresholds below
    if thresholds[0] < 0 or thresholds[-1] > 1:
        below = jnp.maximum(below, 1)
    place = (below * columns + jnp.arange(columns)).reshape(-1)
    histogram = jnp.zeros((number * columns, 2), weights.dtype).at[place].add(weights.reshape(-1, 2))
    from_here = jax.lax.cumsum(histogram.reshape(number, columns, 2), axis=0, reverse=True)
    return jnp.concatenate([from_here[1:], jnp.zeros_like(from_here[:1])])
