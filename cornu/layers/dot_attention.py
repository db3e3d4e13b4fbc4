"""Attention: weighted sums of values, whose weights are the softmax of how well queries match keys."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import random
from cornu.errors import brief, explain
from cornu.layers.activation import as_bool, large_negative
from cornu.layers.layer import Layer
from cornu.random import SeedGenerator
from cornu.registry import register
from cornu.signature import boolean, interval, maybe, nonnegative_int, one_of

_rate, _seed = interval(0, 1, "[)"), maybe(nonnegative_int)


def causal_mask(queries: Any, keys: Any) -> Any:
    """True where a query may look: at keys that aren't behind it. (queries, keys)"""
    return jnp.arange(queries)[:, None] >= jnp.arange(keys)


def masked_softmax(scores: Any, mask: Any, axes: tuple[int, ...]) -> Any:
    """The softmax of scores, in 32 bits at least, that leaves out what the mask says False to."""
    if mask is not None:
        scores = jnp.where(mask, scores, large_negative(scores.dtype))
    return jax.nn.softmax(scores.astype(jnp.promote_types(scores.dtype, jnp.float32)), axis=axes)


class _ListAttention(Layer):
    """Base of the attentions on [query, value] or [query, value, key]; a subclass writes `_scores(query, key)`."""

    def __init__(self, use_scale: bool, dropout: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale, self.dropout, self.seed = use_scale, dropout, seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def _scores(self, query: Any, key: Any) -> Any:
        raise NotImplementedError

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The weighted sums (batch, T, size), and with `return_attention_scores` the weights (batch, T, S)."""
        self._check(inputs, mask)
        query, value, key = inputs if len(inputs) == 3 else (*inputs, inputs[1])
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self._scores(query, key)
        seen = None if value_mask is None else as_bool(value_mask)[:, None, :]
        if use_causal_mask:
            causal = causal_mask(scores.shape[-2], scores.shape[-1])[None]
            seen = causal if seen is None else seen & causal
        weights = masked_softmax(scores, seen, (-1,)).astype(value.dtype)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        outputs = weights @ value
        if query_mask is not None:
            outputs = jnp.where(as_bool(query_mask)[..., None], outputs, 0)
        return (outputs, weights) if return_attention_scores else outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the query."""
        return mask[0] if mask else None

    def _check(self, inputs: Any, mask: Any = None) -> None:
        for what, value in (("inputs", inputs), ("mask", mask)):
            if value is not None and not (isinstance(value, (list, tuple)) and len(value) in (2, 3)):
                raise ValueError(
                    explain(
                        f"Layer {self.name!r}: argument `{what}` is wrong.",
                        expected="a list [query, value] or [query, value, key]",
                        got=brief(value),
                    )
                )


@register("layer")
class Attention(_ListAttention):
    """softmax(query · keyᵀ) · value (Luong et al., 2015), for a list [query, value] or [query, value, key]

    Args:
        use_scale: whether the scores are multiplied by a trained number, `scale`.
        score_mode: "dot", or "concat" for weight * sum tanh(scale * (query + key)), with a trained weight.
        dropout: the rate at which weights are dropped in training.
        seed: of the dropout.

    Shapes: query (batch, T, size), key and value (batch, S, size), output (batch, T, size).

    >>> import numpy as np
    >>> Attention()([np.ones((2, 5, 3)), np.ones((2, 4, 3))]).shape
    (2, 5, 3)
    """

    domains = {"use_scale": boolean, "score_mode": one_of("dot", "concat"), "dropout": _rate, "seed": _seed}

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(use_scale, dropout, seed, **kwargs)
        self.score_mode = score_mode

    def build(self, input_shape: Any) -> None:
        """Makes the scale and the weight, where there are any."""
        self._check(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight") if concat else None

    def _scores(self, query: Any, key: Any) -> Any:
        scale = 1 if self.scale is None else self.scale.value
        if self.concat_score_weight is None:
            return query @ key.swapaxes(-2, -1) * scale
        matches = jnp.tanh(scale * (query[..., :, None, :] + key[..., None, :, :]))
        return self.concat_score_weight.value * matches.sum(-1)


@register("layer")
class AdditiveAttention(_ListAttention):
    """softmax(sum scale * tanh(query + key)) · value (Bahdanau et al., 2015), for [query, value] or [query, value, key]

    `use_scale`: whether there is a trained `scale` (size,); else it is 1. The other arguments are those of `Attention`.

    >>> import numpy as np
    >>> AdditiveAttention()([np.ones((2, 5, 3)), np.ones((2, 4, 3))]).shape
    (2, 5, 3)
    """

    domains = {"use_scale": boolean, "dropout": _rate, "seed": _seed}

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale, dropout, seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Makes the scale."""
        self._check(input_shape)
        shape = (input_shape[0][-1],)
        self.scale = self.add_weight(shape, "glorot_uniform", name="scale") if self.use_scale else None

    def _scores(self, query: Any, key: Any) -> Any:
        scale = 1 if self.scale is None else self.scale.value
        return (scale * jnp.tanh(query[..., :, None, :] + key[..., None, :, :])).sum(-1)
