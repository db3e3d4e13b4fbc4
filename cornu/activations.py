"""Activation functions: plain functions of a tensor, elementwise unless they say otherwise.

They take arrays, variables and symbolic tensors, and keep a floating-point dtype. Gradients where a function has
a corner are those of `jax.nn`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import registry, tags
from cornu.registry import register
from cornu.symbolic import as_array, op


def _activation(*aliases: str) -> Any:
    return lambda function: register("activation", *aliases)(op(function))


@_activation()
def linear(x: Any) -> Any:
    """x

    >>> linear(3.0)
    3.0
    """
    return x


@_activation()
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """max(x, 0); with arguments: max_value above it, x from threshold on, negative_slope * (x - threshold) below

    >>> relu([-1.0, 2.0]).tolist(), relu([-1.0, 9.0], 0.5, max_value=6).tolist()
    ([0.0, 2.0], [-0.5, 6.0])
    """
    x = as_array(x)
    if negative_slope == 0 and threshold == 0:
        return _capped(jax.nn.relu(x), max_value)
    if max_value is None and threshold == 0:
        return jax.nn.leaky_relu(x, negative_slope)
    above = jnp.where(x > threshold, x, jnp.zeros_like(x)) if threshold else jax.nn.relu(x)
    above = _capped(above, max_value)
    return above - negative_slope * jax.nn.relu(threshold - x) if negative_slope else above


def _capped(x: jax.Array, max_value: float | None) -> jax.Array:
    if max_value is None:
        return x
    return jax.nn.relu6(x) if max_value == 6 else jnp.clip(x, 0, max_value)


@_activation()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> jax.Array:
    """x where x > 0, else negative_slope * x (Maas et al., 2013)

    >>> leaky_relu([-1.0, 2.0], 0.5).tolist()
    [-0.5, 2.0]
    """
    return jax.nn.leaky_relu(as_array(x), negative_slope)


@_activation()
def relu6(x: Any) -> jax.Array:
    """min(max(x, 0), 6) (Krizhevsky, 2010)

    >>> relu6([-1.0, 2.0, 9.0]).tolist()
    [0.0, 2.0, 6.0]
    """
    return jax.nn.relu6(as_array(x))


@_activation()
def elu(x: Any, alpha: float = 1.0) -> jax.Array:
    """x where x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2016, arXiv:1511.07289)

    >>> elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return jax.nn.elu(as_array(x), alpha)


@_activation()
def celu(x: Any, alpha: float = 1.0) -> jax.Array:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0) (Barron, 2017, arXiv:1704.07483)

    >>> celu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return jax.nn.celu(as_array(x), alpha)


@_activation()
def selu(x: Any) -> jax.Array:
    """1.0507 * (x where x > 0, else 1.6733 * (exp(x) - 1)) (Klambauer et al., 2017, arXiv:1706.02515)

    With `LecunNormal` initial weights it keeps mean 0 and variance 1 from layer to layer.

    >>> selu([0.0]).tolist()
    [0.0]
    """
    return jax.nn.selu(as_array(x))


@_activation()
def gelu(x: Any, approximate: bool = False) -> jax.Array:
    """x * Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016, arXiv:1606.08415)

    `approximate`: by x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))).

    >>> gelu([0.0]).tolist()
    [0.0]
    """
    return jax.nn.gelu(as_array(x), approximate)


@_activation("swish")
def silu(x: Any) -> jax.Array:
    """x * sigmoid(x) (Ramachandran et al., 2017, arXiv:1710.05941)

    >>> silu([0.0]).tolist()
    [0.0]
    """
    return jax.nn.silu(as_array(x))


@_activation()
def mish(x: Any) -> jax.Array:
    """x * tanh(log(1 + exp(x))) (Misra, 2019, arXiv:1908.08681)

    >>> mish([0.0]).tolist()
    [0.0]
    """
    x = as_array(x)
    return x * jnp.tanh(jax.nn.softplus(x))


@_activation()
def glu(x: Any, axis: int = -1) -> jax.Array:
    """a * sigmoid(b), a and b the two halves of x along `axis` (Dauphin et al., 2017, arXiv:1612.08083)

    Raises an error where the axis has an odd size.

    >>> glu([[4.0, 0.0]]).tolist()
    [[2.0]]
    """
    return jax.nn.glu(as_array(x), axis)


@_activation()
def softplus(x: Any) -> jax.Array:
    """log(1 + exp(x))

    >>> softplus([0.0]).round(3).tolist()
    [0.6930000185966492]
    """
    return jax.nn.softplus(as_array(x))


@_activation()
def softsign(x: Any) -> jax.Array:
    """x / (1 + |x|)

    >>> softsign([-1.0, 3.0]).tolist()
    [-0.5, 0.75]
    """
    return jax.nn.soft_sign(as_array(x))


@_activation()
def squareplus(x: Any, b: float = 4) -> jax.Array:
    """(x + sqrt(x² + b)) / 2 (Barron, 2021, arXiv:2112.11687)

    >>> squareplus([0.0]).tolist()
    [1.0]
    """
    return jax.nn.squareplus(as_array(x), b)


