"""What tests of engines share: examples of the cases, comparison with an oracle, planted errors, limits."""

from __future__ import annotations

import contextlib
import copy
import functools
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from primitive_cases import CASES, assert_same, differences

from cornu import _jax
from cornu.engines.engine import Limit, engine_names, get_engine, installed_version, lowered, source
from cornu.program import show
from cornu.program.lower import lower
from cornu.program.simplify import simplify
from cornu.program.trace import Program, trace

ENGINES = [name for name in engine_names() if name not in ("jax", "reference")]
"""Those that are tested against the reference engine; it is tested against JAX."""

FAST = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def engine_or_skip(name: str) -> Any:
    """The engine of a name; where its library isn't installed, the test is skipped."""
    if installed_version(name) is None:
        pytest.skip(f"needs {source(name).library}: {source(name).install}")
    return get_engine(name)


def module_of(engine: Any) -> Any:
    """The module that holds an engine's rules."""
    return sys.modules[type(engine).__module__]


# --- examples ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Example:
    """A case with all choices made: the program, its flat inputs, and whether 64-bit numbers are switched on."""

    case: str
    program: Program
    inputs: tuple
    wide: bool = False

    def __str__(self) -> str:
        return f"{self.case}{' in 64 bits' * self.wide}"

    def numbers(self) -> contextlib.AbstractContextManager:
        """JAX's settings for this example."""
        return jax.enable_x64(True) if self.wide else contextlib.nullcontext()


@functools.cache
def examples(case: str, count: int = 1, wide: bool = False) -> list[Example]:
    """Examples of a case, always the same. Where two have the same text, they have the same program too."""
    found: list[Example] = []
    programs: dict[str, Program] = {}

    @settings(FAST, max_examples=count)
    @given(st.data())
    def build(data):
        function, arguments = CASES[case](data.draw)
        program = trace(function, *arguments)
        if not program.jaxpr.consts:
            program = programs.setdefault(str(program.jaxpr), program)
        found.append(Example(case, program, program.flatten(*arguments), wide))

    with jax.enable_x64(True) if wide else contextlib.nullcontext():
        build()
    return found


@functools.cache
def cases_of() -> dict[str, list[Example]]:
    """For each primitive, the examples in whose programs it stands as engines get them, short programs first."""
    found: dict[str, list[Example]] = {}
    sizes: dict[Example, int] = {}
    for case in CASES:
        example = examples(case)[0]
        counts = show.count(simplify(lower(example.program)))
        sizes[example] = sum(counts.values())
        for primitive in counts:
            found.setdefault(primitive, []).append(example)
    return {primitive: sorted(some, key=sizes.__getitem__) for primitive, some in found.items()}


# --- comparison ---------------------------------------------------------------------------------------------------

_compiled: weakref.WeakKeyDictionary[Program, dict[str, Any]] = weakref.WeakKeyDictionary()


def compiled(name: str, program: Program) -> Any:
    """The program on an engine, compiled once."""
    calls = _compiled.setdefault(program, {})
    if name not in calls:
        calls[name] = get_engine(name).compile(program)
    return calls[name]


def results(name: str, example: Example) -> list:
    """What a program gives on an engine, as arrays."""
    engine = get_engine(name)
    return [engine.get(value) for value in compiled(name, example.program)(*map(engine.put, example.inputs))]


def met(engine: Any, program: Program) -> list[Limit]:
    """The limits of an engine that hold somewhere in a program."""
    with without(engine, engine.limits):
        closed = lowered(program, engine)
    return [limit for limit in engine.limits if _meets(limit, closed)]


def _meets(limit: Limit, closed: _jax.ClosedJaxpr) -> bool:
    return any(
        limit.meets(equation) or any(_meets(limit, inner) for inner in _jax.inner_jaxprs(equation))
        for equation in closed.jaxpr.eqns
    )


@contextlib.contextmanager
def without(engine: Any, limits: tuple[Limit, ...]) -> Iterator[None]:
    """An engine that knows nothing of some of its limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine), "limits", tuple(limit for limit in engine.limits if limit not in limits))
        yield


def check(name: str, example: Example, oracle: str = "reference") -> None:
    """An engine gives what the oracle gives; where it can't run a program, it says why."""
    engine = get_engine(name)
    with example.numbers():
        limits = met(engine, example.program)
        if limits:
            with pytest.raises(NotImplementedError) as error:
                engine.compile(example.program)
            assert any(str(limit) in str(error.value) for limit in limits)
        else:
            assert_same(results(name, example), results(oracle, example))


# --- planted errors -----------------------------------------------------------------------------------------------


def off_by_one(x: Any) -> Any:
    """Another value of the same shape and dtype."""
    return ~x if x.dtype == bool else x + jnp.ones((), x.dtype)


def plant(patch: pytest.MonkeyPatch, engine: Any, primitive: str) -> None:
    """Puts an error into a rule: one is added to its first result, by the engine's own rules."""
    module = module_of(engine)
    right, rule, equations = module.walk, module.RULES[primitive], []

    def find(equation: _jax.Equation) -> Any:
        found = right._find(equation)

        def run(*operands: Any) -> Any:
            equations.append(equation)
            try:
                return found(*operands)
            finally:
                equations.pop()

        return run if equation.primitive.name == primitive else found

    def wrong(*operands: Any, **parameters: Any) -> Any:
        equation, given = equations[-1], rule(*operands, **parameters)
        several = equation.primitive.multiple_results
        spoil = lower(trace(off_by_one, equation.outvars[0].aval)).jaxpr
        (first,) = right(spoil, [given[0] if several else given])
        return [first, *given[1:]] if several else first

    walk = copy.copy(right)
    walk._find, walk._plans = find, weakref.WeakKeyDictionary()
    patch.setitem(module.RULES, primitive, wrong)
    patch.setattr(module, "walk", walk)


def is_seen(engine: Any, example: Example, oracle: str = "reference") -> bool:
    """Whether a program goes wrong on an engine as it is now: by other results, or by an error."""
    with example.numbers():
        right = results(oracle, example)
        try:
            found = engine.compile(example.program)(*map(engine.put, example.inputs))
            return any(map(differences, map(engine.get, found), right))
        except Exception:  # a wrong index or shape breaks a later rule
            return True
