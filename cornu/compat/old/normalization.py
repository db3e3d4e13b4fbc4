"""Batch normalization and embeddings with what they could do in Keras 1 only."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import random
from cornu.kernels.normalize import normalize
from cornu.layers import embedding, normalization
from cornu.registry import register_keras_serializable
from cornu.signature import interval, maybe, nonnegative_int, one_of


@register_keras_serializable("keras1")
class BatchNormalization(normalization.BatchNormalization):
    """`cornu.layers.BatchNormalization` with Keras 1's `mode`

    Args:
        epsilon, axis, momentum: as today.
        mode: 0, as today; 1: each sample by itself over its last axis,
            gamma * (x - mean) / (sqrt(variance + epsilon) + epsilon) + beta; 2: by the statistics of the batch in
            inference, too, and without moving averages.

    The other arguments are those of today's layer, as are the weights, in every mode.

    >>> import numpy as np
    >>> BatchNormalization(mode=2, epsilon=0.0)(np.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """

    domains = {"mode": one_of(0, 1, 2)}

    def __init__(
        self, epsilon: float = 1e-3, mode: int = 0, axis: int = -1, momentum: float = 0.99, **kwargs: Any
    ) -> None:
        super().__init__(axis, momentum, epsilon, **kwargs)
        self.mode = mode

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalized inputs."""
        if self.mode == 0:
            return super().call(inputs, training, mask)
        x = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
        if self.mode == 1:
            mean, deviation = x.mean(-1, keepdims=True), jnp.sqrt(x.var(-1, keepdims=True) + self.epsilon)
            outputs = (x - mean) / (deviation + self.epsilon)
            outputs = outputs if self.gamma is None else outputs * self.gamma.value
            return (outputs if self.beta is None else outputs + self.beta.value).astype(self.compute_dtype)
        channels = self.axis % x.ndim
        axes = tuple(axis for axis in range(x.ndim) if axis != channels)
        shape = [size if axis == channels else 1 for axis, size in enumerate(x.shape)]
        return normalize(x, *self._gamma_and_beta(x, shape), axes, self.epsilon)[0].astype(self.compute_dtype)


@register_keras_serializable("keras1")
class Embedding(embedding.Embedding):
    """`cornu.layers.Embedding` that drops whole words in training

    Args:
        dropout: the probability with which a row is 0 during a step, for all samples; the others are divided by
            1 - dropout.
        seed: makes the draws repeatable.

    The other arguments are those of today's layer.

    Source: Gal and Ghahramani, 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks",
    arXiv:1512.05287.

    >>> import numpy as np
    >>> Embedding(10, 4, dropout=0.5)(np.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    domains = {"dropout": interval(0, 1, "[)"), "seed": maybe(nonnegative_int)}

    def __init__(
        self, input_dim: int, output_dim: int, dropout: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(input_dim, output_dim, **kwargs)
        self.dropout, self.seed = dropout, seed
        if dropout > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The rows, in training some of them 0."""
        rows = super().call(inputs)
        if not training or self.dropout == 0:
            return rows
        kept = random.dropout(jnp.ones(self.input_dim, rows.dtype), self.dropout, seed=self.seed_generator)
        return rows * jnp.take(kept, inputs.astype("int32"), axis=0)[..., None]
