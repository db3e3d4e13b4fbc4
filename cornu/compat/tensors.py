"""What programs ask a tensor of TensorFlow: `x.numpy()`, `x.get_shape()`, `x.shape.as_list()`.

Tensors are JAX's arrays, and tracers in compiled functions. `install` gives their classes, in this process only,
the methods that such programs call.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import ops
from cornu.compat import dialect, notices
from cornu.errors import explain
from cornu.symbolic import KerasTensor


class TensorShape(tuple):
    """A shape: a tuple of sizes, None where one is unknown, that can be asked as TensorFlow's can.

    >>> TensorShape((None, 3)).as_list(), TensorShape((2, 3))[-1], TensorShape((2, 3)).num_elements()
    ([None, 3], 3, 6)
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable | None = ()) -> TensorShape:
        if dims is None:
            raise ValueError(explain("A shape of unknown rank can't be had.", expected="a list of sizes", got=None))
        return super().__new__(cls, dims)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return TensorShape(found) if isinstance(index, slice) else found

    def as_list(self) -> list:
        """The sizes as a list."""
        return list(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)

    rank = ndims

    @property
    def dims(self) -> list:
        """The sizes as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """The product of the sizes; None if one is unknown."""
        return None if None in self else math.prod(self)

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def numpy(self) -> np.ndarray:
        """The sizes as an array."""
        return np.array(self, "int32")


class Text(np.ndarray):
    """A tensor of text: an array of Python's strings, which `.numpy()` gives as bytes, as TensorFlow does.

    >>> words = Text.of(["one", "two"])
    >>> words.numpy().tolist(), words[0].numpy(), [word.numpy().decode() for word in words]
    ([b'one', b'two'], b'one', ['one', 'two'])
    """

    @classmethod
    def of(cls, value: Any) -> Text:
        """A tensor of a string, or of an array or nested list of them."""
        return np.asarray(value, dtype=object).view(cls)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return found if isinstance(found, Text) else Text.of(found)

    def __iter__(self) -> Iterator:
        return (self[i] for i in range(len(self)))

    def numpy(self) -> Any:
        """The text as bytes: one, or an array of them."""
        if self.ndim == 0:
            return _bytes(self.item())
        return np.array([_bytes(one) for one in self.ravel().tolist()] or [], dtype=object).reshape(self.shape)

    def get_shape(self) -> TensorShape:
        """The shape."""
        return TensorShape(self.shape)


def _bytes(text: Any) -> Any:
    return text.encode() if isinstance(text, str) else text


def _numpy(self: jax.Array) -> np.ndarray:
    """The value, as an array of the program's own."""
    return np.array(self)


def _no_value(self: Any, *_: Any) -> Any:
    raise AttributeError(
        explain(
            "`.numpy()` was called on a tensor that has no value here: its function is being compiled.",
            fix="Return the tensor and call .numpy() on the result, or run the function in plain Python: "
            "tf.config.run_functions_eagerly(True), for fit compile(run_eagerly=True).",
        )
    )


def _get_shape(self: Any) -> TensorShape:
    return TensorShape(self.shape)


def _eval(self: jax.Array, session: Any = None, feed_dict: Any = None) -> np.ndarray:
    return np.array(self)


def _dimshuffle(self: Any, *pattern: Any) -> Any:
    """Theano's order of axes: their numbers, and "x" for a new one of size 1; an axis that is left out has size 1."""
    order = pattern[0] if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)) else pattern
    kept = [axis for axis in order if axis != "x"]
    dropped = [axis for axis in range(len(self.shape)) if axis not in kept]
    result = ops.transpose(self, [*kept, *dropped])
    result = ops.squeeze(result, tuple(range(len(kept), len(self.shape)))) if dropped else result
    for place, axis in enumerate(order):
        result = ops.expand_dims(result, place) if axis == "x" else result
    return result


