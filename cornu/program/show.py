"""A program as text, and its size: primitives, bytes, floating-point operations."""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from cornu import _jax

_NEUTRAL = ("accuracy", "sharding", "out_sharding", "precision", "weak_type", "unroll")


def _names() -> Iterator[str]:
    """a, b, ..., z, aa, ab, ..."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            yield "".join(letters)


def shape_text(aval: Any) -> str:
    """An abstract value as text, such as "float32[8,10]"."""
    return f"{aval.dtype}[{','.join(map(str, aval.shape))}]"


def _parameters(equation: _jax.Equation) -> str:
    if equation.primitive.name in _jax.CALLS:
        return ""
    shown = {
        name: _plain(value)
        for name, value in equation.params.items()
        if name not in _NEUTRAL and value is not None and not _holds_program(value)
    }
    return f"[{' '.join(f'{name}={value}' for name, value in shown.items())}]" if shown else ""


def _plain(value: Any) -> Any:
    """NumPy's integers as Python's, enumerations as their names, also in tuples."""
    if type(value) is tuple:
        return tuple(map(_plain, value))
    return int(value) if isinstance(value, np.integer) else getattr(value, "name", value)


def _holds_program(value: Any) -> bool:
    items = value if isinstance(value, (tuple, list)) else (value,)
    return any(isinstance(item, (_jax.Jaxpr, _jax.ClosedJaxpr)) or callable(item) for item in items)


def _lines(jaxpr: _jax.Jaxpr, names: Iterator[str], indent: str) -> Iterator[str]:
    """The equations and the result of one jaxpr, inner ones indented; each variable gets the next free name."""
    called: dict[Any, str] = {}

    def name(atom: Any, typed: bool = False) -> str:
        if isinstance(atom, _jax.Literal):
            return str(_jax.literal_value(atom))
        if atom not in called:
            called[atom] = next(names)
        return f"{called[atom]}:{shape_text(atom.aval)}" if typed else called[atom]

    yield ", ".join(name(v, typed=True) for v in (*jaxpr.constvars, *jaxpr.invars))
    for equation in jaxpr.eqns:
        results = " ".join(name(v, typed=True) for v in equation.outvars)
        operands = " ".join(name(atom) for atom in equation.invars)
        yield f"{indent}{results} = {equation.primitive.name}{_parameters(equation)} {operands}".rstrip()
        for inner in _jax.inner_jaxprs(equation):
            header, *body = _lines(inner.jaxpr, names, indent + "    ")
            yield f"{indent}  with ({header})"
            yield from body
    yield f"{indent}return {' '.join(name(atom) for atom in jaxpr.outvars)}".rstrip()


def text(program: Any) -> str:
    """The program, one equation per line; the inner programs of loops and branches are indented.

    >>> from cornu.program.trace import trace
    >>> import jax.numpy as jnp
    >>> print(text(trace(lambda x: jnp.sum(x * x), jnp.ones(2))))
    <lambda> (a:float32[2])
      b:float32[2] = mul a a
      c:float32[] = reduce_sum[axes=(0,)] b
      return c
    """
    header, *body = _lines(program.jaxpr.jaxpr, _names(), "  ")
    return "\n".join([f"{program.name} ({header})", *body])


def equations(jaxpr: _jax.ClosedJaxpr) -> Iterator[tuple[_jax.Equation, int]]:
    """Every equation, inner ones too, and how often it runs; the trip count of a `while` is unknown, and taken as 1."""
    for equation in jaxpr.jaxpr.eqns:
        yield equation, 1
        repeats = equation.params["length"] if equation.primitive.name == "scan" else 1
        for inner in _jax.inner_jaxprs(equation):
            for nested, count in equations(inner):
                yield nested, count * repeats


def count(program: Any) -> Counter[str]:
    """How many equations of each primitive a program holds, inner programs included."""
    return Counter(equation.primitive.name for equation, _ in equations(program.jaxpr))


def bytes_of(avals: Any) -> int:
    """The bytes of arrays of these shapes and dtypes; typed random keys count as their raw words."""
    total = 0
    for aval in avals:
        width = 4 * math.prod(_jax.key_methods(aval.dtype).key_shape) if _jax.is_key(aval) else aval.dtype.itemsize
        total += math.prod(aval.shape) * width
    return total


def flops(program: Any) -> int:
    """Floating-point operations of the matrix products and convolutions: two for each multiplication.

    Those with the zeros that a convolution puts between its inputs don't count, those with the zeros around them do.
    The bodies of `scan` count as often as they run, those of `while` once, and all branches of `cond` count.

    >>> from cornu.program.trace import trace
    >>> import jax.numpy as jnp
    >>> flops(trace(jnp.matmul, jnp.ones((2, 3)), jnp.ones((3, 4))))
    48
    """
    return sum(repeats * _flops(equation) for equation, repeats in equations(program.jaxpr))


def _shape(atom: Any) -> tuple:
    return atom.aval.shape


def _flops(equation: _jax.Equation) -> int:
    if equation.primitive.name == "dot_general":
        ((contracted, _), _) = equation.params["dimension_numbers"]
        terms = math.prod(_shape(equation.invars[0])[axis] for axis in contracted)
    elif equation.primitive.name == "conv_general_dilated":
        kernel = _shape(equation.invars[1])
        outputs = kernel[equation.params["dimension_numbers"].rhs_spec[0]]
        terms = math.prod(kernel) / outputs / math.prod(equation.params["lhs_dilation"])
    else:
        return 0
    return round(2 * math.prod(_shape(equation.outvars[0])) * terms)


def summary(program: Any) -> str:
    """One line: equations, distinct primitives, bytes in and out, operations.

    >>> from cornu.program.trace import trace
    >>> import jax.numpy as jnp
    >>> summary(trace(jnp.matmul, jnp.ones((2, 3)), jnp.ones((3, 4))))
    'matmul: 1 equations of 1 primitives, 72 bytes in, 32 bytes out, 48 floating-point operations'
    """
    counts = count(program)
    return (
        f"{program.name}: {counts.total()} equations of {len(counts)} primitives, {bytes_of(program.inputs)} bytes in, "
        f"{bytes_of(program.outputs)} bytes out, {flops(program)} floating-point operations"
    )
