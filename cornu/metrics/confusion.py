"""Metrics of decisions: counts, precision, recall, and each at a given value of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import registry
from cornu.errors import explain
from cornu.losses.loss import ratio
from cornu.metrics import counts
from cornu.metrics.metric import Metric
from cornu.registry import register
from cornu.signature import integer, interval, maybe, positive_int
from cornu.variables import Variable


def thresholds_of(metric: Metric, given: Any, default: float = 0.5) -> list[float]:
    """The thresholds that an argument names; ValueError for ones out of [0, 1]."""
    if given is None:
        return [default]
    thresholds = list(given) if np.ndim(given) else [given]
    if not thresholds or any(t is None or not 0 <= t <= 1 for t in thresholds):
        raise ValueError(
            explain(
                f"{type(metric).__name__} {metric.name!r}: argument `thresholds` is wrong.",
                expected="a number in [0, 1], or a list of them",
                got=given,
            )
        )
    return [float(t) for t in thresholds]


class ConfusionMetric(Metric):
    """The base of metrics over counts at thresholds; a subclass says which counts it keeps."""

    kept: tuple[str, ...] = counts.Counts._fields

    def __init__(self, thresholds: Sequence[float], name: str | None, dtype: Any) -> None:
        super().__init__(dtype, name)
        self.thresholds = thresholds

    def _make(self, shape: tuple[int, ...]) -> None:
        for name in self.kept:
            setattr(self, name, self.add_variable(shape, "zeros", self.dtype, name=name))

    def _count(self, y_true: Any, y_pred: Any, sample_weight: Any, **how: Any) -> None:
        title = f"{type(self).__name__} {self.name!r}"
        found = counts.count(y_true, y_pred, self.thresholds, self.dtype, sample_weight, name=title, **how)
        for name in self.kept:
            getattr(self, name).assign_add(getattr(found, name))

    def _one_or_all(self, values: Any) -> jax.Array:
        return values[0] if len(self.thresholds) == 1 else jnp.asarray(values)


class _Given(ConfusionMetric):
    """The base of metrics whose thresholds are given."""

    def __init__(self, thresholds: Any, default: float, name: str | None, dtype: Any) -> None:
        super().__init__([], name, dtype)
        self._given, self.thresholds = thresholds, thresholds_of(self, thresholds, default)
        self._make((len(self.thresholds),))

    def _base_config(self) -> dict:
        return {"thresholds": registry.serialize(self._given)}


class _ConditionCount(_Given):
    """The base of the four counts."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, 0.5, name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        self._count(y_true, y_pred, sample_weight)

    def result(self) -> jax.Array:
        """The count, or one for each threshold."""
        return self._one_or_all(getattr(self, self.kept[0]).value)


@register("metric")
class TruePositives(_ConditionCount):
    """The weighted number of positive targets that are predicted as such.

    `thresholds`, a number or a list, says above which predictions are positive; default 0.5.

    >>> float(TruePositives()([0, 1, 1, 1], [0.9, 0.2, 0.7, 0.8]))
    2.0
    """

    kept = ("true_positives",)


@register("metric")
class FalsePositives(_ConditionCount):
    """The weighted number of negative targets that are predicted as positive; arguments as in `TruePositives`.

    >>> float(FalsePositives()([0, 1, 0, 0], [0.9, 0.2, 0.7, 0.1]))
    2.0
    """

    kept = ("false_positives",)


@register("metric")
class TrueNegatives(_ConditionCount):
    """The weighted number of negative targets that are predicted as such; arguments as in `TruePositives`.

    >>> float(TrueNegatives()([0, 1, 0, 0], [0.9, 0.2, 0.3, 0.1]))
    2.0
    """

    kept = ("true_negatives",)


@register("metric")
class FalseNegatives(_ConditionCount):
    """The weighted number of positive targets that are predicted as negative; arguments as in `TruePositives`.

    >>> float(FalseNegatives()([0, 1, 1, 1], [0.9, 0.2, 0.3, 0.8]))
    2.0
    """

    kept = ("false_negatives",)


