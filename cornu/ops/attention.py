"""Attention by dot products."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import brief, explain
from cornu.ops.base import operation, tensor


@operation()
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> jax.Array:
    """softmax(scale * query keyᵀ + bias) value, for each head (Vaswani et al., 2017, arXiv:1706.03762)

    Args:
        query: (batch, targets, heads, size).
        key, value: (batch, sources, key heads, size); each key head serves heads / key heads ones.
        bias: added to the logits; broadcasts to (batch, heads, targets, sources).
        mask: False where a target must not look at a source; broadcasts likewise.
        scale: default 1 / sqrt(size).
        is_causal: whether target t looks at sources up to t only.
        flash_attention: True uses cuDNN's fused kernel, on GPUs that have it; None: `cornu.config` says, on GPUs.
        attn_logits_soft_cap: c replaces the logits by c * tanh(logits / c). Difference from Keras: on every platform.

    Logits and softmax are computed in at least 32 bits. Raises ValueError where an argument hasn't 4 axes.

    >>> x = jnp.ones((1, 2, 1, 4))
    >>> dot_product_attention(x, x, x).shape
    (1, 2, 1, 4)
    """
    query, key, value = tensor(query), tensor(key), tensor(value)
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ValueError(
            explain(
                "dot_product_attention: wrong shapes.",
                expected="4 axes: (batch, sequence, heads, size)",
                got=", ".join(map(brief, (query, key, value))),
            )
        )
    dtype = jnp.result_type(query, key, value)
    query, key, value = (x.astype(dtype) for x in (query, key, value))
    bias = None if bias is None else tensor(bias, dtype)
    mask = None if mask is None else tensor(mask, bool)
    if flash_attention is None:
        flash_attention = config.is_flash_attention_enabled() and jax.default_backend() == "gpu"
    if flash_attention:
        return jax.nn.dot_product_attention(
            query, key, value, bias, mask, scale=scale, is_causal=is_causal, implementation="cudnn"
        )
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    batch, targets, heads, size = query.shape
    sources, key_heads = key.shape[1:3]
    groups = (batch, key_heads, heads // key_heads, targets, sources)
    query = jnp.reshape(query, (batch, targets, *groups[1:3], size))
    wide = jnp.promote_types(dtype, "float32")
    logits = jnp.einsum("btkgh,bskh->bkgts", query, key, preferred_element_type=wide) * scale
    logits = jnp.reshape(logits, (batch, heads, targets, sources))
    if attn_logits_soft_cap is not None:
        logits = attn_logits_soft_cap * jnp.tanh(logits / attn_logits_soft_cap)
    logits = logits if bias is None else logits + bias
    weights = jax.nn.softmax(_masked(logits, mask, is_causal), axis=-1).astype(dtype)
    result = jnp.einsum("bkgts,bskh->btkgh", jnp.reshape(weights, groups), value)
    return jnp.reshape(result, (batch, targets, heads, value.shape[-1]))


def _masked(logits: jax.Array, mask: jax.Array | None, is_causal: bool) -> jax.Array:
    """The logits with a large negative number where nothing may be seen; a row without any source looks at all."""
    lowest = -0.7 * float(jnp.finfo(logits.dtype).max)
    if mask is not None:
        logits = jnp.where(mask, logits, lowest)
    if is_causal:
        targets, sources = logits.shape[-2:]
        logits = jnp.where(jnp.arange(targets)[:, None] >= jnp.arange(sources), logits, lowest)
    return logits
