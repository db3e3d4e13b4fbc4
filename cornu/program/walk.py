"""The interpreter loop that all engines share."""

from __future__ import annotations

import contextvars
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from cornu import _jax
from cornu.errors import explain
from cornu.program.show import shape_text
from cornu.program.vocabulary import VOCABULARY

Rule = Callable[..., Any]


class _Step(NamedTuple):
    """One equation, ready to run: how it takes its operands, which cells it writes, and is the last to need."""

    rule: Rule
    take: Callable[[list], Sequence[Any]]
    write: int | None
    writes: list[int]
    frees: list[int]
    equation: _jax.Equation


class _Plan(NamedTuple):
    cells: list[Any]
    dimensions: list[tuple[int, Any]]
    inputs: list[int]
    steps: list[_Step]
    outputs: list[int]
    is_open: bool


class Walker:
    """Runs programs by rules; one object per engine.

    `find(equation)` gives the rule: a function of the operands' values that gives the result, or the sequence of
    results where the primitive has several. `constant` turns a NumPy constant of the program into a value of the
    engine. A program is read once, at its first run. Values are dropped after their last use.

    Programs may have open dimensions. Where `size(value, axis)` is given, which tells the size of an input as a number
    or as anything that knows +, *, // and %, open sizes among an equation's parameters become such sizes before a
    rule sees them; `larger` and `smaller` are the maximum and the minimum of two. Without it they stay symbolic.
    """

    def __init__(
        self,
        find: Callable[[_jax.Equation], Rule],
        constant: Callable[[Any], Any] = lambda value: value,
        size: Callable[[Any, int], Any] | None = None,
        larger: Callable[[Any, Any], Any] = max,
        smaller: Callable[[Any, Any], Any] = min,
    ):
        self._find = find
        self._constant = constant
        self._size = size
        self._evaluate = partial(_jax.evaluate_dimension, larger=larger, smaller=smaller)
        self._sizes: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar("sizes", default=None)
        self._plans: weakref.WeakKeyDictionary[_jax.Jaxpr, _Plan] = weakref.WeakKeyDictionary()

    def __call__(self, closed: _jax.ClosedJaxpr, inputs: Sequence[Any]) -> list[Any]:
        plan = self._plans.get(closed.jaxpr)
        if plan is None:
            plan = self._plans[closed.jaxpr] = self._prepare(closed)
        if plan.is_open and self._size is not None and self._sizes.get() is None:
            return self._open(closed, inputs, plan)
        return self._run(plan, inputs)

    def _open(self, closed: _jax.ClosedJaxpr, inputs: Sequence[Any], plan: _Plan) -> list[Any]:
        """Runs a program whose open dimensions are those of these inputs; inner programs see them too."""
        before = self._sizes.set(_sizes(closed, inputs, self._size))
        try:
            return self._run(plan, inputs)
        finally:
            self._sizes.reset(before)

    def _run(self, plan: _Plan, inputs: Sequence[Any]) -> list[Any]:
        values = plan.cells.copy()
        for cell, value in zip(plan.inputs, inputs, strict=True):
            values[cell] = value
        for cell, dimension in plan.dimensions:
            values[cell] = _jax.dimension(dimension)
        equation = None
        try:
            for rule, take, write, writes, frees, equation in plan.steps:  # noqa: B007 - the last one, for the error
                if write is not None:
                    values[write] = rule(*take(values))
                else:
                    for cell, value in zip(writes, rule(*take(values)), strict=True):
                        values[cell] = value
                for cell in frees:
                    values[cell] = None
        except Exception as error:
            if equation is not None:
                error.add_note(f"while running {describe(equation)}")
            raise
        return [values[cell] for cell in plan.outputs]

    def _rule(self, equation: _jax.Equation) -> Rule:
        """An equation's rule; where sizes among the parameters are open, it is found anew at every run."""
        if self._size is None or not any(map(_has_open, equation.params.values())):
            return self._find(equation)

        def late(*operands: Any) -> Any:
            params = {name: self._closed(value) for name, value in equation.params.items()}
            return self._find(equation.replace(params=params))(*operands)

        return late

    def _closed(self, value: Any) -> Any:
        """A parameter with the sizes of this run in place of open ones."""
        if isinstance(value, (tuple, list)):
            return type(value)(map(self._closed, value)) if _has_open(value) else value
        return self._evaluate(value, self._sizes.get() or {}) if _jax.is_symbolic_dim(value) else value

    def _prepare(self, closed: _jax.ClosedJaxpr) -> _Plan:
        cells = _Cells(self._constant)
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            cells.hold(variable, value)
        inputs = [cells.of(variable) for variable in closed.jaxpr.invars]
        steps = [
            self._step(equation, cells, dead)
            for equation, dead in zip(closed.jaxpr.eqns, last_uses(closed.jaxpr), strict=True)
        ]
        outputs = [cells.of(atom) for atom in closed.jaxpr.outvars]
        return _Plan(cells.filled(), cells.dimensions, inputs, steps, outputs, _is_open(closed))

    def _step(self, equation: _jax.Equation, cells: _Cells, dead: Sequence[Any]) -> _Step:
        rule, take = self._rule(equation), _taker([cells.of(atom) for atom in equation.invars])
        writes = [cells.of(variable) for variable in equation.outvars]
        single = None if equation.primitive.multiple_results else writes[0]
        return _Step(rule, take, single, writes, [cells.of(variable) for variable in dead], equation)


