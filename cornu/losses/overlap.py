"""Losses of overlap, for segmented images: over a whole batch, unless an axis is named."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair
from cornu.registry import register
from cornu.symbolic import op


@register("loss")
@elementwise
@op
def dice(y_true: Any, y_pred: Any, axis: int | tuple[int, ...] | None = None) -> jax.Array:
    """1 - 2 sum t p / (sum t + sum p + epsilon)

    Args:
        y_true: targets t in [0, 1], of the shape of y_pred.
        y_pred: probabilities p.
        axis: the axes of the sums; None: all, which gives one number for the whole batch.

    Dice, 1945; Milletari et al., 2016, "V-Net".

    >>> float(dice([[1.0, 0.0]], [[1.0, 1.0]]))
    0.333...
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    both = jnp.sum(y_true * y_pred, axis)
    return 1 - 2 * both / (jnp.sum(y_true, axis) + jnp.sum(y_pred, axis) + config.epsilon())


@register("loss")
@elementwise
@op
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: int | tuple[int, ...] | None = None
) -> jax.Array:
    """1 - sum t p / (sum t p + alpha sum t (1 - p) + beta sum (1 - t) p + epsilon)

    `alpha` is the weight of what was missed (t = 1, p = 0), `beta` that of what was found wrongly (t = 0, p = 1). The
    other arguments are those of `dice`.

    Salehi et al., 2017, "Tversky Loss Function for Image Segmentation", where alpha and beta stand the other way
    around. So they do in Keras's documentation; what Keras 3.15 computes, and this function, is the formula above.

    >>> float(tversky([[1.0, 0.0]], [[1.0, 1.0]], alpha=0.0, beta=1.0))
    0.5
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    both = jnp.sum(y_true * y_pred, axis)
    missed, wrong = jnp.sum(y_true * (1 - y_pred), axis), jnp.sum((1 - y_true) * y_pred, axis)
    return 1 - both / (both + alpha * missed + beta * wrong + config.epsilon())


@register("loss")
class Dice(FunctionLoss):
    """`dice`, which says what the axis means, reduced as `Loss` says.

    >>> float(Dice()([[1.0, 0.0]], [[1.0, 1.0]]))
    0.333...
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: int | tuple[int, ...] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


@register("loss")
class Tversky(FunctionLoss):
    """`tversky`, which says what alpha and beta mean, reduced as `Loss` says.

    >>> float(Tversky(alpha=0.0, beta=1.0)([[1.0, 0.0]], [[1.0, 1.0]]))
    0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: int | tuple[int, ...] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