@_activation()
def sparse_plus(x: Any) -> jax.Array:
    """0 where x <= -1, x where x >= 1, (x + 1)² / 4 between

    >>> sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    return jax.nn.sparse_plus(as_array(x))


@_activation()
def sparse_sigmoid(x: Any) -> jax.Array:
    """clip((x + 1) / 2, 0, 1)

    >>> sparse_sigmoid([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return jax.nn.sparse_sigmoid(as_array(x))


@_activation()
def tanh(x: Any) -> jax.Array:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))

    >>> tanh([0.0]).tolist()
    [0.0]
    """
    return jnp.tanh(as_array(x))


@_activation()
def tanh_shrink(x: Any) -> jax.Array:
    """x - tanh(x)

    >>> tanh_shrink([0.0]).tolist()
    [0.0]
    """
    x = as_array(x)
    return x - jnp.tanh(x)


@_activation()
def hard_tanh(x: Any) -> jax.Array:
    """clip(x, -1, 1)

    >>> hard_tanh([-2.0, 0.5]).tolist()
    [-1.0, 0.5]
    """
    return jax.nn.hard_tanh(as_array(x))


@_activation()
def hard_shrink(x: Any, threshold: float = 0.5) -> jax.Array:
    """x where |x| > threshold, else 0

    >>> hard_shrink([-0.3, 0.8]).round(3).tolist()
    [0.0, 0.800000011920929]
    """
    x = as_array(x)
    return jnp.where(jnp.abs(x) > threshold, x, 0.0)


@_activation()
def soft_shrink(x: Any, threshold: float = 0.5) -> jax.Array:
    """x - threshold above it, x + threshold below -threshold, else 0

    >>> soft_shrink([-1.5, 0.25, 1.5]).tolist()
    [-1.0, 0.0, 1.0]
    """
    x = as_array(x)
    return jnp.where(x > threshold, x - threshold, jnp.where(x < -threshold, x + threshold, 0.0))


@_activation()
def threshold(x: Any, threshold: float, default_value: float) -> jax.Array:
    """x where x > threshold, else default_value

    >>> threshold([1.0, 3.0], 2.0, -1.0).tolist()
    [-1.0, 3.0]
    """
    x = as_array(x)
    return jnp.where(x > threshold, x, default_value)


@_activation()
def exponential(x: Any) -> jax.Array:
    """exp(x)

    >>> exponential([0.0]).tolist()
    [1.0]
    """
    return jnp.exp(as_array(x))


@_activation()
def sigmoid(x: Any) -> jax.Array:
    """1 / (1 + exp(-x))

    A loss that is given the result computes from x, which is exact where the sigmoid saturates. Difference from
    Keras on JAX: there it computes from the clipped probabilities.

    >>> sigmoid([0.0]).tolist()
    [0.5]
    """
    x = as_array(x)
    result = jax.nn.sigmoid(x)
    tags.set_logits(result, "sigmoid", x)
    return result


@_activation()
def log_sigmoid(x: Any) -> jax.Array:
    """-log(1 + exp(-x))

    >>> log_sigmoid([0.0]).round(3).tolist()
    [-0.6930000185966492]
    """
    return jax.nn.log_sigmoid(as_array(x))


@_activation()
def hard_sigmoid(x: Any) -> jax.Array:
    """clip(x / 6 + 1 / 2, 0, 1)

    Difference from Keras 1 and 2, which had the slope 0.2: files of theirs are converted by the loader.

    >>> hard_sigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return jax.nn.hard_sigmoid(as_array(x))


@_activation("hard_swish")
def hard_silu(x: Any) -> jax.Array:
    """x * hard_sigmoid(x) (Howard et al., 2019, arXiv:1905.02244)

    >>> hard_silu([-3.0, 0.0, 3.0]).tolist()
    [-0.0, 0.0, 3.0]
    """
    return jax.nn.hard_silu(as_array(x))


@_activation()
def softmax(x: Any, axis: int | tuple[int, ...] = -1) -> jax.Array:
    """exp(x) / sum exp(x) along `axis`

    A loss that is given the result of the last axis computes from x, which is exact where a probability vanishes.
    Difference from Keras on JAX: there it computes from the clipped probabilities.

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    x = as_array(x)
    result = jax.nn.softmax(x, axis)
    if axis in (-1, x.ndim - 1):
        tags.set_logits(result, "softmax", x)
    return result


@_activation()
def log_softmax(x: Any, axis: int | tuple[int, ...] = -1) -> jax.Array:
    """x - log sum exp(x) along `axis`

    >>> log_softmax([0.0, 0.0]).round(3).tolist()
    [-0.6930000185966492, -0.6930000185966492]
    """
    return jax.nn.log_softmax(as_array(x), axis)


@_activation()
def sparsemax(x: Any, axis: int = -1) -> jax.Array:
    """max(x - tau, 0) along `axis`, tau such that the sum is 1 (Martins and Astudillo, 2016, arXiv:1602.02068)

    The projection on the probability simplex: small entries become exactly 0. Difference from Keras 3.15: the
    results sum to 1 there only where a single one isn't 0.

    >>> sparsemax([2.0, 1.5, 0.0]).tolist()
    [0.75, 0.25, 0.0]
    """
    x = jnp.moveaxis(as_array(x), axis, -1)
    descending = -jnp.sort(-x, axis=-1)
    total, rank = jnp.cumsum(descending, axis=-1), jnp.arange(1, x.shape[-1] + 1)
    inside = descending * rank > total - 1
    tau = (jnp.sum(descending, axis=-1, where=inside, keepdims=True) - 1) / jnp.sum(inside, axis=-1, keepdims=True)
    return jnp.moveaxis(jnp.maximum(x - tau, 0), -1, axis)


swish, hard_swish = silu, hard_silu


def get(identifier: Any) -> Any:
    """The activation that an argument stands for: None (linear), a name, a config, a class or a callable.

    >>> get("swish").__name__, get(None).__name__
    ('silu', 'linear')
    """
    return linear if identifier is None else registry.resolve("activation", identifier)


def serialize(activation: Any) -> Any:
    """The name of an activation; a config, as data, for one that isn't built in."""
    return registry.serialize(activation)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    """The activation of a name or a config."""
    return registry.deserialize(config, custom_objects, kind="activation")
