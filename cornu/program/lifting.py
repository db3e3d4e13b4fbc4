"""Programs that differ in numbers only, as one program that takes these numbers.

A number that a Python program was given, a rate of dropout or the strength of a penalty, is a literal or a constant of
the traced program. Two programs have the same form where everything else is the same: primitives, shapes, parameters,
and which result goes where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from cornu import _jax
from cornu.program.trace import Program
from cornu.program.walk import describe

Place = tuple
"""Where a number stands: the equation's number, in inner programs preceded by the way to them, and the operand's."""


class Form(NamedTuple):
    """What two programs must share to be one, row by row, and the numbers, in which they may differ, by place."""

    rows: list[tuple[Any, _jax.Equation | None]]
    numbers: dict[Place, Any]


def form(program: Program) -> Form:
    """The form of a program."""
    found = Form([], {})
    _read(program.jaxpr, (), found)
    return found


def difference(one: Form, other: Form) -> str | None:
    """Where two programs first differ in more than numbers, in words; None where they don't."""
    for (row, equation), (wanted, instead) in zip_longest(one.rows, other.rows, fillvalue=(None, None)):
        if not _same(row, wanted):
            texts = ["nothing" if e is None else describe(e) for e in (equation, instead)]
            return f"inputs {row} and {wanted}" if equation is instead is None else " and ".join(texts)
    return None


def differing(forms: Sequence[Form]) -> dict[Place, list[np.ndarray]]:
    """The numbers that aren't the same in all of several programs of one form: for each place, one value per program.

    >>> import jax.numpy as jnp
    >>> from cornu.program.trace import trace
    >>> forms = [form(trace(lambda x, rate=rate: x * rate + 1, jnp.ones(3))) for rate in (0.5, 0.25)]
    >>> [[float(value) for value in values] for values in differing(forms).values()]
    [[0.5, 0.25]]
    """
    first, *others = (form.numbers for form in forms)
    found = {}
    for place, value in first.items():
        values = [value, *(numbers[place] for numbers in others)]
        if any(other is not value for other in values):
            arrays = [np.asarray(_jax.literal_value(v) if isinstance(v, _jax.Literal) else v) for v in values]
            if len({array.tobytes() for array in arrays}) > 1:
                found[place] = arrays
    return found


def lift(program: Program, places: Sequence[Place]) -> Program:
    """The same program, which takes the numbers at these places as further inputs, after its own.

    >>> import jax.numpy as jnp
    >>> from cornu.program.trace import trace
    >>> program = trace(lambda x: x * 0.5 + 1, jnp.ones(3))
    >>> print(lift(program, [(0, 1)]))
    <lambda> (a:float32[3], b:float32[])
      c:float32[3] = mul a b
      d:float32[3] = add c 1.0
      return d
    """
    jaxpr, extra = _lift(program.jaxpr, (), frozenset(places))
    by_place = dict(extra)
    inputs = [*program.jaxpr.jaxpr.invars, *(by_place[place] for place in places)]
    return Program(_with(jaxpr, jaxpr.consts, invars=inputs), program.in_tree, program.out_tree, program.name)


# --- reading the form -----------------------------------------------------------------------------------------


def _read(closed: _jax.ClosedJaxpr, path: Place, found: Form) -> None:
    """Writes down a program's rows and numbers."""
    jaxpr = closed.jaxpr
    names = {variable: number for number, variable in enumerate((*jaxpr.constvars, *jaxpr.invars))}
    found.numbers.update({(*path, "constant", i): value for i, value in enumerate(closed.consts)})
    found.rows.append(((tuple(closed.in_avals), tuple(v.aval for v in jaxpr.constvars)), None))

    def operand(atom: Any, place: Place) -> Any:
        if isinstance(atom, _jax.Literal):
            found.numbers[place] = atom
            return "number", atom.aval
        return names[atom]

    for number, equation in enumerate(jaxpr.eqns):
        here = (*path, number)
        operands = [operand(atom, (*here, i)) for i, atom in enumerate(equation.invars)]
        row = (equation.primitive.name, operands, [v.aval for v in equation.outvars], _parameters(equation))
        for key, inner in _inner(equation):
            _read(inner, (*here, *key), found)
        found.rows.append((row, equation))
        for variable in equation.outvars:
            names[variable] = len(names)
    results = [operand(atom, (*path, "result", i)) for i, atom in enumerate(jaxpr.outvars)]
    found.rows.append((("results", results), None))


