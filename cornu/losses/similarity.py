"""Losses of similarity: which embeddings belong together."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import tags
from cornu.losses.loss import FunctionLoss
from cornu.losses.tensors import array
from cornu.registry import register
from cornu.signature import boolean, nonnegative
from cornu.symbolic import op


@register("loss")
@op
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> jax.Array:
    """softplus(log sum_p exp(-gamma a_p (m - d_p)) + log sum_n exp(gamma a_n (1 - m - d_n)))

    d are cosine distances max(1 - u v, 0), p runs over the pairs with equal labels, n over the others, m is the
    margin, a_p = m + d_p and a_n = max(1 + m - d_n, 0). A sample without a pair of one of the kinds has no loss;
    samples without a loss are masked. Sun et al., 2020, "Circle Loss".

    Args:
        y_true: labels, of shape (n,) or (n, 1).
        y_pred: embeddings of length one, of shape (n, d).
        ref_labels: the labels of what to compare with; default: the batch's own.
        ref_embeddings: the embeddings of what to compare with; default: the batch's own.
        remove_diagonal: whether a sample is no pair of itself.
        gamma: the scale.
        margin: the margin m.

    Difference from Keras: the gradient of a sample without a loss is 0 and not NaN.

    >>> circle([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]]).tolist()
    [38.4..., 60.9..., 0.0]
    """
    embeddings, labels = array(y_pred), array(y_true).astype("int32").reshape(-1, 1)
    others = embeddings if ref_embeddings is None else array(ref_embeddings)
    other_labels = labels if ref_labels is None else array(ref_labels).astype("int32").reshape(-1, 1)
    distances = jnp.maximum(1 - embeddings @ others.T, 0)
    same = labels == other_labels.T
    positive = same & ~jnp.eye(same.shape[0], same.shape[1], dtype=bool) if remove_diagonal else same
    toward = -gamma * (margin + distances) * (margin - distances)
    away = gamma * jnp.maximum(1 + margin - distances, 0) * (1 - margin - distances)
    # A large negative number and not -inf: softplus of it is 0, and so is its gradient.
    terms = [jax.nn.logsumexp(jnp.where(of, x, -1e9), axis=1) for of, x in ((positive, toward), (~same, away))]
    values = jax.nn.softplus(terms[0] + terms[1])
    tags.set_mask(values, values > 0)
    return values


@register("loss")
class Circle(FunctionLoss):
    """`circle`, which says what the arguments mean, reduced as `Loss` says: over the samples that have a loss.

    >>> float(Circle()([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]]))
    49.6...
    """

    domains = {"gamma": nonnegative, "margin": nonnegative, "remove_diagonal": boolean}

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