def noted(get: Callable[[Any], Any]) -> property:
    """What Keras noted on its tensors, and programs note for it: the value is found, and a given one says nothing."""
    return property(get, lambda self, value: None)


_plain = {name: getattr(jax.core.Tracer, name) for name in ("__ne__", "__bool__")}
_different = [0]


def _is_different(self: Any, other: Any) -> Any:
    result = _plain["__ne__"](self, other)
    _different[0] = id(result)
    return result


def _is_true(self: Any) -> bool:
    """Until TensorFlow 2, `==` asked whether two tensors are the same one: `if K.sum(y_true) == 0` never was true.

    Nothing else that is traced was true or false in a program that ran.
    """
    own = not notices.is_library(sys._getframe(1).f_code.co_filename)
    if not own or self.dtype != bool or not dialect.current().before("tf.keras"):
        return _plain["__bool__"](self)
    notices.note("if tensor == ...", "never true: it asked whether both are the same tensor; K.equal compares values")
    return id(self) == _different[0]


_NOTED = {"_uses_learning_phase": noted(lambda self: False), "_keras_shape": noted(lambda self: tuple(self.shape))}
_ARRAY: type = type(jnp.zeros(()))
_SIZES = {np.shape: lambda a: tuple(a.shape), np.ndim: lambda a: a.ndim, np.size: lambda a: a.size}


def _array_function(self: jax.Array, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
    """A function of NumPy on tensors, which gives NumPy's arrays: they can be written to, and be keys of a dict.

    Where JAX and cornu themselves call one (`np.flip`), it stays what it is to JAX's arrays, with their gradients.
    """
    caller = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0]
    if caller in ("jax", "cornu"):
        return func._implementation(*args, **kwargs)  # type: ignore[attr-defined]
    if func in _SIZES and not kwargs and len(args) == 1:
        return _SIZES[func](self)
    args, kwargs = jax.tree.map(lambda v: np.asarray(v) if isinstance(v, _ARRAY) else v, (args, kwargs))
    return func(*args, **kwargs)


_CONCRETE: dict[str, Any] = {
    "numpy": _numpy,
    "get_shape": _get_shape,
    "eval": _eval,
    "set_shape": lambda self, shape: None,
    "__array_function__": _array_function,
}
_CONCRETE |= {"dimshuffle": _dimshuffle, **_NOTED}
_TRACED: dict[str, Any] = {
    "numpy": _no_value,
    "eval": _no_value,
    "get_shape": _get_shape,
    "set_shape": lambda self, shape: None,
}
_TRACED |= {"dimshuffle": _dimshuffle, "__bool__": _is_true, "__ne__": _is_different, **_NOTED}
_SYMBOLIC: dict[str, Any] = {"numpy": _no_value, "dimshuffle": _dimshuffle}
_missing = object()
_before: list[tuple[type, str, Any]] = []


def _sizes(getter: Callable[[Any], Any]) -> property:
    """A property that gives the same shape, as one that can be asked."""
    return property(lambda self: TensorShape(getter(self)))


def install() -> None:
    """Gives tensors the methods; once."""
    if _before:
        return
    for cls, methods in ((_ARRAY, _CONCRETE), (jax.core.Tracer, _TRACED), (KerasTensor, _SYMBOLIC)):
        for name, method in methods.items():
            _put(cls, name, method)
    for cls in (_ARRAY, KerasTensor):
        getter = cls.__dict__["shape"].fget
        _put(cls, "shape", _sizes(getter))
    _put(jax.core.Tracer, "shape", _sizes(lambda self: self.aval.shape))


def uninstall() -> None:
    """Takes them away again."""
    while _before:
        cls, name, value = _before.pop()
        if value is _missing:
            delattr(cls, name)
        else:
            setattr(cls, name, value)


def _put(cls: type, name: str, value: Any) -> None:
    _before.append((cls, name, cls.__dict__.get(name, _missing)))
    setattr(cls, name, value)