def _inner(equation: _jax.Equation) -> Iterator[tuple[tuple[str, int], _jax.ClosedJaxpr]]:
    """The programs that an equation holds and `lift` can reach into, by the parameter and the place in it."""
    for name in _PROGRAMS.get(equation.primitive.name, ()):
        value = equation.params[name]
        for i, item in enumerate(value if isinstance(value, tuple) else (value,)):
            yield (name, i), _jax.close(item)


def _parameters(equation: _jax.Equation) -> list[tuple[str, Any]]:
    """The parameters that must be the same, beside inner programs. Of a call, the program is all that counts here."""
    if equation.primitive.name in _jax.CALLS:
        return []
    skipped = _PROGRAMS.get(equation.primitive.name, ())
    return [(key, _comparable(value)) for key, value in sorted(equation.params.items()) if key not in skipped]


def _comparable(value: Any) -> Any:
    """A parameter as something that is equal where it means the same."""
    if isinstance(value, (_jax.ClosedJaxpr, _jax.Jaxpr)):
        found = Form([], {})
        _read(_jax.close(value), (), found)
        numbers = {p: np.asarray(v.val if isinstance(v, _jax.Literal) else v) for p, v in found.numbers.items()}
        return [row for row, _ in found.rows], [(place, value.tobytes()) for place, value in numbers.items()]
    if isinstance(value, (tuple, list)):
        return [_comparable(item) for item in value]
    return (value.shape, str(value.dtype), value.tobytes()) if isinstance(value, np.ndarray) else value


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return one is other


# --- writing the program --------------------------------------------------------------------------------------

Extra = list[tuple[Place, Any]]
"""New inputs of a program: for each, the place of the number that it brings, and the variable."""


def _lift(closed: _jax.ClosedJaxpr, path: Place, places: frozenset[Place]) -> tuple[_jax.ClosedJaxpr, Extra]:
    """A program whose numbers at `places` are variables that nobody gives yet: the inputs to add."""
    jaxpr, extra = closed.jaxpr, []

    def operand(atom: Any, place: Place) -> Any:
        if place not in places:
            return atom
        extra.append((place, _jax.variable(atom.aval)))
        return extra[-1][1]

    held = {v: ((*path, "constant", i), c) for i, (v, c) in enumerate(zip(jaxpr.constvars, closed.consts, strict=True))}
    extra += [(place, variable) for variable, (place, _) in held.items() if place in places]
    constants = {variable: value for variable, (place, value) in held.items() if place not in places}
    equations = []
    for number, equation in enumerate(jaxpr.eqns):
        here = (*path, number)
        operands = [operand(atom, (*here, i)) for i, atom in enumerate(equation.invars)]
        inner = {key: _Inner(*_lift(program, (*here, *key), places)) for key, program in _inner(equation)}
        equation = equation.replace(invars=operands)
        if any(part.extra for part in inner.values()):
            equation = _RULES.get(equation.primitive.name, _call)(equation, inner)
            extra += [pair for part in inner.values() for pair in part.given()]
        equations.append(equation)
    results = [operand(atom, (*path, "result", i)) for i, atom in enumerate(jaxpr.outvars)]
    changed = {"constvars": list(constants), "eqns": equations, "outvars": results}
    return _with(closed, list(constants.values()), **changed), extra


