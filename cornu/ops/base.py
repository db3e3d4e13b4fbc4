"""How operations are made: the decorator, and templates for those that are one function of `jax.numpy`.

Every operation takes arrays, anything array-like, variables and symbolic tensors. dtypes follow JAX's promotion:
Python numbers are weak and take the other side's dtype. Integers where a function needs real numbers become
`floatx()`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, dtypes
from cornu.registry import register
from cornu.symbolic import op, plain

Axis = int | tuple[int, ...] | list[int] | None


def operation(*aliases: str) -> Callable[[Callable], Callable]:
    """Decorator: makes a plain function an operation, under its name and aliases."""
    return lambda function: register("operation", *aliases)(op(function))


def tensor(x: Any, dtype: Any = None) -> jax.Array:
    """The JAX array of a value."""
    if isinstance(x, jax.Array) and (dtype is None or x.dtype == dtype):
        return x
    return jnp.asarray(plain(x), dtype=dtype)


def floating(x: Any) -> jax.Array:
    """The same, real or complex: integers and booleans become `floatx()`."""
    x = tensor(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(config.floatx())


def optional_dtype(dtype: Any) -> str | None:
    """A dtype's canonical name; None stays None."""
    return None if dtype is None else dtypes.standardize(dtype)


def axes(axis: Any) -> Any:
    """An axis argument as JAX takes it: lists become tuples."""
    return builtins.tuple(axis) if isinstance(axis, list) else axis


# Templates. Each gives an operation with Keras's signature; `equation` becomes its docstring.


def _made(call: Callable, function: Callable, name: str | None, equation: str, aliases: tuple[str, ...]) -> Callable:
    call.__name__ = call.__qualname__ = name or function.__name__
    call.__doc__ = equation
    call.__module__ = sys._getframe(2).f_globals["__name__"]  # the file that uses the template
    return operation(*aliases)(call)


def unary(
    function: Callable, equation: str, *aliases: str, name: str | None = None, real: bool = False
) -> Callable[[Any], jax.Array]:
    """An elementwise operation of one tensor; `real`: of real numbers."""
    convert = floating if real else tensor

    def call(x: Any) -> jax.Array:
        return function(convert(x))

    return _made(call, function, name, equation, aliases)


def binary(
    function: Callable, equation: str, *aliases: str, name: str | None = None
) -> Callable[[Any, Any], jax.Array]:
    """An elementwise operation of two tensors, which are broadcast."""

    def call(x1: Any, x2: Any) -> jax.Array:
        return function(tensor(x1), tensor(x2))

    return _made(call, function, name, equation, aliases)


def bitwise(
    function: Callable, equation: str, *aliases: str, name: str | None = None
) -> Callable[[Any, Any], jax.Array]:
    """The same; Keras calls the arguments of bitwise operations x and y."""

    def call(x: Any, y: Any) -> jax.Array:
        return function(tensor(x), tensor(y))

    return _made(call, function, name, equation, aliases)


def reduction(
    function: Callable, equation: str, *aliases: str, name: str | None = None, real: bool = False
) -> Callable[..., jax.Array]:
    """An operation along one axis, several, or all (None)."""
    convert = floating if real else tensor

    def call(x: Any, axis: Axis = None, keepdims: bool = False) -> jax.Array:
        return function(convert(x), axis=axes(axis), keepdims=keepdims)

    return _made(call, function, name, equation, aliases)


def cumulative(function: Callable, equation: str, name: str | None = None) -> Callable[..., jax.Array]:
    """An operation that gives its partial results along an axis; None flattens first."""

    def call(x: Any, axis: int | None = None, dtype: Any = None) -> jax.Array:
        return function(tensor(x), axis=axis, dtype=optional_dtype(dtype))

    return _made(call, function, name, equation, ())
