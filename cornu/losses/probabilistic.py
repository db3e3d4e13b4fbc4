"""Losses between probability distributions, or of counts."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair, array
from cornu.registry import register
from cornu.signature import interval
from cornu.symbolic import op


@register("loss", "kld", "KLD", "kullback_leibler_divergence")
@elementwise
@op
def kl_divergence(y_true: Any, y_pred: Any) -> jax.Array:
    """sum over the last axis of t log(t / p), both clipped to [epsilon, 1] (Kullback and Leibler, 1951)

    Targets t and predictions p are of one shape; the result is of that shape without its last axis.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).tolist()
    [0.143...]
    """
    y_true, y_pred = (jnp.clip(x, config.epsilon(), 1) for x in aligned_pair(y_true, y_pred))
    return jnp.sum(y_true * jnp.log(y_true / y_pred), -1)


@register("loss")
@elementwise
@op
def poisson(y_true: Any, y_pred: Any) -> jax.Array:
    """mean over the last axis of p - t log(p + epsilon): the negative log-likelihood of counts t of mean p

    The likelihood's term log(t!), which doesn't depend on p, is left out.

    >>> poisson([[2.0, 1.0]], [[0.0, 2.0]]).tolist()
    [16.7...]
    """
    y_true, y_pred = aligned_pair(y_true, y_pred)
    return jnp.mean(y_pred - y_true * jnp.log(y_pred + config.epsilon()), -1)


@register("loss")
@op
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> jax.Array:
    """(1 - p^q) / q, with p the probability of the class that the label names

    Between the cross-entropy (q to 0) and the mean absolute error (q = 1); it bears wrong labels. Zhang and Sabuncu,
    2018, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels".

    Args:
        y_true: whole numbers, the classes, of shape (n,) or (n, 1).
        y_pred: probabilities, of shape (n, classes).
        q: in (0, 1).

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).tolist()
    [1.0]
    """
    y_pred, labels = array(y_pred), array(y_true).astype("int32")
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = jnp.squeeze(labels, -1)
    chosen = jax.nn.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
    return (1 - jnp.sum(y_pred * chosen, -1) ** q) / q


@register("loss")
class KLDivergence(FunctionLoss):
    """`kl_divergence`, reduced as `Loss` says.

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]))
    0.143...
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


@register("loss")
class Poisson(FunctionLoss):
    """`poisson`, reduced as `Loss` says.

    >>> float(Poisson()([[2.0, 1.0]], [[0.0, 2.0]]))
    16.7...
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)


@register("loss")
class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """`categorical_generalized_cross_entropy`, which says what q means, reduced as `Loss` says.

    >>> float(CategoricalGeneralizedCrossEntropy(q=0.5)([1], [[0.75, 0.25]]))
    1.0
    """

    domains = {"q": interval(0, 1, "()")}

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
