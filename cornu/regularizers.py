"""Penalties on weights or outputs, added to the loss. A regularizer is called with a tensor and gives a scalar."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import registry
from cornu.errors import explain
from cornu.registry import register
from cornu.signature import Configurable, Domain, maybe, nonnegative, one_of
from cornu.symbolic import as_array

_finite = Domain("a finite number of 0 or more", lambda v: nonnegative.test(v) and float(v) < float("inf"))


@register("regularizer")
class Regularizer(Configurable):
    """Base of the regularizers; a subclass writes `__call__(x)`, which gives a scalar.

    Difference from Keras: `get_config` is derived from the constructor and need not be written.
    """

    def __call__(self, x: Any) -> Any:
        """The penalty; none here."""
        return 0.0


def _sum_absolute(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.abs(x))


def _sum_squares(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.square(x))


@register("regularizer")
class L1(Regularizer):
    """l1 * sum |x|

    >>> float(L1(0.5)([1.0, -3.0]))
    2.0
    """

    domains = {"l1": maybe(_finite)}

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = float(0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> jax.Array:
        """The penalty, in the dtype of x."""
        return self.l1 * _sum_absolute(as_array(x))


@register("regularizer")
class L2(Regularizer):
    """l2 * sum x²

    >>> float(L2(0.5)([1.0, -3.0]))
    5.0
    """

    domains = {"l2": maybe(_finite)}

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = float(0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> jax.Array:
        """The penalty, in the dtype of x."""
        return self.l2 * _sum_squares(as_array(x))


@register("regularizer", "l1_l2")
class L1L2(Regularizer):
    """l1 * sum |x| + l2 * sum x²

    >>> float(L1L2(0.5, 0.5)([1.0, -3.0]))
    7.0
    """

    domains = {"l1": maybe(_finite), "l2": maybe(_finite)}

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = float(l1 or 0.0), float(l2 or 0.0)

    def __call__(self, x: Any) -> jax.Array:
        """The penalty, in the dtype of x."""
        x = as_array(x)
        penalty = jnp.zeros((), x.dtype)
        if self.l1:
            penalty += self.l1 * _sum_absolute(x)
        if self.l2:
            penalty += self.l2 * _sum_squares(x)
        return penalty


@register("regularizer")
class OrthogonalRegularizer(Regularizer):
    """factor * mean over pairs of rows of |cos(angle between them)|

    It pulls the rows ("rows") or columns ("columns") of a matrix towards right angles; their lengths don't matter.

    Raises:
        ValueError: for a tensor that isn't a matrix.

    >>> float(OrthogonalRegularizer(1.0)([[1.0, 0.0], [2.0, 0.0]]))
    1.0
    """

    domains = {"factor": _finite, "mode": one_of("rows", "columns")}

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor, self.mode = float(factor), mode

    def __call__(self, inputs: Any) -> jax.Array:
        """The penalty, in the dtype of the inputs."""
        vectors = as_array(inputs)
        if vectors.ndim != 2:
            raise ValueError(
                explain("OrthogonalRegularizer takes matrices.", expected="2 axes", got=f"shape {vectors.shape}")
            )
        vectors = vectors if self.mode == "rows" else vectors.T
        squares = jnp.sum(jnp.square(vectors), axis=1, keepdims=True)
        vectors = vectors * jax.lax.rsqrt(jnp.maximum(squares, 1e-12))
        count = vectors.shape[0]
        cosines = (vectors @ vectors.T) * (1.0 - jnp.eye(count, dtype=vectors.dtype))
        return self.factor * 0.5 * _sum_absolute(cosines) / (count * (count - 1.0) / 2.0)


__getattr__ = registry.other_names("regularizer", __name__)


def get(identifier: Any) -> Any:
    """The regularizer that an argument stands for: None, a name, a config, a class or a callable.

    >>> get("l2").l2
    0.01
    """
    return registry.resolve("regularizer", identifier)


def serialize(regularizer: Any) -> Any:
    """The config of a regularizer, as data."""
    return registry.serialize(regularizer)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    """The regularizer of a config."""
    return registry.deserialize(config, custom_objects, kind="regularizer")
