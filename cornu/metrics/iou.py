"""Intersection over union: how well segmented areas cover the true ones."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import explain
from cornu.losses.tensors import array, differ, weights_for
from cornu.metrics.metric import Metric, masked_weight
from cornu.registry import register
from cornu.signature import integer, maybe, number, positive_int


@register("metric")
class IoU(Metric):
    """The mean over some classes of true positives / (true positives + false positives + false negatives)

    Args:
        num_classes: the number of classes.
        target_class_ids: the classes whose mean is taken.
        name: as in `Metric`.
        dtype: the dtype of the counts; default "int32".
        ignore_class: a label whose entries don't count.
        sparse_y_true: whether targets are class numbers, and not one-hot.
        sparse_y_pred: whether predictions are class numbers, and not probabilities.
        axis: the axis of the classes of what isn't class numbers.

    Entries out of the range of the classes don't count, nor do classes that occur neither in the targets nor in the
    predictions. Raises ValueError for a class out of range. Counts are whole numbers unless `dtype` says otherwise;
    fractional weights need a floating-point one, and warn without it.

    >>> metric = IoU(num_classes=2, target_class_ids=[0])
    >>> float(metric([0, 0, 1, 1], [0, 1, 0, 1]))
    0.333...
    """

    domains = {"num_classes": positive_int, "ignore_class": maybe(integer), "axis": integer}

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__("int32" if dtype is None else dtype, name)
        if not target_class_ids or min(target_class_ids) < 0 or max(target_class_ids) >= num_classes:
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: argument `target_class_ids` is wrong.",
                    expected=f"classes from 0 to {num_classes - 1}",
                    got=target_class_ids,
                )
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        weights = masked_weight(y_pred, self._whole(sample_weight), self.dtype)
        labels = array(y_true) if self.sparse_y_true else jnp.argmax(array(y_true), self.axis)
        found = array(y_pred) if self.sparse_y_pred else jnp.argmax(array(y_pred), self.axis)
        weights = jnp.ones((), self.dtype) if weights is None else weights
        labels, weights = weights_for(labels, weights, "sample_weight")
        weights = jnp.broadcast_to(weights, labels.shape).reshape(-1)
        labels, found = labels.astype("int32").reshape(-1), found.astype("int32").reshape(-1)
        if differ(labels.shape[0], found.shape[0]):
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: y_true and y_pred differ in their numbers of entries.",
                    expected="one class for each entry, in both",
                    got=f"{labels.shape[0]} and {found.shape[0]}",
                    fix="Set sparse_y_true=False for one-hot targets, sparse_y_pred=False for probabilities.",
                )
            )
        counts = (labels >= 0) & (labels < self.num_classes) & (found >= 0) & (found < self.num_classes)
        if self.ignore_class is not None:
            counts &= labels != self.ignore_class
        place = jnp.where(counts, labels * self.num_classes + found, 0)
        matrix = jnp.zeros(self.num_classes**2, self.dtype).at[place].add(jnp.where(counts, weights, 0))
        self.total_cm.assign_add(matrix.reshape(self.total_cm.shape))

    def _whole(self, sample_weight: Any) -> Any:
        dtype = str(getattr(sample_weight, "dtype", ""))
        if "float" in dtype and "int" in self.dtype:
            warnings.warn(
                f"{type(self).__name__} {self.name!r} counts in {self.dtype}: fractions of weights are cut off. "
                'Make it with dtype="float32" for fractional weights.',
                stacklevel=3,
            )
        return sample_weight

    def result(self) -> jax.Array:
        """The mean over the classes that occur."""
        matrix = self.total_cm.value.astype("float32")
        both = jnp.diagonal(matrix)
        either = jnp.sum(matrix, 0) + jnp.sum(matrix, 1) - both
        both, either = (x[jnp.asarray(self.target_class_ids)] for x in (both, either))
        occurs = either > 1e-9
        shares = jnp.where(occurs, both / (either + config.epsilon()), 0)
        return jnp.sum(shares) / (jnp.sum(occurs) + config.epsilon())


@register("metric")
class BinaryIoU(IoU):
    """`IoU` of two classes, with the probability of class 1 as predictions.

    Args:
        target_class_ids: the classes whose mean is taken.
        threshold: from where on class 1 is predicted.
        name: as in `Metric`.
        dtype: as in `IoU`.

    >>> float(BinaryIoU(target_class_ids=[1])([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]))
    0.49...
    """

    domains = {"threshold": number}

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        weights = masked_weight(y_pred, self._whole(sample_weight), self.dtype)
        super().update_state(y_true, array(y_pred) >= self.threshold, weights)


@register("metric")
class MeanIoU(IoU):
    """`IoU`, which says what the arguments mean, over all classes.

    >>> float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]))
    0.333...
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


@register("metric")
class OneHotIoU(IoU):
    """`IoU`, which says what the arguments mean, with one-hot targets.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> float(metric([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.49...
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


@register("metric")
class OneHotMeanIoU(MeanIoU):
    """`IoU`, which says what the arguments mean, with one-hot targets, over all classes.

    >>> float(OneHotMeanIoU(num_classes=2)([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