def _with(closed: _jax.ClosedJaxpr, constants: Sequence[Any], **changes: Any) -> _jax.ClosedJaxpr:
    names = closed.jaxpr.debug_info.with_unknown_names()
    return _jax.ClosedJaxpr(closed.jaxpr.replace(debug_info=names, **changes), constants)


def _taking(closed: _jax.ClosedJaxpr, at: int, variables: Sequence[Any]) -> _jax.ClosedJaxpr:
    """A program that takes further inputs, from place `at` on."""
    inputs = closed.jaxpr.invars
    return _with(closed, closed.consts, invars=[*inputs[:at], *variables, *inputs[at:]])


class _Inner:
    """A lifted program of an equation, the inputs to add to it, and the variables around it that they come from."""

    def __init__(self, closed: _jax.ClosedJaxpr, extra: Extra) -> None:
        self.closed, self.extra = closed, extra
        self.inputs = [variable for _, variable in extra]
        self.operands = [_jax.variable(variable.aval) for variable in self.inputs]

    def given(self) -> Extra:
        """What the program around it must take."""
        return [(place, operand) for (place, _), operand in zip(self.extra, self.operands, strict=True)]


Parts = dict[tuple[str, int], _Inner]
"""The lifted programs of an equation, by their parameter and the place in it."""


def _call(equation: _jax.Equation, inner: Parts) -> _jax.Equation:
    (part,) = inner.values()
    called = _taking(part.closed, len(part.closed.in_avals), part.inputs)
    operands = [*equation.invars, *part.operands]
    return equation.replace(primitive=_jax.CALL, invars=operands, params={"call_jaxpr": called})


def _while(equation: _jax.Equation, inner: Parts) -> _jax.Equation:
    params, given = equation.params, equation.invars
    test, body = inner["cond_jaxpr", 0], inner["body_jaxpr", 0]
    tests, constants = params["cond_nconsts"], params["body_nconsts"]
    changed = {
        "cond_jaxpr": _taking(test.closed, tests, test.inputs),
        "cond_nconsts": tests + len(test.inputs),
        "body_jaxpr": _taking(body.closed, constants, body.inputs),
        "body_nconsts": constants + len(body.inputs),
    }
    end = tests + constants
    operands = [*given[:tests], *test.operands, *given[tests:end], *body.operands, *given[end:]]
    return equation.replace(invars=operands, params={**params, **changed})


def _scan(equation: _jax.Equation, inner: Parts) -> _jax.Equation:
    (part,) = inner.values()
    given, at = equation.invars, equation.params["num_consts"]
    changed = {"jaxpr": _taking(part.closed, at, part.inputs), "num_consts": at + len(part.inputs)}
    operands = [*given[:at], *part.operands, *given[at:]]
    return equation.replace(invars=operands, params={**equation.params, **changed})


def _cond(equation: _jax.Equation, inner: Parts) -> _jax.Equation:
    """Every branch takes the numbers of all: its own, and new variables in place of the others'."""
    branches = []
    for part in inner.values():
        inputs = [
            variable
            for other in inner.values()
            for variable in (part.inputs if other is part else [_jax.variable(v.aval) for v in other.inputs])
        ]
        branches.append(_taking(part.closed, len(part.closed.in_avals), inputs))
    operands = [*equation.invars, *(operand for part in inner.values() for operand in part.operands)]
    return equation.replace(invars=operands, params={**equation.params, "branches": tuple(branches)})


_RULES: dict[str, Callable[[_jax.Equation, Parts], _jax.Equation]] = {"while": _while, "scan": _scan, "cond": _cond}

_PROGRAMS: dict[str, tuple[str, ...]] = {
    "while": ("cond_jaxpr", "body_jaxpr"),
    "scan": ("jaxpr",),
    "cond": ("branches",),
    **{name: (parameter,) for name, parameter in _jax.CALLS.items()},
}
"""The parameters of a primitive that hold programs into which numbers can be handed."""
