"""`tf.math`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.scipy.special as special

from cornu import ops
from cornu.compat.tensorflow.calls import kind, mathematics, missing, served
from cornu.compat.tensorflow.functions import ELEMENTWISE, REDUCTIONS, _axis

_MORE: dict[str, Callable] = {
    "count_nonzero": lambda input, axis=None, keepdims=False, dtype="int32": ops.cast(
        ops.sum(ops.cast(ops.not_equal(input, 0), "int32"), _axis(axis), keepdims=keepdims), kind(dtype)
    ),
    "confusion_matrix": lambda labels, predictions, num_classes=None, weights=None, dtype="int32": _confusion(
        labels, predictions, num_classes, weights, kind(dtype)
    ),
    "digamma": lambda x: mathematics(special.digamma)(x),
    "divide_no_nan": lambda x, y: ops.divide_no_nan(x, y),
    "erfinv": lambda x: ops.erfinv(x),
    "in_top_k": lambda targets, predictions, k: ops.in_top_k(targets, predictions, k),
    "is_finite": lambda x: ops.isfinite(x),
    "is_inf": lambda x: ops.isinf(x),
    "is_nan": lambda x: ops.isnan(x),
    "l2_normalize": lambda x, axis=None, epsilon=1e-12: _unit(x, axis, epsilon),
    "lgamma": lambda x: mathematics(special.gammaln)(x),
    "log_sigmoid": lambda x: ops.log_sigmoid(x),
    "log_softmax": lambda logits, axis=-1: ops.log_softmax(logits, axis),
    "multiply_no_nan": lambda x, y: ops.where(ops.equal(y, 0), ops.zeros_like(x), ops.multiply(x, y)),
    "rint": lambda x: ops.round(x),
    "segment_sum": lambda data, segment_ids: ops.segment_sum(data, segment_ids),
    "softmax": lambda logits, axis=-1: ops.softmax(logits, axis),
    "softplus": lambda features: ops.softplus(features),
    "softsign": lambda features: ops.softsign(features),
    "top_k": lambda input, k=1, sorted=True: ops.top_k(input, k, sorted),
    "unsorted_segment_sum": lambda data, segment_ids, num_segments: ops.segment_sum(data, segment_ids, num_segments),
    "xlogy": lambda x, y: mathematics(special.xlogy)(x, y),
    "zero_fraction": lambda value: ops.mean(ops.cast(ops.equal(value, 0), "float32")),
}


def _unit(x: Any, axis: Any, epsilon: float) -> Any:
    """x / sqrt(max(sum of squares, epsilon))"""
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), _axis(axis), keepdims=True), epsilon))


def _confusion(labels: Any, predictions: Any, classes: int | None, weights: Any, dtype: Any) -> Any:
    """How often label i was predicted as j, in row i and column j."""
    if classes is None:
        classes = int(ops.maximum(ops.max(labels), ops.max(predictions))) + 1
    rows, columns = ops.one_hot(labels, classes), ops.one_hot(predictions, classes)
    if weights is not None:
        rows = rows * ops.expand_dims(weights, -1)
    return ops.cast(ops.matmul(ops.transpose(rows), columns), dtype)


MATH = served({**ELEMENTWISE, **REDUCTIONS, **_MORE})
globals().update(MATH)


def __getattr__(name: str) -> Any:
    raise missing("math", name, MATH)
