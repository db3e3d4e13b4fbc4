"""`tf.function`: compiles a Python function by tracing it; one that asks tensors for values runs in plain Python."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any

import jax
import numpy as np

from cornu import tree, variables
from cornu.compat import notices
from cornu.compat.tensorflow.calls import is_concrete
from cornu.compat.tensorflow.config import functions_run_eagerly
from cornu.compat.tensorflow.data import Dataset
from cornu.errors import explain
from cornu.variables import Variable

_NEEDS_VALUES = (jax.errors.JAXTypeError, jax.errors.UnexpectedTracerError, AttributeError, TypeError)
"""What a function raises that can't be traced: it asks tensors for values, or gives back what is no tensor."""


class Function:
    """A Python function that is compiled when it is called: once for each kind of arguments.

    Tensors and arrays among the arguments are traced, everything else is part of the kind. Variables that it reads and
    writes are carried in and out. Where the function can't be traced because it asks for values (`if loss < best:`),
    it runs in plain Python from then on, and a notice says so.

    Difference from TensorFlow: Python code isn't rewritten (there is no autograph), and there is no graph to be had.
    """

    def __init__(self, function: Callable, what: str | None = None) -> None:
        functools.update_wrapper(self, function)
        self.python_function = function
        self._what = what or f"@tf.function on {getattr(function, '__qualname__', function)}"
        self._compiled: dict[Any, Callable] = {}
        self._plain = False

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        name = f"_compiled_{self.python_function.__name__}"
        bound = instance.__dict__.get(name) if hasattr(instance, "__dict__") else None
        if bound is None:
            bound = Function(MethodType(self.python_function, instance))
            if hasattr(instance, "__dict__"):
                object.__setattr__(instance, name, bound)
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        if any(isinstance(value, Dataset) for value in given):  # a loop over data: its steps are compiled, not it
            return self.python_function(*args, **kwargs)
        if self._plain or functions_run_eagerly() or variables.is_scoped() or not is_concrete(args, kwargs):
            return self.python_function(*args, **kwargs)
        leaves, structure = tree.flatten_with((args, kwargs), is_leaf=_is_whole)
        places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (jax.Array, np.ndarray)) and _is_number(leaf)]
        fixed = tuple(None if i in places else _Fixed(leaf) for i, leaf in enumerate(leaves))
        compiled = self._compiled.get((structure, fixed))
        if compiled is None:
            compiled = self._compiled[structure, fixed] = variables.jit(self._traceable(structure, leaves, places))
        try:
            return compiled(*(leaves[i] for i in places))
        except _NEEDS_VALUES as error:
            if not _asks_for_values(error):
                raise
            self._plain = True
            notices.note(
                self._what,
                "it runs in plain Python, slower: it asks tensors for values, and cornu doesn't rewrite Python code",
            )
            return self.python_function(*args, **kwargs)

    def _traceable(self, structure: Any, leaves: list, places: list[int]) -> Callable:
        rest = [None if i in places else leaf for i, leaf in enumerate(leaves)]

        def run(*arrays: Any) -> Any:
            filled = list(rest)
            for place, array in zip(places, arrays, strict=True):
                filled[place] = array
            args, kwargs = tree.unflatten(structure, filled)
            return self.python_function(*args, **kwargs)

        return run

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Any:
        """Not to be had: there is no graph."""
        raise NotImplementedError(
            explain(
                "tf.function: get_concrete_function() gives TensorFlow's graph, and cornu has none.",
                fix="Save the model with model.save(), or run this program with TensorFlow itself.",
            )
        )


class _Fixed:
    """An argument that isn't traced: equal to another where both are equal and of one type."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Fixed) or type(self.value) is not type(other.value):
            return False
        plain = isinstance(self.value, (str, bytes, int, float, bool, type(None)))
        return self.value == other.value if plain else self.value is other.value

    def __hash__(self) -> int:
        return hash(self.value) if isinstance(self.value, (str, bytes, int, float, bool)) else id(type(self.value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, Variable) or value is None


def _is_number(value: Any) -> bool:
    return value.dtype.kind not in "OUS"


def _asks_for_values(error: Exception) -> bool:
    if isinstance(error, (AttributeError, TypeError)) and not isinstance(error, jax.errors.JAXTypeError):
        return any(text in str(error) for text in ("compiled", "not a valid JAX type", "Tracer"))
    return True


def function(
    func: Callable | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    **experimental: Any,
) -> Any:
    """`@tf.function`, with arguments and without; those besides the function are accepted, and change nothing.

    >>> import jax.numpy as jnp
    >>> float(function(lambda x: x * 2)(jnp.float32(3)))
    6.0
    """
    for name in experimental:
        if not name.startswith("experimental_"):
            raise TypeError(explain(f"tf.function: there is no argument {name!r}.", fix="Leave it out."))
    return Function if func is None else Function(func)
