"""Mathematics on each element, and reductions, with Keras 2's names and defaults."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import config, dtypes, ops
from cornu.compat.backend.offering import offer, offer_all
from cornu.compat.backend.sizes import Shape, are_sizes, is_size
from cornu.compat.backend.values import floating


def _unary(function: Callable) -> Callable:
    def call(x: Any) -> Any:
        return function(x)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def _binary(function: Callable) -> Callable:
    def call(x: Any, y: Any) -> Any:
        return function(x, y)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def _reduction(function: Callable, convert: Callable = lambda x: x) -> Callable:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(convert(x), axis=axis, keepdims=keepdims)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def _as_bool(x: Any) -> Any:
    return ops.cast(x, "bool")


offer_all(
    {
        **{
            name: _unary(getattr(ops, name))
            for name in ["exp", "log", "sin", "cos", "tanh", "sign", "square", "round", "softplus"]
        },
        **{name: _unary(getattr(ops, name)) for name in ["softsign", "sigmoid", "stop_gradient"]},
        "abs": _unary(ops.absolute),
        **{
            name: _binary(getattr(ops, name))
            for name in ["maximum", "minimum", "equal", "not_equal", "greater", "less"]
        },
        **{name: _binary(getattr(ops, name)) for name in ["greater_equal", "less_equal"]},
        "lesser": _binary(ops.less),
        "lesser_equal": _binary(ops.less_equal),
        **{name: _reduction(getattr(ops, name)) for name in ["max", "min", "sum", "logsumexp"]},
        **{name: _reduction(getattr(ops, name), floating) for name in ["mean", "std", "var"]},
        "all": _reduction(ops.all, _as_bool),
        "any": _reduction(ops.any, _as_bool),
    }
)


@offer()
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of a tensor's elements, or of sizes."""
    return math.prod(x) if are_sizes(x) and axis in (None, 0, -1) else ops.prod(x, axis=axis, keepdims=keepdims)


@offer()
def pow_(x: Any, a: Any) -> Any:
    """x ** a"""
    return ops.power(x, a)


@offer()
def sqrt(x: Any) -> Any:
    """The square root; of negative numbers, 0."""
    return ops.sqrt(ops.maximum(floating(x), 0))


@offer()
def clip(x: Any, min_value: Any = None, max_value: Any = None) -> Any:
    """x, at least `min_value` and at most `max_value`; None is no limit."""
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        max_value = max(min_value, max_value)
    if min_value is not None:
        x = ops.maximum(x, min_value)
    return x if max_value is None else ops.minimum(x, max_value)


@offer()
def argmax(x: Any, axis: int = -1) -> Any:
    """The index of the largest element along an axis."""
    return ops.argmax(x, axis=axis)


@offer()
def argmin(x: Any, axis: int = -1) -> Any:
    """The index of the smallest element along an axis."""
    return ops.argmin(x, axis=axis)


@offer()
def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums of the elements up to each."""
    return ops.cumsum(x, axis=axis)


@offer()
def cumprod(x: Any, axis: int = 0) -> Any:
    """The products of the elements up to each."""
    return ops.cumprod(x, axis=axis)


@offer()
def l2_normalize(x: Any, axis: Any = None) -> Any:
    """x / |x|, the Euclidean norm along an axis."""
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


@offer()
def cast(x: Any, dtype: Any) -> Any:
    """x in another dtype; sizes stay sizes among integers."""
    if (is_size(x) or isinstance(x, Shape)) and str(dtype).startswith("int"):
        return x
    return ops.cast(x, dtype)


@offer()
def result_type(*types: Any) -> str:
    """The dtype of a result of tensors, or dtypes, of these types."""
    return dtypes.standardize(jnp.result_type(*[getattr(t, "dtype", t) for t in types]))


@offer()
def cast_to_floatx(x: Any) -> Any:
    """x in the dtype `floatx()`; what is no tensor becomes a NumPy array."""
    tensor = hasattr(x, "dtype") and not isinstance(x, (np.ndarray, np.generic))
    return ops.cast(x, config.floatx()) if tensor else np.asarray(x, dtype=config.floatx())
