"""F-scores: means of precision and recall."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.tensors import array, require_same_shape, weights_for
from cornu.metrics.metric import Metric, masked_weight
from cornu.metrics.regression import last_axis
from cornu.registry import register
from cornu.signature import interval, maybe, one_of, positive


@register("metric")
class FBetaScore(Metric):
    """(1 + b^2) precision recall / (b^2 precision + recall), for each class

    Args:
        average: None: one score for each class; "micro": from the counts of all classes together; "macro": the mean
            over the classes; "weighted": their mean weighted by their numbers of targets.
        beta: b, how much more recall counts than precision.
        threshold: where a class is predicted; None: only the most probable one is.
        name: as in `Metric`.
        dtype: as in `Metric`.

    Targets (0 or 1) and predictions have the shape (samples, classes). Raises ValueError for other ones.
    van Rijsbergen, 1979, "Information Retrieval".

    >>> metric = FBetaScore(beta=2.0, average="micro")
    >>> float(metric([[1, 0], [0, 1], [1, 0]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.666...
    """

    domains = {
        "average": one_of(None, "micro", "macro", "weighted"),
        "beta": positive,
        "threshold": maybe(interval(0, 1, "(]")),
    }
    built = False

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.average, self.beta, self.threshold = average, beta, threshold

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the counts, for classes of the shape of y_pred."""
        classes = last_axis(self, y_pred)
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, "zeros", self.dtype, name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", self.dtype, name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", self.dtype, name="false_negatives")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true, y_pred = array(y_true, self.dtype), array(y_pred, self.dtype)
        if not self.built:
            self.build(y_true, y_pred)
        require_same_shape(f"{type(self).__name__} {self.name!r}", y_true, y_pred)
        weights = masked_weight(y_pred, sample_weight, self.dtype)
        weights = jnp.ones((), self.dtype) if weights is None else weights_for(y_true, weights, "sample_weight")[1]
        found = self._decide(y_pred)
        axis = None if self.average == "micro" else 0
        self.true_positives.assign_add(jnp.sum(weights * found * y_true, axis))
        self.false_positives.assign_add(jnp.sum(weights * found * (1 - y_true), axis))
        self.false_negatives.assign_add(jnp.sum(weights * (1 - found) * y_true, axis))

    def _decide(self, y_pred: jax.Array) -> jax.Array:
        """1 where a class is predicted, else 0. Predictions that are all 0 are none."""
        if self.threshold is not None:
            return (y_pred > self.threshold).astype(self.dtype)
        largest = y_pred >= jnp.max(y_pred, -1, keepdims=True)
        return (largest & (jnp.abs(y_pred) > 1e-9)).astype(self.dtype)

    def result(self) -> jax.Array:
        """The score, or one for each class."""
        right = self.true_positives.value
        there = right + self.false_negatives.value
        precision = right / (right + self.false_positives.value + config.epsilon())
        recall = right / (there + config.epsilon())
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + config.epsilon())
        if self.average == "weighted":
            return jnp.sum(scores * there / (jnp.sum(there) + config.epsilon()))
        return scores if self.average is None else jnp.mean(scores)


@register("metric")
class F1Score(FBetaScore):
    """2 precision recall / (precision + recall): `FBetaScore`, which says what the arguments mean, with beta = 1.

    >>> F1Score()([[1, 0], [0, 1], [1, 0]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]).tolist()
    [0.666..., 0.666...]
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
