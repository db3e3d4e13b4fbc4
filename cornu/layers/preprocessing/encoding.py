"""Categories as vectors: one-hot, multi-hot, counts."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu.errors import brief, explain
from cornu.layers.layer import Layer
from cornu.ops import nn
from cornu.registry import register
from cornu.signature import one_of, positive_int

OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
"""Names of output modes that Keras once had."""


def refuse_sparse(layer: Any, sparse: bool) -> None:
    """Raises ValueError for an output that should be sparse."""
    if sparse:
        what = f"{type(layer).__name__} {layer.name!r}: sparse outputs don't exist here."
        raise ValueError(explain(what, expected="sparse=False", got="sparse=True"))


def encode(indices: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Indices (..., samples) as they are ("int"), one vector each ("one_hot"), or one per row ("multi_hot", "count").

    An index outside of 0..depth-1 gives zeros. With `weights` each index counts that much.

    >>> encode([[0, 2, 2]], "count", 3, "float32").tolist()
    [[1.0, 0.0, 2.0]]
    """
    indices = jnp.asarray(indices)
    if mode == "int":
        return indices
    if indices.ndim == 0:
        indices = indices[None]
    if mode == "one_hot":
        squeezed = indices[..., 0] if indices.ndim > 1 and indices.shape[-1] == 1 else indices
        return nn.one_hot(squeezed, depth, dtype=dtype)
    each = nn.one_hot(indices, depth, dtype=dtype)
    if mode == "multi_hot":
        return jnp.max(each, axis=-2)
    return jnp.sum(each if weights is None else each * jnp.asarray(weights, dtype)[..., None], axis=-2)


@register("layer")
class CategoryEncoding(Layer):
    """Integer categories as vectors.

    Args:
        num_tokens: the number of categories.
        output_mode: "one_hot", a vector per element; "multi_hot", one per row with 1 where a category occurs; "count",
            one per row with how often it does.
        sparse: refused if True.

    `call` takes `count_weights` beside the inputs: how much each element counts in "count" mode. Categories out of
    range give zeros; Keras on JAX does so, too.

    >>> import numpy as np
    >>> CategoryEncoding(3, "count")(np.array([[0, 2, 2]])).tolist()
    [[1.0, 0.0, 2.0]]
    """

    domains = {"num_tokens": positive_int, "output_mode": one_of("one_hot", "multi_hot", "count", "binary")}

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse(self, sparse)
        self.num_tokens, self.output_mode = num_tokens, OLD_MODES.get(output_mode, output_mode)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors."""
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: `count_weights` mean something in the output mode 'count' only.",
                    got=f"output_mode={self.output_mode!r}, count_weights={brief(count_weights)}",
                )
            )
        assert self.num_tokens is not None
        indices = jnp.asarray(inputs).astype("int32")
        return encode(indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)
