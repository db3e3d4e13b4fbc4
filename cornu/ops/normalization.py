"""Moments, and normalizations by them."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import brief, explain
from cornu.ops.base import axes as as_axes
from cornu.ops.base import floating, operation, tensor


def _wide(x: Any) -> tuple[jax.Array, Any]:
    """The tensor in at least 32 bits, and its own dtype."""
    x = tensor(x)
    return x.astype(jnp.promote_types(x.dtype, "float32")), x.dtype


@operation()
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[jax.Array, jax.Array]:
    """mean(x) and mean((x - mean(x))²) along axes

    16-bit numbers are computed in 32 bits, and kept within the range of 16 bits. `synchronized`: over all devices;
    under sharding that is so anyway.

    >>> [m.tolist() for m in moments([[1.0, 3.0]], 1)]
    [[2.0], [1.0]]
    """
    wide, dtype = _wide(x)
    axes = as_axes(axes)
    results: Any = jnp.mean(wide, axes, keepdims=keepdims), jnp.var(wide, axes, keepdims=keepdims)
    if dtype == "float16":
        limit = jnp.finfo(dtype).max
        results = tuple(jnp.clip(r, -limit, limit) for r in results)
    mean, variance = (r.astype(dtype) if jnp.issubdtype(dtype, jnp.floating) else r for r in results)
    return mean, variance


@operation()
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> jax.Array:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, one of each per entry of `axis` (Ioffe and Szegedy, 2015)

    >>> batch_normalization([[3.0]], [1.0], [4.0], -1, epsilon=0).tolist()
    [[1.0]]
    """
    x = tensor(x)
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, variance = (jnp.reshape(tensor(v), shape) for v in (mean, variance))
    factor = jax.lax.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * jnp.reshape(tensor(scale), shape)
    shift = -mean * factor
    if offset is not None:
        shift = shift + jnp.reshape(tensor(offset), shape)
    return x * factor + shift


@operation()
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> jax.Array:
    """(x - mean(x)) / sqrt(var(x) + epsilon) * gamma + beta, moments along `axis` (Ba et al., 2016, arXiv:1607.06450)

    `epsilon` defaults to `cornu.config.epsilon()`.

    >>> layer_normalization([[1.0, 3.0]]).round(3).tolist()
    [[-1.0, 1.0]]
    """
    epsilon = config.epsilon() if epsilon is None else epsilon
    x, dtype = _wide(x)
    along = sorted(a % x.ndim for a in (axis if isinstance(axis, (list, tuple)) else (axis,)))
    shape = [size if a in along else 1 for a, size in enumerate(x.shape)]

    def weight(value: Any) -> jax.Array:
        return jnp.reshape(tensor(value, x.dtype), shape)

    mean, variance = jnp.mean(x, tuple(along), keepdims=True), jnp.var(x, tuple(along), keepdims=True)
    factor = jax.lax.rsqrt(variance + epsilon)
    if kwargs.pop("rms_scaling", False):
        warnings.warn("`rms_scaling` divides by the deviation, not by the size: use rms_normalization.", stacklevel=3)
        mean, beta = jnp.zeros_like(mean), None
    factor = factor if gamma is None else factor * weight(gamma)
    result = x * factor - mean * factor
    return (result if beta is None else result + weight(beta)).astype(dtype)


@operation()
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> jax.Array:
    """x / sqrt(mean(x²) + epsilon) * scale, along `axis` (Zhang and Sennrich, 2019, arXiv:1910.07467)

    `epsilon` defaults to `cornu.config.epsilon()`.

    >>> rms_normalization([[3.0, 3.0]]).round(3).tolist()
    [[1.0, 1.0]]
    """
    epsilon = config.epsilon() if epsilon is None else epsilon
    x, dtype = _wide(x)
    x = jnp.atleast_1d(x)
    result = x * jax.lax.rsqrt(jnp.mean(jnp.square(x), as_axes(axis), keepdims=True) + epsilon)
    return (result if scale is None else result * tensor(scale, x.dtype)).astype(dtype)


@operation()
def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> jax.Array:
    """x / max(|x|, epsilon), |x| the norm of an order along `axis`

    `epsilon` defaults to `cornu.config.epsilon()`. The gradient at 0 is that of x / epsilon; Keras has NaN there.

    Raises:
        ValueError: where the order isn't an integer of 1 or more.

    >>> normalize([3.0, 4.0]).round(3).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(explain("normalize: `order` is wrong.", expected="an integer of 1 or more", got=brief(order)))
    epsilon = config.epsilon() if epsilon is None else epsilon
    x, dtype = _wide(jnp.atleast_1d(floating(x)))
    if order == 2:
        norm = jnp.sqrt(jnp.maximum(jnp.sum(jnp.square(x), axis=axis, keepdims=True), epsilon**2))
    else:
        norm = jnp.maximum(jnp.linalg.norm(x, order, axis, keepdims=True), epsilon)
    return (x / norm).astype(dtype)
