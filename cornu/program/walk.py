"""The interpreter loop that all engines share."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cornu import _jax
from cornu.errors import explain
from cornu.program.show import shape_text
from cornu.program.vocabulary import VOCABULARY

Rule = Callable[..., Any]


class _Step(NamedTuple):
    """One equation, ready to run: which cells of the environment it reads, writes, and is the last to need."""

    rule: Rule
    reads: list[int]
    writes: list[int]
    frees: list[int]
    equation: _jax.Equation


class _Plan(NamedTuple):
    constants: list[tuple[int, Any]]
    inputs: list[int]
    steps: list[_Step]
    outputs: list[int]
    size: int


class Walker:
    """Runs programs by rules; one object per engine.

    `find(equation)` gives the rule: a function of the operands' values that gives the result, or the sequence of
    results where the primitive has several. `constant` turns a NumPy constant of the program into a value of the
    engine. A program is read once, at its first run. Values are dropped after their last use.
    """

    def __init__(self, find: Callable[[_jax.Equation], Rule], constant: Callable[[Any], Any] = lambda value: value):
        self._find = find
        self._constant = constant
        self._plans: weakref.WeakKeyDictionary[_jax.Jaxpr, _Plan] = weakref.WeakKeyDictionary()

    def __call__(self, closed: _jax.ClosedJaxpr, inputs: Sequence[Any]) -> list[Any]:
        plan = self._plans.get(closed.jaxpr)
        if plan is None:
            plan = self._plans[closed.jaxpr] = self._prepare(closed)
        values: list[Any] = [None] * plan.size
        for cell, value in (*plan.constants, *zip(plan.inputs, inputs, strict=True)):
            values[cell] = value
        for step in plan.steps:
            try:
                results = step.rule(*[values[cell] for cell in step.reads])
            except Exception as error:
                error.add_note(f"while running {describe(step.equation)}")
                raise
            if not step.equation.primitive.multiple_results:
                results = (results,)
            for cell, value in zip(step.writes, results, strict=True):
                values[cell] = value
            for cell in step.frees:
                values[cell] = None
        return [values[cell] for cell in plan.outputs]

    def _prepare(self, closed: _jax.ClosedJaxpr) -> _Plan:
        cells = _Cells(self._constant)
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            cells.hold(variable, value)
        inputs = [cells.of(variable) for variable in closed.jaxpr.invars]
        steps = [
            _Step(
                self._find(equation),
                [cells.of(atom) for atom in equation.invars],
                [cells.of(variable) for variable in equation.outvars],
                [cells.of(variable) for variable in dead],
                equation,
            )
            for equation, dead in zip(closed.jaxpr.eqns, last_uses(closed.jaxpr), strict=True)
        ]
        outputs = [cells.of(atom) for atom in closed.jaxpr.outvars]
        return _Plan(cells.constants, inputs, steps, outputs, cells.size)


class _Cells:
    """Numbers for variables and literals; constants, converted, with theirs."""

    def __init__(self, constant: Callable[[Any], Any]):
        self._constant = constant
        self._numbers: dict[Any, int] = {}
        self.constants: list[tuple[int, Any]] = []
        self.size = 0

    def of(self, atom: Any) -> int:
        if isinstance(atom, _jax.Literal):
            return self.hold(atom, _jax.literal_value(atom))
        if atom not in self._numbers:
            self._numbers[atom] = self._next()
        return self._numbers[atom]

    def hold(self, atom: Any, value: Any) -> int:
        number = self._next() if isinstance(atom, _jax.Literal) else self.of(atom)
        self.constants.append((number, self._constant(value)))
        return number

    def _next(self) -> int:
        self.size += 1
        return self.size - 1


def last_uses(jaxpr: _jax.Jaxpr) -> list[list[Any]]:
    """For each equation, the variables that nothing needs after it."""
    needed = {atom for atom in jaxpr.outvars if not isinstance(atom, _jax.Literal)}
    dead: list[list[Any]] = []
    for equation in reversed(jaxpr.eqns):
        touched = {atom for atom in (*equation.invars, *equation.outvars) if not isinstance(atom, _jax.Literal)}
        dead.append(list(touched - needed))
        needed |= touched
    return dead[::-1]


def by_name(rules: Mapping[str, Rule], engine: str) -> Callable[[_jax.Equation], Rule]:
    """The `find` of a table {primitive: rule(*operands, **parameters)}, with the vocabulary's parameters only.

    Raises NotImplementedError, naming the primitive, its place in the source and the engine, where a rule is missing.
    """

    def find(equation: _jax.Equation) -> Rule:
        name = equation.primitive.name
        if name not in rules or name not in VOCABULARY:
            raise NotImplementedError(
                explain(
                    f"Engine {engine!r} cannot run the primitive {name!r}.",
                    got=describe(equation),
                    fix="Use the engine 'jax', which runs every program.",
                )
            )
        return partial(rules[name], **{key: equation.params[key] for key in VOCABULARY[name].parameters})

    return find


def describe(equation: _jax.Equation) -> str:
    """The primitive, its operands' shapes, and where the equation was made: scope, code, and the user's own line."""
    operands = ", ".join(shape_text(atom.aval) for atom in equation.invars)
    return " ".join([f"{equation.primitive.name}({operands})", *_places(equation)])


def _places(equation: _jax.Equation) -> Iterator[str]:
    if scope := _jax.scope_name(equation):
        yield f"in {scope!r}"
    frames = _jax.source_frames(equation)
    if frames:
        yield "at {}:{} ({})".format(*frames[0])
    outside = [frame for frame in frames if not frame[0].startswith(_jax.HOME)]
    if outside and outside[0] != frames[0]:
        yield "called from {}:{} ({})".format(*outside[0])
