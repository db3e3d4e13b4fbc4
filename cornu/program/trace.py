"""Function and shapes in, program out."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import _jax, tree
from cornu.errors import brief, explain
from cornu.program import show


@dataclass(frozen=True, eq=False)
class Program:
    """A closed program, JAX's jaxpr, and the nested structures of its arguments and result.

    Engines take and give flat tuples of arrays. `flatten` makes the one of the function's arguments, `unflatten`
    makes the function's result of the other.

    >>> import jax.numpy as jnp
    >>> program = trace(lambda point: point["x"] * 2 + point["y"], {"x": jnp.ones(3), "y": jnp.ones(3)})
    >>> print(program)
    <lambda> (a:float32[3], b:float32[3])
      c:float32[3] = mul a 2.0
      d:float32[3] = add c b
      return d
    """

    jaxpr: _jax.ClosedJaxpr
    in_tree: Any
    out_tree: Any
    name: str = "program"

    @property
    def inputs(self) -> list:
        """The abstract values (`.shape`, `.dtype`) of the flat inputs."""
        return list(self.jaxpr.in_avals)

    @property
    def outputs(self) -> list:
        """The abstract values (`.shape`, `.dtype`) of the flat outputs."""
        return list(self.jaxpr.out_avals)

    def flatten(self, *arguments: Any) -> tuple:
        """The flat inputs of a call with `arguments`; TypeError where they are nested otherwise than when traced."""
        leaves, structure = tree.flatten_with(arguments)
        if structure != self.in_tree:
            raise TypeError(
                explain(
                    f"Program {self.name!r}: the arguments are nested otherwise than those it was traced with.",
                    expected=str(self.in_tree),
                    got=str(structure),
                )
            )
        return tuple(leaves)

    def unflatten(self, outputs: Any) -> Any:
        """The function's result of the flat outputs."""
        return tree.unflatten(self.out_tree, outputs)

    def __str__(self) -> str:
        return show.text(self)


def abstract(leaf: Any) -> jax.ShapeDtypeStruct:
    """Shape and dtype of an array, a scalar or a description of one, as JAX would take it in.

    >>> import numpy as np
    >>> abstract(np.zeros((2, 3)))
    ShapeDtypeStruct(shape=(2, 3), dtype=float32)
    """
    if isinstance(leaf, (str, bytes)) or (not hasattr(leaf, "shape") and not np.isscalar(leaf)):
        raise TypeError(explain("trace: an argument holds something that is no array.", got=brief(leaf)))
    dtype = leaf.dtype if hasattr(leaf, "dtype") else jnp.result_type(leaf)
    if isinstance(dtype, np.dtype):
        dtype = jax.dtypes.canonicalize_dtype(dtype)
    return jax.ShapeDtypeStruct(np.shape(leaf) if np.isscalar(leaf) else tuple(leaf.shape), dtype)


_traced: weakref.WeakKeyDictionary[Callable, dict] = weakref.WeakKeyDictionary()


def trace(function: Callable, *arguments: Any) -> Program:
    """The program of a pure function for arguments of these shapes and dtypes.

    `arguments` are nested structures of arrays, or of `jax.ShapeDtypeStruct`s, whose shapes may have symbolic
    dimensions. Nothing is computed. The same function with the same structures, shapes and dtypes gives the same
    program back, so `function` must depend on nothing but its arguments. A function that is garbage-collected
    takes its programs along; a bound method is a new object each time, so keep a function for repeated use.

    Raises TypeError for an argument that is no array.

    >>> import jax
    >>> trace(lambda x: x @ x.T, jax.ShapeDtypeStruct((2, 3), "float32")).outputs
    [ShapedArray(float32[2,2])]
    """
    leaves, structure = tree.flatten_with(arguments)
    described = [abstract(leaf) for leaf in leaves]
    signature = (structure, tuple((leaf.shape, leaf.dtype) for leaf in described), _jax.tracing_settings())
    programs = _traced.setdefault(function, {})
    if signature not in programs:
        programs[signature] = _trace(function, tree.unflatten(structure, described), structure)
    return programs[signature]


def _trace(function: Callable, arguments: tuple, structure: Any) -> Program:
    with _uncollected():
        jaxpr, result = jax.make_jaxpr(function, return_shape=True)(*arguments)
    return Program(jaxpr, structure, tree.structure(result), getattr(function, "__name__", "program"))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Within it, Python's collector of cycles rests: a trace makes many objects that stay, which it would look through
    again and again, for a quarter of a trace's time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
