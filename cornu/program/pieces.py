"""A long program as several short ones, which run one after the other.

The time in which XLA compiles a program grows faster than its length: for a training step of thousands of small weights
it takes many minutes, and seconds for all the pieces. What is lost are fusions across the cuts. Such programs repeat
themselves, so pieces are cut where the pattern that a piece begins with comes again: equal ones are compiled once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cornu import _jax
from cornu.program import show
from cornu.program.trace import Program

LARGEST = 20_000
"""The most equations of a program that is compiled as a whole."""

LENGTH = 2_500
"""The least length of a piece, in equations; it is at most twice as long."""

_PATTERN = 64
"""How many equations must look like a piece's first ones where the next piece begins."""


def is_long(program: Program) -> bool:
    """Whether a program has so many equations, inner ones counted, that it is better compiled in pieces."""
    return _length(program.jaxpr) > LARGEST


def _length(jaxpr: _jax.ClosedJaxpr) -> int:
    return sum(1 for _ in show.equations(jaxpr))


@dataclass(frozen=True)
class Piece:
    """A part of a program, the variables of that program that it reads and makes, and those no longer needed then."""

    program: Program
    reads: list[Any]
    makes: list[Any]
    over: list[Any]


def cut(program: Program, length: int = LENGTH) -> list[Piece]:
    """The pieces of a program, of `length` equations or more; an equation with inner ones stays whole.

    >>> import jax.numpy as jnp
    >>> from cornu.program.trace import trace
    >>> program = trace(lambda x: jnp.tanh(jnp.sin(x) + jnp.cos(x)), jnp.ones(2))
    >>> [len(piece.reads) for piece in cut(program, 2)]
    [1, 2]
    """
    jaxpr = program.jaxpr.jaxpr
    parts = list(_parts(jaxpr.eqns, length))
    last = {variable: place for place, part in enumerate(parts) for variable in _read(part)}
    last |= dict.fromkeys(filter(_is_variable, jaxpr.outvars), len(parts))
    pieces = []
    for place, part in enumerate(parts):
        made = dict.fromkeys(variable for equation in part for variable in equation.outvars)
        reads = [variable for variable in _read(part) if variable not in made]
        makes = [variable for variable in made if last.get(variable, -1) > place]
        over = [variable for variable in reads if last[variable] == place]
        pieces.append(Piece(_program(program, part, reads, makes), reads, makes, over))
    return pieces


def _parts(equations: Sequence[_jax.Equation], length: int) -> Iterator[Sequence[_jax.Equation]]:
    looks = [hash((equation.primitive.name, *(v.aval for v in equation.outvars))) for equation in equations]
    ends = list(itertools.accumulate(1 + sum(map(_length, _jax.inner_jaxprs(equation))) for equation in equations))
    start = 0
    while start < len(equations):
        before = ends[start - 1] if start else 0
        least = next((at for at in range(start + 1, len(ends)) if ends[at - 1] - before >= length), len(ends))
        begins = looks[start : start + _PATTERN]
        again = (at for at in range(least, min(least + length, len(ends))) if looks[at : at + _PATTERN] == begins)
        stop = next(again, least)
        yield equations[start:stop]
        start = stop


def _read(equations: Sequence[_jax.Equation]) -> dict[Any, None]:
    """The variables that equations read, each once, in order."""
    return dict.fromkeys(atom for equation in equations for atom in equation.invars if _is_variable(atom))


def _is_variable(atom: Any) -> bool:
    return not isinstance(atom, _jax.Literal)


def _program(whole: Program, equations: Sequence[_jax.Equation], reads: list[Any], makes: list[Any]) -> Program:
    jaxpr = whole.jaxpr.jaxpr
    names = jaxpr.debug_info.with_unknown_names()
    inner = jaxpr.replace(constvars=[], invars=reads, outvars=makes, eqns=list(equations), debug_info=names)
    return Program(_jax.ClosedJaxpr(inner, ()), None, None, whole.name)


def compile_in_pieces(program: Program, compile: Callable[[Program], Callable[..., tuple]]) -> Callable[..., tuple]:
    """What `compile` would make of a program, made of its pieces: flat inputs in, the tuple of flat outputs out.

    A compiled piece may not overwrite its inputs: other pieces read them, too.
    """
    jaxpr, constants = program.jaxpr.jaxpr, program.jaxpr.consts
    known: dict[Any, Callable[..., tuple]] = {}
    pieces = []
    for piece in cut(program):
        if (key := form(piece)) not in known:
            known[key] = compile(piece.program)
        pieces.append((piece, known[key]))

    def run(*inputs: Any) -> tuple:
        values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *inputs), strict=True))
        for piece, call in pieces:
            found = call(*[values[variable] for variable in piece.reads])
            for variable in piece.over:
                del values[variable]
            values.update(zip(piece.makes, found, strict=True))
        return tuple(values[atom] if _is_variable(atom) else _jax.literal_value(atom) for atom in jaxpr.outvars)

    return run


def form(piece: Piece) -> Any:
    """What is equal for pieces that compute the same of their inputs; the piece itself where that can't be told."""
    try:
        hash(found := _form(piece.program.jaxpr))
    except TypeError:
        return piece
    return found


def _form(closed: _jax.ClosedJaxpr) -> tuple:
    """A program with numbers in place of variables."""
    numbers: dict[Any, int] = {}

    def number(atom: Any) -> Any:
        if _is_variable(atom):
            return numbers.setdefault(atom, len(numbers))
        return atom.aval, _jax.literal_value(atom).tobytes()

    jaxpr = closed.jaxpr
    inputs = tuple((number(variable), variable.aval) for variable in (*jaxpr.constvars, *jaxpr.invars))
    equations = tuple(
        (e.primitive, _parameters(e), tuple(map(number, e.invars)), tuple(map(number, e.outvars))) for e in jaxpr.eqns
    )
    return inputs, tuple(map(id, closed.consts)), equations, tuple(map(number, jaxpr.outvars))


def _parameters(equation: _jax.Equation) -> Any:
    """The parameters; of a call whose gradient has rules of its own only what it calls: gradients are taken already."""
    if equation.primitive.name in ("custom_jvp_call", "custom_vjp_call"):
        return _form(_jax.close(equation.params[_jax.CALLS[equation.primitive.name]]))
    return _jax.identity_of(equation.params)
