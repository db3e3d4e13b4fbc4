"""Projections of weights, applied after every update. A constraint is called with a weight and gives the new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, registry
from cornu.registry import register
from cornu.signature import Configurable, interval, nonnegative
from cornu.symbolic import as_array


@register("constraint")
class Constraint(Configurable):
    """Base of the constraints; a subclass writes `__call__(w)`, which gives the projected weight.

    Difference from Keras: `get_config` is derived from the constructor and need not be written.
    """

    def __call__(self, w: Any) -> Any:
        """The projected weight; here the weight itself."""
        return w


def _norms(w: jax.Array, axis: int | Sequence[int]) -> jax.Array:
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    return jnp.sqrt(jnp.sum(jnp.square(w), axis=axis, keepdims=True))


@register("constraint")
class MaxNorm(Constraint):
    """w * min(|w|, max_value) / |w|: Euclidean norms along `axis` are at most `max_value`

    `axis`: 0 for a dense layer's kernel (inputs, outputs), (0, 1, 2) for a 2D convolution's (Srivastava et al., 2014).

    >>> MaxNorm(1.0)([[3.0], [4.0]]).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    domains = {"max_value": nonnegative}

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> jax.Array:
        """The projected weight."""
        w = as_array(w)
        norms = _norms(w, self.axis)
        return w * (jnp.clip(norms, 0, self.max_value) / (config.epsilon() + norms))


@register("constraint")
class NonNeg(Constraint):
    """max(w, 0)

    >>> NonNeg()([1.0, -2.0]).tolist()
    [1.0, 0.0]
    """

    def __call__(self, w: Any) -> jax.Array:
        """The projected weight."""
        return jnp.maximum(as_array(w), 0)


@register("constraint")
class UnitNorm(Constraint):
    """w / |w|: Euclidean norms along `axis` are 1

    >>> UnitNorm()([[3.0], [4.0]]).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> jax.Array:
        """The projected weight."""
        w = as_array(w)
        return w / (config.epsilon() + _norms(w, self.axis))


@register("constraint")
class MinMaxNorm(Constraint):
    """w * (rate * clip(|w|, min_value, max_value) + (1 - rate) * |w|) / |w|

    Euclidean norms along `axis` move towards the interval; with a rate of 1 they are in it after every update.

    >>> MinMaxNorm(1.0, 2.0)([[0.3], [0.4]]).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    domains = {"min_value": nonnegative, "max_value": nonnegative, "rate": interval(0, 1)}

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> jax.Array:
        """The projected weight."""
        w = as_array(w)
        norms = _norms(w, self.axis)
        wanted = self.rate * jnp.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (config.epsilon() + norms))


__getattr__ = registry.other_names("constraint", __name__)


def get(identifier: Any) -> Any:
    """The constraint that an argument stands for: None, a name, a config, a class or a callable.

    >>> get("unit_norm").axis
    0
    """
    return registry.resolve("constraint", identifier)


def serialize(constraint: Any) -> Any:
    """The config of a constraint, as data."""
    return registry.serialize(constraint)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    """The constraint of a config."""
    return registry.deserialize(config, custom_objects, kind="constraint")
