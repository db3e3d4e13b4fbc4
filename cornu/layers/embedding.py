"""Tables of vectors for integers, and masks for padding."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import constraints, initializers, regularizers, tags
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import boolean, maybe, positive, positive_int


@register("layer")
class Embedding(Layer):
    """Row i of a table for each integer i: embeddings[x]

    Input: integers (...), output (..., output_dim). Weight: embeddings (input_dim, output_dim).

    Args:
        input_dim: the number of rows: the largest integer plus 1.
        output_dim: the length of a row.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the table.
        mask_zero: whether 0 is padding, which the layers that follow pass over.
        weights: the initial table, or a list with it.

    Integers outside the table give NaN, as in Keras on JAX.

    >>> import numpy as np
    >>> Embedding(10, 4)(np.array([[1, 2, 0]])).shape
    (1, 3, 4)
    """

    domains = {"input_dim": positive_int, "output_dim": positive_int, "mask_zero": boolean}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None and kwargs.get("input_shape") is None:
            kwargs["input_shape"] = (length,)
        super().__init__(**kwargs)
        self.input_dim, self.output_dim, self.mask_zero = int(input_dim), int(output_dim), mask_zero
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.autocast = False
        self._recorded.pop("weights", None)  # they are saved with the other weights
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def _config_names(self, cls: type) -> list[str]:
        return [name for name in super()._config_names(cls) if name != "weights"]

    def build(self, input_shape: Any = None) -> None:
        """Makes the table."""
        if not self.built:
            self.embeddings = self.add_weight(
                (self.input_dim, self.output_dim),
                self.embeddings_initializer,
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
                name="embeddings",
            )

    def call(self, inputs: Any) -> Any:
        """The rows."""
        if inputs.dtype not in (jnp.int32, jnp.int64):
            inputs = inputs.astype("int32")
        return jnp.take(self.embeddings.value, inputs, axis=0).astype(self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the input isn't 0."""
        return inputs != 0 if self.mask_zero else None


@register("layer")
class ReversibleEmbedding(Embedding):
    """An embedding that also goes back: embeddings[x], and with `reverse=True` x · embeddingsᵀ

    Args:
        input_dim, output_dim: as in `Embedding`.
        tie_weights: whether the way back uses the same table, or one of its own, `reverse_embeddings`.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero: as in `Embedding`.
        reverse_dtype: the dtype of the way back; default: the compute dtype.
        logit_soft_cap: c, for c * tanh(logits / c) on the way back.

    Source: Press and Wolf, 2017, "Using the Output Embedding to Improve Language Models".

    >>> import numpy as np
    >>> layer = ReversibleEmbedding(10, 4)
    >>> layer(layer(np.array([1, 2])), reverse=True).shape
    (2, 10)
    """

    domains = {"tie_weights": boolean, "logit_soft_cap": maybe(positive)}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Makes the table, and the one for the way back."""
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.reverse_embeddings = self.add_weight(shape, self.embeddings_initializer, name="reverse_embeddings")

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The rows, or on the way back the logits of the integers."""
        if not reverse:
            outputs = super().call(inputs)
            tags.set_mask(outputs, super().compute_mask(inputs))
            return outputs
        kernel = self.embeddings.value.T if self.tie_weights else self.reverse_embeddings.value
        if self.reverse_dtype is not None:
            inputs, kernel = inputs.astype(self.reverse_dtype), kernel.astype(self.reverse_dtype)
        logits = inputs @ kernel
        cap = self.logit_soft_cap
        return logits if cap is None else jnp.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: `call` puts the mask beside the rows."""
        return None


@register("layer")
class Masking(Layer):
    """Marks the time steps whose features all equal `mask_value` as padding, and sets them to 0.

    Input (batch, time, ..., features), output the same; the mask has every axis but the last.

    >>> import numpy as np
    >>> Masking(-1.0)(np.array([[[2.0], [-1.0]]])).tolist()
    [[[2.0], [0.0]]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where a feature differs from `mask_value`."""
        return jnp.any(inputs != self.mask_value, axis=-1)

    def call(self, inputs: Any) -> Any:
        """The inputs, 0 where they are masked."""
        return jnp.where(self.compute_mask(inputs)[..., None], inputs, jnp.zeros_like(inputs))