def _taker(reads: Sequence[int]) -> Callable[[list], Sequence[Any]]:
    """A function of the cells' values that gives those of some, as fast as Python can."""
    if len(reads) > 1:
        return itemgetter(*reads)
    first = slice(reads[0], reads[0] + 1) if reads else slice(0)
    return lambda values: values[first]


class _Cells:
    """Numbers for variables and literals; constants, converted, with theirs."""

    def __init__(self, constant: Callable[[Any], Any]):
        self._constant = constant
        self._numbers: dict[Any, int] = {}
        self._constants: list[tuple[int, Any]] = []
        self.dimensions: list[tuple[int, Any]] = []
        self._size = 0

    def of(self, atom: Any) -> int:
        if isinstance(atom, _jax.Literal):
            if _jax.is_symbolic_dim(atom.val):
                self.dimensions.append((self._next(), atom.val))
                return self._size - 1
            return self.hold(atom, _jax.literal_value(atom))
        if atom not in self._numbers:
            self._numbers[atom] = self._next()
        return self._numbers[atom]

    def hold(self, atom: Any, value: Any) -> int:
        number = self._next() if isinstance(atom, _jax.Literal) else self.of(atom)
        self._constants.append((number, self._constant(value)))
        return number

    def filled(self) -> list[Any]:
        """Every cell, the constants in theirs."""
        values: list[Any] = [None] * self._size
        for number, value in self._constants:
            values[number] = value
        return values

    def _next(self) -> int:
        self._size += 1
        return self._size - 1


def _has_open(value: Any) -> bool:
    return any(map(_has_open, value)) if isinstance(value, (tuple, list)) else _jax.is_symbolic_dim(value)


def _is_open(closed: _jax.ClosedJaxpr) -> bool:
    return any(_has_open(aval.shape) for aval in closed.in_avals)


def _sizes(closed: _jax.ClosedJaxpr, inputs: Sequence[Any], size: Any) -> dict[str, Any]:
    """The size of every named dimension, from the inputs that have it as an axis."""
    axes = [(str(n), value, axis) for aval, value in zip(closed.in_avals, inputs, strict=True)
            for axis, n in enumerate(aval.shape) if _jax.is_symbolic_dim(n)]  # fmt: skip
    found: dict[str, Any] = {}
    for name, value, axis in axes:
        if name.isidentifier() and name not in found:
            found[name] = size(value, axis)
    return found


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
                    fix='Use the engine "jax", which runs every program: compile(engine="jax").',
                )
            )
        return partial(rules[name], **{key: equation.params[key] for key in VOCABULARY[name].parameters})

    return find


_SHOWN = 6
"""How many operands of an equation an error shows."""


def describe(equation: _jax.Equation) -> str:
    """The primitive, its operands' shapes, and where the equation was made: scope, code, and the user's own line."""
    texts = [shape_text(atom.aval) for atom in equation.invars]
    operands = ", ".join(texts if len(texts) <= _SHOWN else [*texts[:_SHOWN], "..."])
    return " ".join([f"{equation.primitive.name}({operands})", *_places(equation)])


def _places(equation: _jax.Equation) -> Iterator[str]:
    backward = _jax.is_backward(equation)
    if scope := _jax.scope_name(equation):
        yield f"in {'the gradient of ' * backward}{scope!r}"
    elif backward:
        yield "in a gradient"
    frames = _jax.source_frames(equation)
    if frames:
        yield "at {}:{} ({})".format(*frames[0])
    outside = [frame for frame in frames if not frame[0].startswith(_jax.HOME)]
    if outside and outside[0] != frames[0]:
        yield "called from {}:{} ({})".format(*outside[0])