class _Share(_Given):
    """The base of precision and recall."""

    domains = {"top_k": maybe(positive_int), "class_id": maybe(integer)}

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, 0.5 if top_k is None else counts.NEVER, name, dtype)
        self.top_k, self.class_id = top_k, class_id

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        self._count(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> jax.Array:
        """The share, or one for each threshold; 0 where nothing is counted."""
        right, wrong = (getattr(self, name).value for name in self.kept)
        return self._one_or_all(ratio(right, right + wrong))


@register("metric")
class Precision(_Share):
    """true positives / (true positives + false positives): the share of right ones among predicted positives

    `thresholds`, a number or a list, says above which predictions are positive; default 0.5. `top_k`: only the k
    largest predictions of the last axis may be positive, and without thresholds they are. `class_id`: only that class
    counts.

    >>> float(Precision()([0, 1, 1, 1], [0.9, 0.2, 0.7, 0.8]))
    0.666...
    """

    kept = ("true_positives", "false_positives")


@register("metric")
class Recall(_Share):
    """true positives / (true positives + false negatives): the share of positives that is found

    The arguments are those of `Precision`.

    >>> float(Recall()([0, 1, 1, 1], [0.9, 0.2, 0.7, 0.8]))
    0.666...
    """

    kept = ("true_positives", "false_negatives")


class _AtValue(ConfusionMetric):
    """The base of metrics that give the best value of one share where another is at least a given one."""

    domains = {"num_thresholds": positive_int, "class_id": maybe(integer)}
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(self, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        super().__init__(counts.even_thresholds(num_thresholds), name, dtype)
        self.num_thresholds, self.class_id = num_thresholds, class_id
        self._make((num_thresholds,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        self._count(y_true, y_pred, sample_weight, class_id=self.class_id)

    def _best(self, wanted: jax.Array, where: jax.Array, least: float) -> jax.Array:
        return jnp.max(jnp.where(where >= least, wanted, 0), initial=0)

    @property
    def _recalls(self) -> jax.Array:
        return ratio(self.true_positives.value, self.true_positives.value + self.false_negatives.value)

    @property
    def _precisions(self) -> jax.Array:
        return ratio(self.true_positives.value, self.true_positives.value + self.false_positives.value)

    @property
    def _specificities(self) -> jax.Array:
        return ratio(self.true_negatives.value, self.true_negatives.value + self.false_positives.value)


@register("metric")
class SensitivityAtSpecificity(_AtValue):
    """The best sensitivity (recall) at a threshold where the specificity is at least the given one.

    Args:
        specificity: in [0, 1]: the share of negatives that must be found.
        num_thresholds: how many thresholds, at equal distances from 0 to 1, are tried.
        class_id: only this class counts.
        name: as in `Metric`.
        dtype: as in `Metric`.

    >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    domains = {"specificity": interval(0, 1)}

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def result(self) -> jax.Array:
        """The best sensitivity; 0 where the specificity is nowhere reached."""
        return self._best(self._recalls, self._specificities, self.specificity)


@register("metric")
class SpecificityAtSensitivity(_AtValue):
    """The best specificity at a threshold where the sensitivity (recall) is at least the given one.

    `sensitivity` lies in [0, 1]; the other arguments are those of `SensitivityAtSpecificity`.

    >>> float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.666...
    """

    domains = {"sensitivity": interval(0, 1)}

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def result(self) -> jax.Array:
        """The best specificity; 0 where the sensitivity is nowhere reached."""
        return self._best(self._specificities, self._recalls, self.sensitivity)


@register("metric")
class PrecisionAtRecall(_AtValue):
    """The best precision at a threshold where the recall is at least the given one.

    `recall` lies in [0, 1]; the other arguments are those of `SensitivityAtSpecificity`.

    >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    domains = {"recall": interval(0, 1)}

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_thresholds, class_id, name, dtype)
        self.recall = recall

    def result(self) -> jax.Array:
        """The best precision; 0 where the recall is nowhere reached."""
        return self._best(self._precisions, self._recalls, self.recall)


@register("metric")
class RecallAtPrecision(_AtValue):
    """The best recall at a threshold where the precision is at least the given one.

    `precision` lies in [0, 1]; the other arguments are those of `SensitivityAtSpecificity`.

    >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    domains = {"precision": interval(0, 1)}

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_thresholds, class_id, name, dtype)
        self.precision = precision

    def result(self) -> jax.Array:
        """The best recall; 0 where the precision is nowhere reached."""
        return self._best(self._recalls, self._precisions, self.precision)
