"""Mean cross-entropies and divergences, without what regularizers add to a loss."""

from __future__ import annotations

from typing import Any

from cornu.losses.crossentropy import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from cornu.losses.probabilistic import kl_divergence, poisson
from cornu.metrics.reduction import MeanMetricWrapper
from cornu.registry import register
from cornu.signature import integer, interval, maybe


@register("metric", "kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(MeanMetricWrapper):
    """The mean of `cornu.losses.kl_divergence`.

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]))
    0.143...
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name, dtype)


@register("metric")
class Poisson(MeanMetricWrapper):
    """The mean of `cornu.losses.poisson`.

    >>> float(Poisson()([[2.0, 1.0]], [[0.0, 2.0]]))
    16.7...
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name, dtype)


@register("metric", "bce", "BCE")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `cornu.losses.binary_crossentropy`.

    >>> float(BinaryCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]]))
    0.693...
    """

    domains = {"label_smoothing": interval(0, 1)}

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


@register("metric")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `cornu.losses.categorical_crossentropy`.

    >>> float(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]))
    0.693...
    """

    domains = {"label_smoothing": interval(0, 1), "axis": integer}

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@register("metric")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `cornu.losses.sparse_categorical_crossentropy`.

    Difference from Keras: entries of `ignore_class` don't count where no weights are given, too.

    >>> float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]))
    0.693...
    """

    domains = {"axis": integer, "ignore_class": maybe(integer)}

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
