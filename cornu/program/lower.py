"""Program to program, into the vocabulary.

Calls are inlined, typed random keys become pairs of words, primitives outside the vocabulary, and general uses of those
in it, are rewritten by the functions of the table `DERIVED`. The result is the program of the same function: each
equation keeps its source line.
"""

from __future__ import annotations

import contextvars
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import _jax
from cornu.errors import explain
from cornu.program import randomness
from cornu.program.derived import DERIVED
from cornu.program.trace import Program
from cornu.program.vocabulary import admits
from cornu.program.walk import Walker

_lowered: weakref.WeakKeyDictionary[Program, Program] = weakref.WeakKeyDictionary()


def lower(program: Program) -> Program:
    """The same program in the vocabulary, as far as it can be written in it: `check` tells what is left.

    Raises NotImplementedError for typed keys as inputs or outputs (take `jax.random.key_data` of them), for keys that
    are not Threefry's, and for draws with `jax_threefry_partitionable` switched off.

    >>> import jax
    >>> from cornu.program.trace import trace
    >>> print(lower(trace(lambda x: jax.nn.relu(x) ** 2, jax.ShapeDtypeStruct((3,), "float32"))))
    <lambda> (a:float32[3])
      b:float32[3] = max a 0.0
      c:float32[3] = mul b b
      return c
    """
    if program not in _lowered:
        if any(_jax.is_key(aval) for aval in (*program.inputs, *program.outputs)):
            raise NotImplementedError(
                explain(
                    f"Program {program.name!r} takes or gives typed random keys.",
                    expected="raw keys: uint32 arrays whose last axis has two elements",
                    fix="Convert them with jax.random.key_data and jax.random.wrap_key_data.",
                )
            )
        jaxpr = _jax.without_dead_code(_lower_jaxpr(program.jaxpr))
        result = Program(jaxpr, program.in_tree, program.out_tree, program.name)
        _lowered[program] = _lowered[result] = result
    return _lowered[program]


# --- keys as words --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """An array of typed random keys: as many arrays of uint32 as a key has words, each of the keys' shape."""

    words: tuple[Any, ...]


def _as_values(value: Any) -> Any:
    """A constant of a program; a typed key becomes its words."""
    if not hasattr(value, "dtype") or not _jax.is_key(value):
        return value
    raw = np.asarray(jax.random.key_data(value))
    return Keys(tuple(raw[..., i] for i in range(raw.shape[-1])))


def _width(aval: Any) -> int:
    """How many arrays stand for one value."""
    return int(np.prod(_jax.key_methods(aval.dtype).key_shape)) if _jax.is_key(aval) else 1


def _flat(values: Sequence[Any]) -> list[Any]:
    return [word for value in values for word in (value.words if isinstance(value, Keys) else (value,))]


