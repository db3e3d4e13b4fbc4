"""Mean errors of numbers, the cosine of directions, and the coefficient of determination."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import explain
from cornu.losses.loss import ratio
from cornu.losses.regression import (
    cosine_similarity as opposite_cosine,
)
from cornu.losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from cornu.losses.tensors import aligned_pair, array, match_ranks, require_same_shape, weights_for
from cornu.metrics.metric import Metric, masked_weight
from cornu.metrics.reduction import Mean, MeanMetricWrapper
from cornu.registry import register
from cornu.signature import nonnegative_int, one_of


@register("metric", "mse", "MSE")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `cornu.losses.mean_squared_error`.

    >>> float(MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]]))
    2.0
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


@register("metric", "mae", "MAE")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `cornu.losses.mean_absolute_error`.

    >>> float(MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]]))
    1.0
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


@register("metric", "mape", "MAPE")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `cornu.losses.mean_absolute_percentage_error`.

    >>> float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 4.0]]))
    50.0
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


@register("metric", "msle", "MSLE")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `cornu.losses.mean_squared_logarithmic_error`.

    >>> float(MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 1.0]]))
    0.240...
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@register("metric", "rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """sqrt(sum w (t - p)^2 / sum w), over all elements of all batches

    >>> float(RootMeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]]))
    1.41...
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_pred = array(y_pred, self.dtype)
        weights = masked_weight(y_pred, sample_weight, self.dtype)
        y_true, y_pred = aligned_pair(y_true, y_pred)
        require_same_shape("root_mean_squared_error", y_true, y_pred)
        super().update_state(jnp.square(y_true - y_pred), weights)

    def result(self) -> jax.Array:
        """The root of the mean."""
        return jnp.sqrt(super().result())


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> jax.Array:
    """The cosine of the angle between targets and predictions: 1 for equal directions, -1 for opposite ones.

    >>> cosine_similarity([[0.0, 1.0]], [[0.0, 2.0]]).tolist()
    [1.0]
    """
    return -opposite_cosine(y_true, y_pred, axis)


@register("metric")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angles between targets and predictions; the loss of that name has the other sign.

    >>> float(CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]]))
    0.5
    """

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)


@register("metric")
class LogCoshError(MeanMetricWrapper):
    """The mean of `cornu.losses.log_cosh`.

    >>> float(LogCoshError()([[0.0, 0.0]], [[1.0, 0.0]]))
    0.216...
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name, dtype)


@register("metric")
class R2Score(Metric):
    """1 - sum w (t - p)^2 / sum w (t - mean t)^2: the share of the targets' variance that is explained

    Args:
        class_aggregation: "uniform_average": the mean over the outputs; "variance_weighted_average": their mean
            weighted by the targets' variances; None: one score for each output.
        num_regressors: the number p of features, for the adjusted score 1 - (1 - R2) (n - 1) / (n - p - 1); with 0,
            and where n <= p + 1, the score itself.
        name: as in `Metric`.
        dtype: as in `Metric`.

    Targets and predictions have the shape (samples, outputs). Raises ValueError for other ones. Targets that don't
    vary give 1 where they are met, else 0, as in scikit-learn.

    Difference from Keras: n counts samples, by their weights, and not elements; met constant targets give 1, not NaN.

    >>> float(R2Score()([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]]))
    0.5
    """

    domains = {
        "class_aggregation": one_of(None, "uniform_average", "variance_weighted_average"),
        "num_regressors": nonnegative_int,
    }
    built = False

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the state, for outputs of the shape of y_pred."""
        outputs = last_axis(self, y_pred)
        self.count = self.add_variable((outputs,), "zeros", self.dtype, name="count")
        self.origin = self.add_variable((outputs,), "zeros", self.dtype, name="origin")
        self.sum = self.add_variable((outputs,), "zeros", self.dtype, name="sum")
        self.squared_sum = self.add_variable((outputs,), "zeros", self.dtype, name="squared_sum")
        self.residual = self.add_variable((outputs,), "zeros", self.dtype, name="residual")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true, y_pred = match_ranks(array(y_true, self.dtype), array(y_pred, self.dtype))
        if not self.built:
            self.build(y_true, y_pred)
        require_same_shape(f"R2Score {self.name!r}", y_true, y_pred)
        weights = masked_weight(y_pred, sample_weight, self.dtype)
        weights = jnp.ones_like(y_true) if weights is None else weights_for(y_true, weights, "sample_weight")[1]
        weights = jnp.broadcast_to(weights, y_true.shape)
        count = jnp.sum(weights, 0)
        # From near the mean, the first batch's, so that a sum of squares less a square of the sum keeps its digits.
        first = ratio(jnp.sum(weights * y_true, 0), count)
        self.origin.assign(jnp.where(self.count.value == 0, first, self.origin.value))
        distance = y_true - self.origin.value
        self.count.assign_add(count)
        self.sum.assign_add(jnp.sum(weights * distance, 0))
        self.squared_sum.assign_add(jnp.sum(weights * jnp.square(distance), 0))
        self.residual.assign_add(jnp.sum(weights * jnp.square(y_true - y_pred), 0))

    def result(self) -> jax.Array:
        """The score, or one for each output."""
        count, residual = self.count.value, self.residual.value
        variance = self.squared_sum.value - ratio(jnp.square(self.sum.value), count)
        rounding = count * jnp.square(self.origin.value * jnp.finfo(self.dtype).eps)
        varies = variance > rounding
        explained = 1 - residual / jnp.where(varies, variance, 1)
        scores = jnp.where(varies, explained, jnp.where(residual <= rounding, 1, 0))
        if self.class_aggregation == "uniform_average":
            scores = jnp.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ratio(jnp.sum(variance * scores), jnp.sum(variance))
        freedom = jnp.mean(count) - self.num_regressors - 1
        adjusted = 1 - (1 - scores) * (freedom + self.num_regressors) / jnp.where(freedom > 0, freedom, 1)
        return jnp.where(freedom > 0, adjusted, scores) if self.num_regressors else scores


def last_axis(metric: Metric, y_pred: Any) -> int:
    """The number of outputs; ValueError unless the predictions have the shape (samples, outputs)."""
    if len(y_pred.shape) != 2 or not isinstance(y_pred.shape[-1], int):
        raise ValueError(
            explain(
                f"{type(metric).__name__} {metric.name!r}: the shape of y_pred doesn't fit.",
                expected="(samples, outputs)",
                got=tuple(y_pred.shape),
            )
        )
    return y_pred.shape[-1]
