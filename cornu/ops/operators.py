"""Operators and methods of symbolic tensors: each records the operation of its name, as if that had been called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cornu.ops import arrays, core, elementwise, indexing, linalg
from cornu.symbolic import KerasTensor

_BINARY = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.mod,
    "pow": elementwise.power,
    "matmul": linalg.matmul,
    "and": elementwise.logical_and,
    "or": elementwise.logical_or,
    "xor": elementwise.logical_xor,
}
_COMPARISONS = {
    "ne": elementwise.not_equal,
    "lt": elementwise.less,
    "le": elementwise.less_equal,
    "gt": elementwise.greater,
    "ge": elementwise.greater_equal,
}
_METHODS: dict[str, Any] = {
    "__neg__": elementwise.negative,
    "__abs__": elementwise.absolute,
    "__invert__": elementwise.logical_not,
    "__getitem__": indexing.get_item,
    "__round__": lambda x, ndigits=None: elementwise.round(x, ndigits or 0),
    "reshape": lambda x, *newshape: arrays.reshape(x, newshape[0] if len(newshape) == 1 else newshape),
    "squeeze": arrays.squeeze,
    "astype": core.cast,
}


def _swapped(function: Callable) -> Callable:
    return lambda self, other: function(other, self)


def _forward(function: Callable) -> Callable:
    return lambda self, other: function(self, other)


def _method(function: Callable) -> Callable:
    return lambda self, *args, **kwargs: function(self, *args, **kwargs)


def give_operators(cls: type) -> None:
    """Gives a class of tensors the operators.

    `==` stays identity, as in Keras: symbolic tensors are looked up in lists and dicts.
    """
    for name, function in _BINARY.items():
        setattr(cls, f"__{name}__", _forward(function))
        setattr(cls, f"__r{name}__", _swapped(function))
    for name, function in _COMPARISONS.items():
        setattr(cls, f"__{name}__", _forward(function))
    for name, method in _METHODS.items():
        setattr(cls, name, _method(method))
    cls.T = property(arrays.transpose)  # type: ignore[attr-defined]
    cls.__array_ufunc__ = None  # type: ignore[attr-defined]  # NumPy leaves its operators to these


give_operators(KerasTensor)
