"""The area under a curve of decisions at many thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.losses.loss import ratio
from cornu.metrics import counts
from cornu.metrics.confusion import ConfusionMetric, thresholds_of
from cornu.registry import register
from cornu.signature import Domain, boolean, maybe, positive_int
from cornu.variables import Variable


def _spelled(*words: str) -> Domain:
    """One of some words, in any case, or a value of an enumeration of that name."""
    known = {word.lower() for word in words}
    return Domain("one of " + ", ".join(map(repr, words)), lambda v: str(getattr(v, "value", v)).lower() in known)


_HEIGHTS: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "interpolation": lambda left, right: (left + right) / 2,
    "minoring": jnp.minimum,
    "majoring": jnp.maximum,
}


@register("metric")
class AUC(ConfusionMetric):
    """The area under the ROC curve (recall over false positive rate), or under the precision-recall curve

    Args:
        num_thresholds: at how many thresholds, at equal distances from 0 to 1, the curve is known.
        curve: "ROC"; "PR": precision over recall; "PRGAIN": their gains (Flach and Kull, 2015).
        summation_method: between thresholds: "interpolation", the mean height for ROC, for PR the interpolation of
            Davis and Goadrich, 2006; "minoring": the smaller height; "majoring": the larger one.
        name: as in `Metric`.
        dtype: as in `Metric`.
        thresholds: thresholds in [0, 1], in place of `num_thresholds`; the ends of the range are added.
        multi_label: whether the labels of the last axis have curves of their own, whose areas are averaged.
        num_labels: their number, if the state should be made at once.
        label_weights: the labels' weights: in the average, or of the samples where there is one curve.
        from_logits: whether the predictions are logits, to which a sigmoid is applied.

    The error of the approximation falls with the number of thresholds, where predictions fill [0, 1].

    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.75
    """

    domains = {
        "num_thresholds": Domain("an integer greater than 1", lambda v: positive_int.test(v) and v > 1),
        "curve": _spelled("ROC", "PR", "PRGAIN"),
        "summation_method": _spelled("interpolation", "minoring", "majoring"),
        "multi_label": boolean,
        "num_labels": maybe(positive_int),
        "from_logits": boolean,
    }
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__([], name, dtype)
        self._from_thresholds = thresholds is not None
        even = counts.even_thresholds(num_thresholds)[1:-1]
        inner = even if thresholds is None else sorted(thresholds_of(self, thresholds))
        self.thresholds = [-config.epsilon(), *inner, 1 + config.epsilon()]
        self.num_thresholds, self.from_logits = len(self.thresholds), from_logits
        self.curve = str(getattr(curve, "value", curve)).upper()
        self.summation_method = str(getattr(summation_method, "value", summation_method)).lower()
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, self.dtype)
        self.built = False
        if num_labels and not multi_label:
            raise ValueError(explain("AUC: `num_labels` has a meaning with `multi_label=True` only.", got=num_labels))
        if num_labels or not multi_label:
            self._make_state(num_labels)

    def _make_state(self, labels: int | None) -> None:
        self._make((self.num_thresholds, labels) if labels else (self.num_thresholds,))
        self.built = True

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the state; with `multi_label`, for the labels of the last axis of y_pred."""
        if self.built:
            return
        if len(y_pred.shape) != 2:
            raise ValueError(
                explain(
                    f"AUC {self.name!r}: the shape of y_pred doesn't fit.",
                    expected="(samples, labels), for multi_label=True",
                    got=tuple(y_pred.shape),
                )
            )
        self._make_state(y_pred.shape[1])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        self.build(y_true, jnp.asarray(y_pred))
        if self.from_logits:
            y_pred = jax.nn.sigmoid(jnp.asarray(y_pred))
        label_weights = None if self.multi_label else self.label_weights
        self._count(y_true, y_pred, sample_weight, apart=self.multi_label, label_weights=label_weights)

    def result(self) -> jax.Array:
        """The area."""
        if (self.curve, self.summation_method) == ("PR", "interpolation"):
            areas = self._interpolated_precision()
        else:
            x, y = getattr(self, f"_{self.curve.lower()}")()
            areas = (x[:-1] - x[1:]) * _HEIGHTS[self.summation_method](y[:-1], y[1:])
        area = jnp.sum(areas, 0)
        if not self.multi_label:
            return area
        return jnp.mean(area) if self.label_weights is None else jnp.average(area, weights=self.label_weights)

    def _values(self) -> list[jax.Array]:
        return [getattr(self, name).value for name in self.kept]

    def _roc(self) -> tuple[jax.Array, jax.Array]:
        tp, fp, tn, fn = self._values()
        return ratio(fp, fp + tn), ratio(tp, tp + fn)

    def _pr(self) -> tuple[jax.Array, jax.Array]:
        tp, fp, _, fn = self._values()
        return ratio(tp, tp + fn), ratio(tp, tp + fp)

    def _prgain(self) -> tuple[jax.Array, jax.Array]:
        tp, fp, tn, fn = self._values()
        odds = ratio(tp + fn, tn + fp)
        recall_gain = jnp.where(tp == 0, 0, 1 - odds * ratio(fn, tp))
        return jnp.maximum(recall_gain, 0), jnp.where(tp == 0, 1, 1 - odds * ratio(fp, tp))

    def _interpolated_precision(self) -> jax.Array:
        """Between two thresholds, true positives are taken as linear in the number of predicted positives."""
        tp, fp, _, fn = self._values()
        found = tp + fp
        slope = ratio(tp[:-1] - tp[1:], jnp.maximum(found[:-1] - found[1:], 0))
        intercept = tp[1:] - slope * found[1:]
        inside = (found[:-1] > 0) & (found[1:] > 0)
        growth = jnp.where(inside, ratio(found[:-1], found[1:]), 1)
        return ratio(slope * (tp[:-1] - tp[1:] + intercept * jnp.log(growth)), tp[1:] + fn[1:])

    def _base_config(self) -> dict:
        weights = None if self.label_weights is None else self.label_weights.tolist()
        return {"label_weights": weights, "thresholds": self.thresholds[1:-1] if self._from_thresholds else None}
