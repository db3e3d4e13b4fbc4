"""Means of the hinge losses."""

from __future__ import annotations

from typing import Any

from cornu.losses.hinge import categorical_hinge, hinge, squared_hinge
from cornu.metrics.reduction import MeanMetricWrapper
from cornu.registry import register


@register("metric")
class Hinge(MeanMetricWrapper):
    """The mean of `cornu.losses.hinge`.

    >>> float(Hinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
    1.0
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name, dtype)


@register("metric")
class SquaredHinge(MeanMetricWrapper):
    """The mean of `cornu.losses.squared_hinge`.

    >>> float(SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
    1.25
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name, dtype)


@register("metric")
class CategoricalHinge(MeanMetricWrapper):
    """The mean of `cornu.losses.categorical_hinge`.

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name, dtype)
