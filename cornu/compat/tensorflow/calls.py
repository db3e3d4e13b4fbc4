"""How TensorFlow's functions are called, over cornu's mathematics; and what is said of those that aren't here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu.compat import notices
from cornu.compat.tensors import Text
from cornu.errors import explain, nearest
from cornu.symbolic import KerasTensor, has_symbolic, op, plain
from cornu.variables import Variable

OLD_ARGUMENTS = {"keep_dims": "keepdims", "reduction_indices": "axis", "dim": "axis"}
"""TensorFlow 1's names of arguments."""

IGNORED = ("name", "parallel_iterations", "back_prop", "swap_memory", "validate_indices", "validate_shape")
"""Arguments that say nothing about the result."""


def serve(name: str, function: Callable) -> Callable:
    """A function with TensorFlow's arguments as TensorFlow has it: `name=` and the like are taken and ignored."""
    code = function.__code__ if hasattr(function, "__code__") else None
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for key in [key for key in kwargs if key not in known]:
            if key in IGNORED:
                del kwargs[key]
            elif OLD_ARGUMENTS.get(key) in known:
                notices.note(f"tf.{name}({key}=...)", f"tf.{name}({OLD_ARGUMENTS[key]}=...)")
                kwargs[OLD_ARGUMENTS[key]] = kwargs.pop(key)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = function.__name__ = function.__qualname__ = name
    return call


def served(rows: Mapping[str, Callable]) -> dict[str, Callable]:
    """A table's functions, as TensorFlow has them."""
    return {name: serve(name, function) for name, function in rows.items()}


def missing(module: str, name: str, names: Iterable[str], fix: str | None = None) -> AttributeError:
    """The error for a name that the stand-in doesn't have."""
    if name.startswith("__"):
        return AttributeError(name)
    path = f"tf.{module}.{name}" if module else f"tf.{name}"
    public = [known for known in names if not known.startswith("_")]
    return AttributeError(
        explain(
            f"{path}: cornu serves a small part of TensorFlow, and this isn't in it.{nearest(name, public)}",
            fix=fix or "Use keras.ops or cornu.ops for it, or run this program with TensorFlow itself.",
        )
    )


def is_concrete(*values: Any) -> bool:
    """Whether all values are known now: none is symbolic, none a tracer."""
    return not has_symbolic(values, {}) and not any(isinstance(v, jax.core.Tracer) for v in jax.tree.leaves(values))


def sizes(shape: Any) -> tuple:
    """A shape given as numbers, a list of numbers and tensors, or a tensor."""
    if isinstance(shape, (Variable, np.ndarray, jax.Array)):
        shape = np.asarray(shape).tolist()
    if not isinstance(shape, (list, tuple)):
        shape = (shape,)
    return tuple(int(size) if isinstance(size, (np.ndarray, np.generic, jax.Array)) else size for size in shape)


def kind(dtype: Any) -> str | None:
    """A dtype's name, without the 64 bits that JAX is not set to; None stays None."""
    if dtype is None:
        return None
    name = dtypes.standardize(dtype)
    return name if name == "string" else str(jax.dtypes.canonicalize_dtype(dtypes.numpy_dtype(name)))


def as_array(value: Any) -> Any:
    """An array; Python's floats are float32, integers int32; text stays Python's."""
    if isinstance(value, Variable):
        value = value.value
    if hasattr(value, "dtype"):
        return Text.of(value) if isinstance(value, np.ndarray) and value.dtype.kind in "USO" else value
    if hasattr(value, "to_numpy"):
        return value.to_numpy()
    if not is_concrete(value) or any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
        return jnp.asarray(plain(value))
    array = np.asarray(value)
    if array.dtype.kind in "USO":
        return Text.of(array)
    return array.astype({"f": "float32", "i": "int32"}.get(array.dtype.kind, array.dtype), copy=False)


def mathematics(function: Callable) -> Callable:
    """A function of JAX on an array as one that also takes lists, variables and symbolic tensors."""
    return op(lambda x, *args: function(jnp.asarray(as_array(x)), *args))


def is_symbolic(value: Any) -> bool:
    """Whether a value is a symbolic tensor."""
    return isinstance(value, KerasTensor)
