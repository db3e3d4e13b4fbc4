"""Losses of sequences whose labels aren't aligned with their steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import explain
from cornu.losses.loss import FunctionLoss
from cornu.losses.tensors import array
from cornu.registry import register
from cornu.symbolic import op


@register("loss")
@op
def ctc(y_true: Any, y_pred: Any) -> jax.Array:
    """-log of the probability of all alignments of the labels with the steps

    Connectionist temporal classification: Graves et al., 2006.

    Args:
        y_true: labels, whole numbers of shape (n, labels); 0 is the blank, with which short rows end.
        y_pred: logits, of shape (n, steps, classes); class 0 is the blank.

    The result has the shape (n,). Raises ValueError for tensors of other ranks.

    >>> ctc([[1]], [[[0.0, 0.0]]]).tolist()
    [0.693...]
    """
    from cornu.ops import ctc_loss

    labels, logits = array(y_true).astype("int32"), array(y_pred)
    if labels.ndim != 2 or logits.ndim != 3:
        raise ValueError(
            explain(
                "ctc: the shapes of y_true and y_pred don't fit.",
                expected="y_true (batch, labels), y_pred (batch, steps, classes)",
                got=f"y_true {labels.shape}, y_pred {logits.shape}",
            )
        )
    steps = jnp.full(logits.shape[:1], logits.shape[1], "int32")
    return ctc_loss(labels, logits, jnp.sum(labels != 0, -1, dtype="int32"), steps, mask_index=0)


@register("loss")
class CTC(FunctionLoss):
    """`ctc`, which says what the shapes mean, reduced as `Loss` says.

    >>> float(CTC()([[1]], [[[0.0, 0.0]]]))
    0.693...
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
