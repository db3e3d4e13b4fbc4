"""Sums and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import registry, tags
from cornu.losses.loss import check_pair, fold_mask, ratio, wrapped_config
from cornu.losses.tensors import array, match_ranks, weights_for
from cornu.metrics.metric import Metric, masked_weight, widened
from cornu.registry import register
from cornu.variables import Variable


def per_sample(values: Any, weights: Any, dtype: Any, merge: Callable) -> tuple[jax.Array, jax.Array | None]:
    """Weighted values, and weights, one for each sample: what belongs to a sample is merged by sum or mean."""
    weights = fold_mask(weights, tags.get_mask(values), dtype)
    values = array(values, dtype)
    if weights is not None:
        values, weights = match_ranks(values, weights)
        if values.ndim > weights.ndim:
            values = merge(values, axis=tuple(range(weights.ndim, values.ndim)))
        values, weights = weights_for(values, weights, "sample_weight")
        weights = jnp.broadcast_to(weights, values.shape)
        values = values * weights
        weights = merge(weights, axis=tuple(range(1, weights.ndim))) if weights.ndim > 1 else weights
    return (merge(values, axis=tuple(range(1, values.ndim))) if values.ndim > 1 else values), weights


@register("metric")
class Sum(Metric):
    """The sum of weighted values.

    >>> metric = Sum(); metric.update_state([1.0, 3.0]); metric.update_state([5.0], sample_weight=2.0)
    >>> float(metric.result())
    14.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values."""
        self.total.assign_add(jnp.sum(per_sample(values, sample_weight, self.dtype, jnp.sum)[0]))

    def result(self) -> jax.Array:
        """The sum."""
        return self.total.value


@register("metric")
class Mean(Metric):
    """sum w v / sum w, over all batches; v is a sample's mean value, w its weight.

    Weights have the shape of the values, or of their first axes. Difference from Keras: a mask beside the values counts
    where no weights are given, too.

    >>> metric = Mean(); metric.update_state([1.0, 3.0]); metric.update_state([5.0], sample_weight=2.0)
    >>> float(metric.result())
    3.5
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total: Variable = self.add_variable((), "zeros", self.dtype, name="total")
        self.count: Variable = self.add_variable((), "zeros", self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Takes values in."""
        values, weights = per_sample(values, sample_weight, self.dtype, jnp.mean)
        count = jnp.sum(weights) if weights is not None else jnp.asarray(values.size, self.dtype)
        self.total.assign_add(jnp.sum(values))
        self.count.assign_add(count)

    def result(self) -> jax.Array:
        """The mean; 0 before the first batch."""
        return ratio(self.total.value, self.count.value)


@register("metric")
class MeanMetricWrapper(Mean):
    """The mean of a function's values `fn(y_true, y_pred, **kwargs)`, one per sample.

    Args:
        fn: a function, a loss, or the name of one of cornu's loss functions.
        name, dtype: as in `Metric`.
        **kwargs: further arguments of the function.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="distance")
    >>> metric.update_state(jnp.array([1.0, 2.0]), jnp.array([1.0, 4.0])); float(metric.result())
    1.0
    """

    def __init__(self, fn: Any, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name, dtype)
        self.fn, self._arguments = registry.resolve("loss", fn), tuple(kwargs)
        vars(self).update(kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true, y_pred = array(y_true), widened(y_pred, self.dtype)
        check_pair(self.fn, y_true, y_pred)
        values = self.fn(y_true, y_pred, **{name: getattr(self, name) for name in self._arguments})
        super().update_state(values, masked_weight(y_pred, sample_weight, self.dtype))

    def _base_config(self) -> dict:
        return wrapped_config(self, self.fn)
