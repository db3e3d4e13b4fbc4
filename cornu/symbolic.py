"""Symbolic tensors, and the graph that plain functions and layers record when they are called on them.

Shapes come from tracing: a `None` in a shape is a symbolic dimension of `jax.export`, and a function's result has
the shape that `jax.eval_shape` gives. So a symbolic call and an eager one run the same code and can't disagree.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.export
import jax.numpy as jnp
import numpy as np

from cornu import _jax, dtypes, naming, tree
from cornu.errors import explain
from cornu.tracebacks import boundary
from cornu.variables import Scope, Variable

_order = itertools.count()
_UNDECIDED = (jax.errors.InconclusiveDimensionOperation, NotImplementedError)


@functools.cache
def _symbols() -> Any:
    return jax.export.SymbolicScope()


@functools.cache
def dimension(axis: int | str) -> Any:
    """The symbolic size of an unknown axis: unknown axes at the same position share it."""
    return jax.export.symbolic_shape(f"d{axis}", scope=_symbols())[0]


def abstract(shape: Sequence[int | None], dtype: Any) -> jax.ShapeDtypeStruct:
    """The abstract array of a shape in which None is an unknown size."""
    sizes = tuple(dimension(axis) if size is None else size for axis, size in enumerate(shape))
    return jax.ShapeDtypeStruct(sizes, dtypes.numpy_dtype(dtype))


class KerasTensor:
    """A tensor without a value: a shape, in which None is an unknown size, a dtype, and where it came from.

    >>> x = KerasTensor((None, 3), "float32")
    >>> (x + 1).shape
    (None, 3)
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        sparse: bool = False,
        record_history: bool = True,
        name: str | None = None,
        aval: jax.ShapeDtypeStruct | None = None,
    ) -> None:
        self.name = name or naming.auto_name("keras_tensor")
        self.aval = abstract(shape, dtype) if aval is None else aval
        self.dtype, self.sparse, self.record_history = dtypes.standardize(self.aval.dtype), sparse, record_history
        self.node: Any = None
        self.index = 0

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes; None where unknown."""
        return tuple(size if isinstance(size, int) else None for size in self.aval.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.aval.shape)

    def _no_value(self) -> str:
        return explain(
            f"The symbolic tensor {self.name!r} has no value.",
            fix="Use layers and cornu.ops on it, or put NumPy and jax.numpy code into a Layer's or Lambda's call.",
        )

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(self._no_value())

    __array__ = __bool__ = __float__ = __int__ = __iter__ = _refuse

    @property
    def __jax_array__(self) -> Any:  # JAX looks for it first; in place of a TypeError it would say something of its own
        if _jax.asked_by_operator():  # array + tensor: the array leaves it to the tensor, which has no such attribute
            raise AttributeError
        raise ValueError(self._no_value())

    def __len__(self) -> int:
        if self.ndim and self.shape[0] is not None:
            return self.shape[0]
        return self._refuse()

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, name={self.name}>"


class Node:
    """One recorded call: the operation (a layer, or a function of `cornu.ops`), its arguments, its results."""

    def __init__(self, operation: Callable, args: tuple, kwargs: dict, results: Any) -> None:
        self.operation, self.args, self.kwargs, self.results = operation, args, kwargs, results
        self.name = getattr(operation, "name", None) or naming.auto_name(operation.__name__)
        self.order = next(_order)
        for index, tensor in enumerate(self.outputs):
            tensor.node, tensor.index = self, index

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments."""
        return [v for v in tree.walk((self.args, self.kwargs)) if isinstance(v, KerasTensor)]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors that came out."""
        return [v for v in tree.flatten(self.results) if isinstance(v, KerasTensor)]

    def __repr__(self) -> str:
        return f"<Node {self.name}>"


def has_symbolic(*values: Any) -> bool:
    """Whether a symbolic tensor is among, or nested in, values."""
    return any(isinstance(v, KerasTensor) for v in tree.walk(values))


class ShapesOnly(Scope):
    """Reading a variable gives zeros of its shape, which tracing never computes: no initial value is needed."""

    def read(self, variable: Variable) -> Any:
        if id(variable) not in self._values:
            self._values[id(variable)] = jnp.zeros(variable.shape, dtypes.numpy_dtype(variable.dtype))
        return self._values[id(variable)]


@boundary
def infer(function: Callable, args: Sequence[Any], kwargs: dict | None = None) -> Any:
    """The abstract results of a function on arguments among which symbolic tensors stand for arrays.

    A function that needs to know an unknown size is tried with two sizes; what differs between them is unknown. An
    unknown size that meets a fixed one, as in x + ones((32, 1)), is taken for that one.
    """
    leaves, structure = jax.tree.flatten((tuple(args), kwargs or {}))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, KerasTensor)]

    def run(*tensors: Any) -> Any:
        filled = list(leaves)
        for place, tensor in zip(places, tensors, strict=True):
            filled[place] = tensor
        called_args, called_kwargs = jax.tree.unflatten(structure, filled)
        with ShapesOnly():
            return function(*called_args, **called_kwargs)

    avals = [leaves[i].aval for i in places]
    try:
        return jax.eval_shape(run, *avals)
    except _UNDECIDED as error:
        if all(isinstance(size, int) for aval in avals for size in aval.shape):
            raise
        return _probe(run, avals, error)
    except (TypeError, ValueError) as error:
        return _fixed(run, avals, error)


def _fixed(run: Callable, avals: list[jax.ShapeDtypeStruct], error: Exception) -> Any:
    """The results for the unknown sizes that an error names set to a fixed size that it names; else the error."""
    text = str(error)
    named = set(re.findall(r"\bd\d+\b", text))
    fixed = {int(digits) for digits in re.findall(r"\b\d+\b", text)} - {0, 1}
    for number in sorted(fixed if named else ()):
        sizes = [[number if str(size) in named else size for size in aval.shape] for aval in avals]
        filled = [jax.ShapeDtypeStruct(shape, aval.dtype) for shape, aval in zip(sizes, avals, strict=True)]
        try:
            return jax.eval_shape(run, *filled)
        except Exception:
            continue
    raise error


def _probe(run: Callable, avals: list[jax.ShapeDtypeStruct], error: Exception) -> Any:
    def fill(size: int) -> list[jax.ShapeDtypeStruct]:
        return [
            jax.ShapeDtypeStruct([s if isinstance(s, int) else size for s in aval.shape], aval.dtype) for aval in avals
        ]

    try:
        first, second = jax.eval_shape(run, *fill(64)), jax.eval_shape(run, *fill(96))
    except Exception:
        raise error from None

    def merge(a: jax.ShapeDtypeStruct, b: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return abstract([m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)], a.dtype)

    return jax.tree.map(merge, first, second)


def record(operation: Callable, args: tuple, kwargs: dict, results: Any) -> Any:
    """Symbolic tensors for abstract `results`, joined to their arguments by a node."""
    prefix = getattr(operation, "name", None) or operation.__name__
    tensors = jax.tree.map(lambda aval: KerasTensor((), name=naming.auto_name(f"{prefix}_output"), aval=aval), results)
    Node(operation, args, kwargs, tensors)
    return tensors


def op(function: Callable) -> Callable:
    """Makes a plain function over arrays one that also takes variables and symbolic tensors.

    On symbolic tensors it records itself as a node of the graph.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if has_symbolic(args, kwargs):
            return record(call, args, kwargs, infer(function, args, kwargs))
        return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})

    return call


def plain(value: Any) -> Any:
    """A value in which variables, also nested ones, are replaced by their arrays."""
    if isinstance(value, Variable):
        return value.value
    if isinstance(value, (list, tuple)) and any(isinstance(v, (Variable, list, tuple)) for v in value):
        made = map(plain, value)
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return value


def as_array(value: Any, dtype: Any = None) -> Any:
    """An array of a value: what layers and operations compute on."""
    if isinstance(value, (jax.Array, np.ndarray)) and dtype is None:
        return value
    return jnp.asarray(plain(value), dtype=dtype)
