"""Normalization by the mean and the variance of the data, and its gradient, in as few passes over them as it takes.

For batches: what automatic differentiation makes of the formula reads and writes the data about twice as often. Where
the statistics are those of a sample, XLA joins the passes by itself.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def normalize(x: Any, gamma: Any, beta: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any, Any]:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, then the mean and the variance over `axes`, which stay as 1

    gamma and beta are numbers, or arrays that broadcast against x.

    >>> y, mean, variance = normalize(jnp.array([1.0, 3.0]), 2.0, 1.0, (0,), 0.0)
    >>> y.tolist(), mean.tolist(), variance.tolist()
    ([-1.0, 3.0], [2.0], [1.0])
    """
    mean = x.mean(axes, keepdims=True)
    # XLA would keep the differences in memory if two sums used them: here it is mean - x, in the gradient x - mean.
    variance = jnp.square(mean - x).mean(axes, keepdims=True)
    return gamma * _standard(x, mean, lax.rsqrt(variance + epsilon)) + beta, mean, variance


def _standard(x: Any, mean: Any, factor: Any) -> Any:
    """(x - mean) * factor"""
    return x * factor - mean * factor


@normalize.defjvp
def _differentiate(axes: tuple[int, ...], epsilon: float, at: tuple, tangents: tuple) -> tuple[tuple, tuple]:
    (x, gamma, beta), (dx, dgamma, dbeta) = at, tangents
    y, mean, variance = normalize(x, gamma, beta, axes, epsilon)
    factor = lax.rsqrt(variance + epsilon)
    dmean, covariance = dx.mean(axes, keepdims=True), ((x - mean) * dx).mean(axes, keepdims=True)
    # Gathered by what goes through the data once, so that the gradients by gamma and beta are the sums for that by x.
    scale = dgamma - gamma * jnp.square(factor) * covariance
    shift = dbeta - gamma * factor * dmean
    dy = scale * _standard(x, mean, factor) + gamma * factor * dx + shift
    return (y, mean, variance), (dy, dmean, 2 * covariance)
