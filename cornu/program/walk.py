"""The interpreter loop that all engines share."""

from __future__ import annotations

import contextvars
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
    dimensions: list[tuple[int, Any]]
    inputs: list[int]
    steps: list[_Step]
    outputs: list[int]
    size: int


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
        if self._size is not None and self._sizes.get() is None and _is_open(closed):
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
        values: list[Any] = [None] * plan.size
        for cell, value in (*plan.constants, *zip(plan.inputs, inputs, strict=True)):
            values[cell] = value
        for cell, dimension in plan.dimensions:
            values[cell] = _jax.dimension(dimension)
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
            _Step(
                self._rule(equation),
                [cells.of(atom) for atom in equation.invars],
                [cells.of(variable) for variable in equation.outvars],
                [cells.of(variable) for variable in dead],
                equation,
            )
            for equation, dead in zip(closed.jaxpr.eqns, last_uses(closed.jaxpr), strict=True)
        ]
        outputs = [cells.of(atom) for atom in closed.jaxpr.outvars]
        return _Plan(cells.constants, cells.dimensions, inputs, steps, outputs, cells.size)


class _Cells:
    """Numbers for variables and literals; constants, converted, with theirs."""

    def __init__(self, constant: Callable[[Any], Any]):
        self._constant = constant
        self._numbers: dict[Any, int] = {}
        self.constants: list[tuple[int, Any]] = []
        self.dimensions: list[tuple[int, Any]] = []
        self.size = 0

    def of(self, atom: Any) -> int:
        if isinstance(atom, _jax.Literal):
            if _jax.is_symbolic_dim(atom.val):
                self.dimensions.append((self._next(), atom.val))
                return self.size - 1
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
