"""What every engine may rely on: the vocabulary, single assignment, shapes and dtypes that agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from cornu import _jax
from cornu.errors import explain, nearest
from cornu.program.shapes import joint
from cornu.program.show import shape_text
from cornu.program.trace import Program
from cornu.program.vocabulary import VOCABULARY, admits
from cornu.program.walk import describe

_ONLY_JAX = 'Lower the program; where that is done, only the engine "jax" can run it: compile(engine="jax").'


class ProgramError(ValueError):
    """A program is not one that engines can run."""


def check(program: Program) -> Program:
    """The program itself, where every equation keeps the rules; else ProgramError names the first that does not.

    The rules: each primitive is in the vocabulary, in its plain form; each variable is assigned once, before its use;
    the shapes and dtypes of results are those that JAX derives from the operands; inner programs fit their operands.

    >>> import jax.numpy as jnp
    >>> from cornu.program.lower import lower
    >>> from cornu.program.trace import trace
    >>> check(lower(trace(jnp.square, jnp.ones(3)))).name
    'square'
    """
    _check(program.jaxpr, program.name)
    return program


def _check(closed: _jax.ClosedJaxpr, name: str) -> None:
    known: set[Any] = set()
    _assign([*closed.jaxpr.constvars, *closed.jaxpr.invars], known, f"the inputs of {name!r}")
    for equation in closed.jaxpr.eqns:
        place = describe(equation)
        _require_known(equation.invars, known, place)
        _require_vocabulary(equation, place)
        _require_types(equation, place)
        for inner in _jax.inner_jaxprs(equation):
            _check(inner, name)
        _require_fit(equation, place)
        _assign(equation.outvars, known, place)
    _require_known(closed.jaxpr.outvars, known, f"the outputs of {name!r}")


def _fail(what: str, place: str, expected: object = None, fix: str | None = None) -> NoReturn:
    raise ProgramError(explain(what, expected=expected, got=place, fix=fix))


def _assign(variables: Sequence[Any], known: set[Any], place: str) -> None:
    for variable in variables:
        if variable in known:
            _fail("A variable is assigned twice.", place, expected="each variable assigned once")
        if not isinstance(variable, _jax.Dropped):
            known.add(variable)


def _require_known(atoms: Sequence[Any], known: set[Any], place: str) -> None:
    if any(not isinstance(atom, _jax.Literal) and atom not in known for atom in atoms):
        _fail("A variable is used before it is assigned.", place, expected="an earlier equation that assigns it")


def _require_vocabulary(equation: _jax.Equation, place: str) -> None:
    name = equation.primitive.name
    if name not in VOCABULARY:
        _fail(
            f"The primitive {name!r} is not in the vocabulary.{nearest(name, VOCABULARY)}",
            place,
            fix=_ONLY_JAX,
        )
    if not admits(name, [atom.aval for atom in equation.invars], equation.params):
        _fail(
            f"The primitive {name!r} is not in its plain form.",
            place,
            expected=f"{VOCABULARY[name].meaning}; form {VOCABULARY[name].form.__name__.strip('_')}",
            fix=_ONLY_JAX,
        )


def _texts(avals: Sequence[Any]) -> str:
    return ", ".join(map(shape_text, avals)) or "nothing"


def _require_types(equation: _jax.Equation, place: str) -> None:
    try:
        derived = _texts(_derived(equation))
    except (TypeError, ValueError) as error:
        _fail(f"The operands of {equation.primitive.name!r} do not fit: {error}", place)
    stated = _texts([variable.aval for variable in equation.outvars])
    if stated != derived:
        _fail(f"{equation.primitive.name!r} is said to give {stated}.", place, expected=derived)


def _derived(equation: _jax.Equation) -> list:
    """What JAX derives; but the cases of a choice may be scalars here, or have sizes of one, like other operands."""
    if equation.primitive.name != "select_n":
        return _jax.abstract_outputs(equation)
    avals: list[Any] = [atom.aval for atom in equation.invars]
    which, first, second = avals
    if first.dtype != second.dtype:
        raise TypeError(f"cases of {first.dtype} and {second.dtype}")
    return [first.update(shape=joint([which.shape, first.shape, second.shape]))]


def _require_fit(equation: _jax.Equation, place: str) -> None:
    """The inner programs take what the equation hands them, and loops carry on what they were given."""
    operands: list[Any] = [atom.aval for atom in equation.invars]
    params = equation.params
    match equation.primitive.name:
        case "scan":
            split = params["num_consts"] + params["num_carry"]
            rows = [aval.update(shape=aval.shape[1:]) for aval in operands[split:]]
            _same([*operands[:split], *rows], params["jaxpr"].in_avals, "The loop's body takes", place)
            carried = operands[params["num_consts"] : split]
            _same(carried, params["jaxpr"].out_avals[: len(carried)], "The loop's body carries on", place)
        case "while":
            test, body = params["cond_nconsts"], params["body_nconsts"]
            state = operands[test + body :]
            _same([*operands[:test], *state], params["cond_jaxpr"].in_avals, "The loop's condition takes", place)
            taken = [*operands[test : test + body], *state]
            _same(taken, params["body_jaxpr"].in_avals, "The loop's body takes", place)
            _same(state, params["body_jaxpr"].out_avals, "The loop's body carries on", place)
        case "cond":
            for branch in params["branches"]:
                _same(operands[1:], branch.in_avals, "A branch takes", place)
                _same([v.aval for v in equation.outvars], branch.out_avals, "A branch gives", place)


def _same(expected: Sequence[Any], stated: Sequence[Any], what: str, place: str) -> None:
    if _texts(expected) != _texts(stated):
        _fail(f"{what} {_texts(stated)}.", place, expected=_texts(expected))
