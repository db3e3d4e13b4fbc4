"""Correlations of targets and predictions, one for each sample, over an axis."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.loss import elementwise
from cornu.losses.tensors import aligned_pair
from cornu.metrics.reduction import MeanMetricWrapper
from cornu.registry import register
from cornu.signature import integer
from cornu.symbolic import op


@register("operation")
@elementwise
@op
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> jax.Array:
    """cov(t, p) / (std(t) std(p)) over `axis`; NaN where one of them doesn't vary (Pearson, 1895)

    >>> pearson_correlation([[0.0, 1.0, 2.0, 3.0]], [[1.0, 2.0, 4.0, 4.0]]).tolist()
    [0.94...]
    """
    y_true, y_pred = ((x - jnp.mean(x, axis, keepdims=True)) for x in aligned_pair(y_true, y_pred))
    y_true, y_pred = (x / jnp.std(x, axis, keepdims=True) for x in (y_true, y_pred))
    return jnp.mean(y_true * y_pred, axis)


@register("operation")
@elementwise
@op
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> jax.Array:
    """2 cov(t, p) / (var(t) + var(p) + (mean t - mean p)^2 + epsilon) over `axis`

    1 where both agree, not only up to scale and place. Lin, 1989, "A Concordance Correlation Coefficient to Evaluate
    Reproducibility".

    >>> concordance_correlation([[0.0, 2.0]], [[2.0, 4.0]]).tolist()
    [0.33...]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    means = [jnp.mean(x, axis, keepdims=True) for x in (y_true, y_pred)]
    covariance = jnp.mean((y_true - means[0]) * (y_pred - means[1]), axis, keepdims=True)
    spread = jnp.var(y_true, axis, keepdims=True) + jnp.var(y_pred, axis, keepdims=True)
    values = 2 * covariance / (spread + jnp.square(means[0] - means[1]) + config.epsilon())
    return jnp.squeeze(values, axis)


@register("metric")
class PearsonCorrelation(MeanMetricWrapper):
    """The mean over the samples of `pearson_correlation`.

    >>> float(PearsonCorrelation()([[0.0, 1.0, 3.0]], [[0.0, -2.0, -6.0]]))
    -1.0...
    """

    domains = {"axis": integer}

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@register("metric")
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean over the samples of `concordance_correlation`.

    >>> float(ConcordanceCorrelation()([[0.0, 2.0]], [[2.0, 4.0]]))
    0.33...
    """

    domains = {"axis": integer}

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
