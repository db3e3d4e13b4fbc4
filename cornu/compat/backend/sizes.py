"""Shapes as values: `K.shape(x)` of a symbolic tensor holds sizes that are known when the graph runs."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import tree
from cornu.symbolic import KerasTensor, Node, op, plain


class Size(KerasTensor):
    """An unknown size of a symbolic tensor: a scalar of the graph that may stand in shapes.

    Args:
        sources: the tensors whose shapes it depends on.
        measure: the size, given the values of `sources`.

    Its sum, product ... with integers and sizes is a size; with other tensors, a tensor.
    """

    def __init__(self, sources: Sequence[KerasTensor], measure: Callable[[Sequence[Any]], Any]) -> None:
        super().__init__((), aval=jax.ShapeDtypeStruct((), "int32"))
        self.sources, self.measure = list(sources), measure

        def size(values: Sequence[Any]) -> Any:
            return measure(values)

        Node(size, (self.sources,), {}, self)


def _give_arithmetic() -> None:
    for name in ("add", "sub", "mul", "floordiv", "mod"):
        setattr(Size, f"__{name}__", _arithmetic(getattr(operator, name), getattr(KerasTensor, f"__{name}__")))
        setattr(
            Size, f"__r{name}__", _arithmetic(_swapped(getattr(operator, name)), getattr(KerasTensor, f"__r{name}__"))
        )


def _swapped(function: Callable) -> Callable:
    return lambda a, b: function(b, a)


def _arithmetic(function: Callable, general: Callable) -> Callable:
    def call(self: Size, other: Any) -> Any:
        if isinstance(other, Size):
            first = len(self.sources)
            return Size(
                [*self.sources, *other.sources],
                lambda values: function(self.measure(values[:first]), other.measure(values[first:])),
            )
        if isinstance(other, int):
            return Size(self.sources, lambda values: function(self.measure(values), other))
        return general(self, other)

    return call


class Shape(tuple):
    """The sizes of a tensor's axes; arithmetic is that of each size, and a slice is a shape.

    >>> Shape((4, 6)) // 2, Shape((4, 6, 8))[1:] + 1
    (Shape(2, 3), Shape(7, 9))
    """

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Shape(found) if isinstance(index, slice) else found

    def __repr__(self) -> str:
        return f"Shape({', '.join(map(repr, self))})"

    def _each(self, other: Any, function: Callable) -> Shape:
        others = other if isinstance(other, (list, tuple)) else [other] * len(self)
        return Shape(function(a, b) for a, b in zip(self, others, strict=True))

    def __add__(self, other: Any) -> Any:
        return self._each(other, operator.add)

    def __radd__(self, other: Any) -> Any:
        return self._each(other, _swapped(operator.add))

    def __sub__(self, other: Any) -> Any:
        return self._each(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._each(other, _swapped(operator.sub))

    def __mul__(self, other: Any) -> Any:
        return self._each(other, operator.mul)

    def __rmul__(self, other: Any) -> Any:
        return self._each(other, operator.mul)

    def __floordiv__(self, other: Any) -> Any:
        return self._each(other, operator.floordiv)


jax.tree_util.register_pytree_node(Shape, lambda shape: (tuple(shape), None), lambda _, sizes: Shape(sizes))


def shape_of(x: Any) -> Shape:
    """The sizes of a tensor's axes: integers, symbolic ones within a trace, or a `Size` of a symbolic tensor."""
    if not isinstance(x, KerasTensor):
        value = plain(x)
        return Shape(value.shape if hasattr(value, "shape") else jnp.shape(value))
    return Shape(_size(x, axis) if size is None else size for axis, size in enumerate(x.shape))


def _size(x: KerasTensor, axis: int) -> Size:
    return Size([x], lambda values: values[0].shape[axis])


def are_sizes(values: Any) -> bool:
    """Whether a value is a list of sizes, some of them unknown or from a shape, and nothing else."""
    return isinstance(values, Shape) or (
        isinstance(values, (list, tuple)) and bool(values) and all(is_size(v) for v in values)
    )


def is_size(value: Any) -> bool:
    """Whether a value is an integer or a symbolic size."""
    return isinstance(value, (int, Size)) or type(value).__name__ == "_DimExpr"


class _Later:
    """Where a size stands among the arguments of a node, until the graph runs."""

    def __init__(self, size: Size) -> None:
        self.size = size


def with_sizes(function: Callable) -> Callable:
    """The same function, which takes unknown sizes among its arguments and then records itself as a whole."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        sizes = [v for v in tree.walk((args, kwargs)) if isinstance(v, Size)]
        if not sizes or function.__name__.lstrip("_") in STATIC:
            return function(*args, **kwargs)
        sources = list({id(t): t for size in sizes for t in size.sources}.values())
        args, kwargs = tree.map(lambda v: _Later(v) if isinstance(v, Size) else v, (args, kwargs))

        def run(values: Sequence[Any], args: tuple, kwargs: dict) -> Any:
            known = dict(zip(map(id, sources), values, strict=True))

            def fill(value: Any) -> Any:
                return value.size.measure([known[id(t)] for t in value.size.sources]) if _is_later(value) else value

            filled_args, filled_kwargs = tree.map(fill, (args, kwargs))
            return function(*filled_args, **filled_kwargs)

        run.__name__ = function.__name__
        return op(run)(sources, args, kwargs)

    return call


def _is_later(value: Any) -> bool:
    return isinstance(value, _Later)


_STATIC = (
    "stack concatenate prod cast shape shape_of int_shape ndim dtype count_params function gradients value_of "
    "batch_get_value is_tensor is_keras_tensor is_placeholder is_variable is_sparse learning_phase identity"
)
STATIC = frozenset(_STATIC.split())
"""Functions that look at sizes themselves, or at tensors as such."""

_give_arithmetic()
