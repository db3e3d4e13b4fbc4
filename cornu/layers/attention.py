"""Attention with many heads, between projections of its inputs."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from string import ascii_lowercase as letters
from typing import Any

import jax.numpy as jnp

from cornu import constraints, initializers, regularizers
from cornu.errors import explain
from cornu.layers.activation import as_bool
from cornu.layers.core import EinsumDense
from cornu.layers.dot_attention import causal_mask, masked_softmax
from cornu.layers.layer import Layer
from cornu.layers.regularization import Dropout
from cornu.registry import register
from cornu.signature import Domain, boolean, either, integer, interval, maybe, nonnegative_int, positive_int

_whole_or_several = either(
    integer, Domain("a list of integers", lambda v: isinstance(v, (list, tuple)) and all(map(integer.test, v)))
)
_rate, _seed = interval(0, 1, "[)"), maybe(nonnegative_int)


class _Projected(Layer):
    """Base of the attentions between projections of their inputs."""

    _dropout_layer: Dropout

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.dropout, self.use_bias, self.use_gate, self.seed = dropout, use_bias, use_gate, seed
        self.sliding_window = sliding_window
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True

    def _project(
        self, name: str, input_shape: Sequence[Any], bound: int, sizes: Sequence[int], activation: Any = None
    ) -> EinsumDense:
        """A built dense layer that replaces the last `bound` axes of its inputs by axes of given sizes."""
        free = letters[: len(input_shape) - bound]
        summed, made = letters[len(free) : len(input_shape)], letters[len(input_shape) :][: len(sizes)]
        layer = EinsumDense(
            f"{free}{summed},{summed}{made}->{free}{made}",
            output_shape=[None] * (len(free) - 1) + list(sizes),
            activation=activation,
            bias_axes=made if self.use_bias else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            name=name,
        )
        layer.build(input_shape)
        return layer

    def _mask(self, query: Any, value: Any, masks: Sequence[Any], attention_mask: Any, causal: bool) -> Any:
        """All masks in one (batch, queries, keys): the inputs' own, the caller's, the causal one, the window."""
        query_mask, value_mask, key_mask = masks
        found: list[Any] = [None if query_mask is None else as_bool(query_mask)[..., :, None]]
        found += [None if mask is None else as_bool(mask)[..., None, :] for mask in (value_mask, key_mask)]
        found.append(None if attention_mask is None else attention_mask.astype(bool))
        queries, keys = query.shape[1], value.shape[1]
        if causal:
            found.append(causal_mask(queries, keys)[None])
        if self.sliding_window is not None:
            distance = jnp.abs(jnp.arange(queries)[:, None] - jnp.arange(keys))
            found.append((distance < self.sliding_window)[None])
        found = [mask for mask in found if mask is not None]
        return functools.reduce(operator.and_, found) if found else None

    def _attend(self, scores: Any, mask: Any, axes: int, empty: bool, dtype: Any, training: bool | None) -> tuple:
        """The weights of scores (..., heads, queries, keys), before and after dropout.

        A query that may look at nothing gets weights 0 where `empty` says so, else equal weights, as in Keras.
        """
        if mask is not None:
            mask = jnp.expand_dims(mask, tuple(range(-2 * axes - 1 - (scores.ndim - mask.ndim) + 1, -2 * axes)))
        weights = masked_softmax(scores, mask, tuple(range(-axes, 0)))
        if mask is not None and empty:
            weights = jnp.where(mask, weights, 0)
        weights = weights.astype(dtype)
        return weights, self._dropout_layer(weights, training=training) if self.dropout else weights


_projected_domains = {
    "dropout": _rate,
    "use_bias": boolean,
    "use_gate": boolean,
    "sliding_window": maybe(positive_int),
    "seed": _seed,
}


@register("layer")
class MultiHeadAttention(_Projected):
    """concat(headᵢ) · W + b with headᵢ = softmax(Qᵢ · Kᵢᵀ / sqrt(key_dim)) · Vᵢ

    Q, K and V are projections of query (batch, T, ...), key and value (batch, S, ...), with weights of their own for
    each of `num_heads` heads. Output: (batch, T, features of the query), or `output_shape` in place of the features.

    Args:
        num_heads: the number of heads.
        key_dim: the size of a head's queries and keys; `value_dim`: of its values, default the same.
        value_dim: see `key_dim`.
        dropout: the rate at which weights are dropped in training.
        use_bias: whether the projections have a bias.
        output_shape: the sizes of the output's last axes.
        attention_axes: the axes along which queries look at keys; default: all but batch and features.
        sliding_window: a query looks only at keys less than this far away.
        flash_attention: kept for Keras's signature; the compiler chooses.
        kernel_initializer, bias_initializer: of the projections.
        kernel_regularizer, bias_regularizer, activity_regularizer: of the projections.
        kernel_constraint, bias_constraint: of the projections.
        use_gate: whether the heads are multiplied by a sigmoid of the query.
        seed: of the dropout.

    Call: `(query, value, key=value, query_mask, value_mask, key_mask, attention_mask (batch, T, S),
    return_attention_scores, training, use_causal_mask)`. The output has the mask of the query.
    Difference from Keras: a `query_mask` that is passed counts; Keras takes only the one that the query carries.
    Source: Vaswani et al., 2017, arXiv:1706.03762.

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    (2, 5, 8)
    """

    domains = {
        **_projected_domains,
        "num_heads": positive_int,
        "key_dim": positive_int,
        "value_dim": maybe(positive_int),
        "attention_axes": maybe(_whole_or_several),
        "output_shape": maybe(_whole_or_several),
    }

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout, use_bias, sliding_window, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, use_gate, seed, **kwargs,
        )  # fmt: skip
        self.num_heads, self.key_dim, self.value_dim = int(num_heads), int(key_dim), int(value_dim or key_dim)
        self._output_shape = (output_shape,) if isinstance(output_shape, int) else output_shape and tuple(output_shape)
        self._recorded["output_shape"] = self._output_shape
        self.attention_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.flash_attention = flash_attention

    def build(
        self, query_shape: Sequence[Any], value_shape: Sequence[Any], key_shape: Sequence[Any] | None = None
    ) -> None:
        """Makes the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        check_same_length(self, value_shape, key_shape)
        self._query_dense = self._project("query", query_shape, 1, (self.num_heads, self.key_dim))
        self._key_dense = self._project("key", key_shape, 1, (self.num_heads, self.key_dim))
        values = (self.num_heads, self.value_dim)
        if self.use_gate:
            self._gate_dense = self._project("gate", query_shape, 1, values, "sigmoid")
        self._value_dense = self._project("value", value_shape, 1, values)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        sizes = self._output_shape or (query_shape[-1],)
        self._output_dense = self._project("attention_output", (*query_shape[:-1], *values), 2, sizes)

    query_dense = property(lambda self: self._query_dense, doc="The projection of the query.")
    key_dense = property(lambda self: self._key_dense, doc="The projection of the key.")
    value_dense = property(lambda self: self._value_dense, doc="The projection of the value.")
    output_dense = property(lambda self: self._output_dense, doc="The projection of the heads.")

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and with `return_attention_scores` the weights (batch, heads, T, S)."""
        mask = self._mask(query, value, (query_mask, value_mask, key_mask), attention_mask, use_causal_mask)
        queries, values = self._query_dense(query), self._value_dense(value)
        keys = self._key_dense(value if key is None else key)
        axes = self._axes(values.ndim)
        score, combine = _equations(values.ndim, axes)
        wide = jnp.promote_types(queries.dtype, jnp.float32)
        scores = jnp.einsum(score, queries, keys, preferred_element_type=wide) / math.sqrt(self.key_dim)
        empty = bool(self.dropout) or return_attention_scores or queries.ndim != 4
        weights, dropped = self._attend(scores, mask, len(axes), empty, values.dtype, training)
        heads = jnp.einsum(combine, dropped, values)
        outputs = self._output_dense(heads * self._gate_dense(query) if self.use_gate else heads)
        return (outputs, weights) if return_attention_scores else outputs

    def _axes(self, rank: int) -> tuple[int, ...]:
        """The axes along which queries look at keys, of projections (batch, ..., heads, size) of a rank."""
        return tuple(
            range(1, rank - 2) if self.attention_axes is None else (a % (rank - 1) for a in self.attention_axes)
        )

    def _penalize_activity(self, outputs: Any) -> None:
        """Nothing: the projections are penalized."""


def check_same_length(layer: Layer, value_shape: Sequence[Any], key_shape: Sequence[Any]) -> None:
    """Raises ValueError where values and keys differ in more than their features."""
    if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
        raise ValueError(
            explain(
                f"Layer {layer.name!r}: `key` doesn't fit `value`.",
                expected=f"shape {(*value_shape[:-1], '...')}",
                got=tuple(key_shape),
            )
        )


def _equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """The equations of the scores, and of the weights times the values, for (batch, ..., heads, size)."""
    query = letters[:rank]
    key = "".join(letter.upper() if axis in axes else letter for axis, letter in enumerate(query))
    scores = "".join(query[a] for a in range(rank - 1) if a not in axes)
    scores += "".join(query[a] for a in axes) + "".join(key[a] for a in axes)
    return f"{query},{key}->{scores}", f"{scores},{key}->{query}"


@register("layer", "GroupedQueryAttention", "grouped_query_attention")
class GroupQueryAttention(_Projected):
    """Attention in which several heads of queries share one head of keys and values.

    Args as in `MultiHeadAttention`, except:
        head_dim: the size of a head.
        num_query_heads: the number of heads of queries, a multiple of
        num_key_value_heads: the number of heads of keys and values.

    Difference from Keras: keys and values aren't repeated in memory.
    Source: Ainslie et al., 2023, arXiv:2305.13245.

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (2, 5, 8)
    """

    domains = {
        **_projected_domains,
        "head_dim": positive_int,
        "num_query_heads": positive_int,
        "num_key_value_heads": positive_int,
    }

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout, use_bias, sliding_window, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, use_gate, seed, **kwargs,
        )  # fmt: skip
        self.head_dim, self.flash_attention = int(head_dim), flash_attention
        self.num_query_heads, self.num_key_value_heads = int(num_query_heads), int(num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: the heads don't share out.",
                    expected=f"a `num_query_heads` that is a multiple of num_key_value_heads={num_key_value_heads}",
                    got=num_query_heads,
                )
            )

    def build(
        self, query_shape: Sequence[Any], value_shape: Sequence[Any], key_shape: Sequence[Any] | None = None
    ) -> None:
        """Makes the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        check_same_length(self, value_shape, key_shape)
        query, shared = (self.num_query_heads, self.head_dim), (self.num_key_value_heads, self.head_dim)
        self._query_dense = self._project("query", query_shape, 1, query)
        self._key_dense = self._project("key", key_shape, 1, shared)
        if self.use_gate:
            self._gate_dense = self._project("gate", query_shape, 1, query, "sigmoid")
        self._value_dense = self._project("value", value_shape, 1, shared)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        output_shape = (*query_shape[:-1], *query)
        self._output_dense = self._project("attention_output", output_shape, 2, (query_shape[-1],))

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and with `return_attention_scores` the weights (batch, query heads, T, S)."""
        mask = self._mask(query, value, (query_mask, value_mask, key_mask), attention_mask, use_causal_mask)
        queries, values = self._query_dense(query), self._value_dense(value)
        keys = self._key_dense(value if key is None else key)
        batch, length, heads, size = queries.shape
        # Letters: g the groups of heads, r the heads in a group, d the size of a head.
        queries = queries.reshape(batch, length, self.num_key_value_heads, -1, size)
        wide = jnp.promote_types(queries.dtype, jnp.float32)
        scores = jnp.einsum("btgrd,bsgd->bgrts", queries, keys, preferred_element_type=wide) / math.sqrt(size)
        scores = scores.reshape(batch, heads, length, keys.shape[1])
        empty = bool(self.dropout) or return_attention_scores
        weights, dropped = self._attend(scores, mask, 1, empty, values.dtype, training)
        grouped = dropped.reshape(batch, self.num_key_value_heads, -1, length, keys.shape[1])
        joined = jnp.einsum("bgrts,bsgd->btgrd", grouped, values).reshape(batch, length, heads, size)
        outputs = self._output_dense(joined * self._gate_dense(query) if self.use_gate else joined)
        return (outputs, weights) if return_attention_scores else outputs