def _nested(words: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """Values of such abstract values, of the flat list of their words."""
    left = iter(words)
    return [Keys(tuple(next(left) for _ in range(_width(a)))) if _jax.is_key(a) else next(left) for a in avals]


def _flat_avals(avals: Sequence[Any]) -> list[jax.ShapeDtypeStruct]:
    return [
        jax.ShapeDtypeStruct(aval.shape, jnp.uint32 if _jax.is_key(aval) else aval.dtype)
        for aval in avals
        for _ in range(_width(aval))
    ]


# --- the walk -------------------------------------------------------------------------------------------------

_inside_derived: contextvars.ContextVar[bool] = contextvars.ContextVar("inside_derived", default=False)


def _find(equation: _jax.Equation) -> Callable:
    """The rule of an equation; what it emits carries the source line of the program that the user wrote."""
    rule = _rule(equation)

    def located(*values: Any) -> Any:
        with _jax.made_by(equation, keep_line=_inside_derived.get()):
            return rule(*values)

    return located


_walk = Walker(_find, _as_values)


def _lower_jaxpr(closed: _jax.ClosedJaxpr) -> _jax.ClosedJaxpr:
    """A jaxpr whose inputs and outputs are words where the given one's are keys."""

    def flat(*words: Any) -> list[Any]:
        return _flat(_walk(closed, _nested(words, closed.in_avals)))

    return jax.make_jaxpr(flat)(*_flat_avals(closed.in_avals))


def _lower_function(function: Callable, avals: Sequence[Any]) -> _jax.ClosedJaxpr:
    return _lower_jaxpr(jax.make_jaxpr(function)(*_flat_avals(avals)))


def _rule(equation: _jax.Equation) -> Callable:
    name = equation.primitive.name
    if name in _jax.CALLS:
        called = _jax.close(equation.params[_jax.CALLS[name]])
        return lambda *values: _walk(called, values)
    return partial(_STRUCTURAL.get(name, _apply), equation)


def _apply(equation: _jax.Equation, *values: Any) -> Any:
    """An equation on arrays; one that only moves elements is applied to each word of keys."""
    keys = [value for value in values if isinstance(value, Keys)]
    if not keys:
        return _emit(equation.primitive, equation.params, values)
    results = [
        _emit(equation.primitive, equation.params, [v.words[i] if isinstance(v, Keys) else v for v in values])
        for i in range(len(keys[0].words))
    ]
    if equation.primitive.multiple_results:
        return [Keys(words) for words in zip(*results, strict=True)]
    return Keys(tuple(results))


def _emit(primitive: Any, params: dict, values: Sequence[Any]) -> Any:
    """Stays what is in the vocabulary, is rewritten what can be; the rest stays, for `check` to tell."""
    name = primitive.name
    if not admits(name, [jax.typeof(value) for value in values], params) and name in DERIVED:
        results = _derive(partial(DERIVED[name], **params), *values)
        return results if primitive.multiple_results else results[0]
    return primitive.bind(*values, **params)


def _derive(function: Callable, *values: Any) -> list[Any]:
    """The lowered results of a function of arrays."""
    closed = jax.make_jaxpr(function)(*_flat_avals([jax.typeof(value) for value in values]))
    token = _inside_derived.set(True)
    try:
        return _walk(closed, values)
    finally:
        _inside_derived.reset(token)


# --- control flow ---------------------------------------------------------------------------------------------


def _scan(equation: _jax.Equation, *values: Any) -> list[Any]:
    params, body = equation.params, equation.params["jaxpr"]
    consts, carry = params["num_consts"], params["num_carry"]
    changed = {
        "jaxpr": _lower_jaxpr(body),
        "num_consts": len(_flat(values[:consts])),
        "num_carry": len(_flat(values[consts : consts + carry])),
    }
    results = equation.primitive.bind(*_flat(values), **{**params, **changed})
    return _nested(results, body.out_avals)


def _while(equation: _jax.Equation, *values: Any) -> list[Any]:
    params, body = equation.params, equation.params["body_jaxpr"]
    split = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
    tests, constants, state = map(_flat, (values[: split[0]], values[split[0] : split[1]], values[split[1] :]))
    test, step = _lower_jaxpr(params["cond_jaxpr"]), _lower_jaxpr(body)
    if test.out_avals[0].shape:
        test, step = _while_any(test, step, len(tests))
        constants = [*tests, *constants]
    changed = {
        "cond_jaxpr": test,
        "cond_nconsts": len(tests),
        "body_jaxpr": step,
        "body_nconsts": len(constants),
    }
    results = equation.primitive.bind(*tests, *constants, *state, **{**params, **changed})
    return _nested(results, body.out_avals)


def _while_any(test: _jax.ClosedJaxpr, step: _jax.ClosedJaxpr, tests: int) -> tuple[_jax.ClosedJaxpr, _jax.ClosedJaxpr]:
    """A loop with a condition for each element of a batch: it goes on while any holds, and moves only those on.

    The new body takes the condition's constants before its own.
    """
    constants = len(step.in_avals) - len(step.out_avals)

    def any_holds(*values: Any) -> Any:
        return jnp.any(_jax.as_function(test)(*values)[0])

    def step_some(*values: Any) -> list[Any]:
        state = values[tests + constants :]
        (holds,) = _jax.as_function(test)(*values[:tests], *state)
        moved = _jax.as_function(step)(*values[tests:])
        return [
            jnp.where(jnp.reshape(holds, holds.shape + (1,) * (old.ndim - holds.ndim)), new, old)
            for new, old in zip(moved, state, strict=True)
        ]

    operands = [*test.in_avals[:tests], *step.in_avals]
    return _lower_function(any_holds, test.in_avals), _lower_function(step_some, operands)


def _cond(equation: _jax.Equation, index: Any, *values: Any) -> list[Any]:
    """A branch that is known beforehand (a choice by platform) is inlined."""
    branches = equation.params["branches"]
    if not _jax.is_traced(index):
        return _walk(branches[min(max(int(index), 0), len(branches) - 1)], values)
    lowered = tuple(_lower_jaxpr(branch) for branch in branches)
    results = equation.primitive.bind(index, *_flat(values), branches=lowered)
    return _nested(results, branches[0].out_avals)


def _linear_solve(equation: _jax.Equation, *values: Any) -> list[Any]:
    """The solver alone, with its constants; the functions beside it serve derivatives only."""
    lengths, programs = equation.params["const_lengths"], equation.params["jaxprs"]
    start = lengths.matvec + lengths.vecmat
    constants = values[start : start + lengths.solve]
    return _walk(programs.solve, [*constants, *values[sum(n or 0 for n in lengths) :]])


# --- random keys ----------------------------------------------------------------------------------------------


def _threefry_only(equation: _jax.Equation, aval: Any) -> None:
    if _jax.key_methods(aval.dtype).name != "threefry2x32" or not equation.ctx.threefry_partitionable:
        raise NotImplementedError(
            explain(
                f"{equation.primitive.name}: this random generator is not in the vocabulary.",
                expected="Threefry keys, with jax_threefry_partitionable on (both are JAX's defaults)",
                got=str(aval.dtype),
                fix="Use the engine 'jax', or JAX's default generator.",
            )
        )


def _drawing(function: Callable) -> Callable:
    """A rule for a primitive whose first operand is keys: a function of their words and its other operands."""

    def rule(equation: _jax.Equation, keys: Keys, *values: Any) -> Any:
        _threefry_only(equation, equation.invars[0].aval)
        operands = partial(function, **equation.params)
        results = _derive(lambda first, second, *others: operands((first, second), *others), *keys.words, *values)
        return Keys(tuple(results)) if _jax.is_key(equation.outvars[0].aval) else results[0]

    return rule


def _random_seed(equation: _jax.Equation, value: Any) -> Keys:
    _threefry_only(equation, equation.outvars[0].aval)
    return Keys(tuple(_derive(randomness.seed, value)))


def _random_wrap(equation: _jax.Equation, raw: Any) -> Keys:
    width = _width(equation.outvars[0].aval)
    return Keys(tuple(_derive(lambda words: [words[..., i] for i in range(width)], raw)))


def _random_unwrap(equation: _jax.Equation, keys: Keys) -> Any:
    return _derive(lambda *words: jnp.stack(words, axis=-1), *keys.words)[0]


def _gamma(words: randomness.Words, shape_parameter: Any, *, log_space: bool) -> Any:
    keys = jax.random.wrap_key_data(jnp.stack(words, axis=-1), impl="threefry2x32")
    return _jax.draw_gamma(keys, shape_parameter, log_space=log_space)


def _bits(words: randomness.Words, *, bit_width: int, shape: Sequence[int]) -> Any:
    return randomness.bits(words, bit_width, shape)


def _split(words: randomness.Words, *, shape: Sequence[int]) -> Any:
    return randomness.split(words, shape)


_STRUCTURAL: dict[str, Callable] = {
    "scan": _scan,
    "while": _while,
    "cond": _cond,
    "custom_linear_solve": _linear_solve,
    "random_seed": _random_seed,
    "random_wrap": _random_wrap,
    "random_unwrap": _random_unwrap,
    "random_split": _drawing(_split),
    "random_fold_in": _drawing(randomness.fold_in),
    "random_bits": _drawing(_bits),
    "random_gamma": _drawing(_gamma),
}
