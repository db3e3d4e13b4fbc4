"""Shorter programs: the same bits for every case, how much shorter, how fast; and wrong rules that are seen."""

from __future__ import annotations

import time

import engine_table as table
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from primitive_cases import CASES
from training_steps import STEPS

import cornu
from cornu.engines import reference
from cornu.program import folding, show, simplify
from cornu.program.check import check
from cornu.program.lower import lower
from cornu.program.trace import trace

X = jax.ShapeDtypeStruct((2, 3), "float32")
N = jax.ShapeDtypeStruct((4,), "int32")
T = jax.ShapeDtypeStruct((2, 3, 4), "float32")
B = jax.ShapeDtypeStruct((2, 3), "bool")

SHORTER = {
    "a reshape to the same shape": (lambda x: x.reshape(2, 3) + 1, [X], "add"),
    "a reshape of a reshape": (lambda x: x.reshape(6).reshape(3, 2), [X], "reshape"),
    "a reshape and back": (lambda x: jnp.sin(x.reshape(6).reshape(2, 3)), [X], "sin"),
    "an axis of size one": (lambda x: lax.broadcast_in_dim(x, (2, 1, 3), (0, 2)), [X], "reshape"),
    "a transpose and back": (lambda x: jnp.sin(x.T.T), [X], "sin"),
    "transposes": (lambda x: x.transpose(1, 2, 0).transpose(1, 2, 0), [T], "transpose"),
    "a transpose of axes of size one": (lambda x: x[None].transpose(1, 0, 2), [X], "reshape"),
    "a transposed product": (lambda x, y: (x.T @ y).T, [X, X], "transpose dot_general"),
    "slices": (lambda x: x[:, 1:][:, :1][0:2], [X], "slice"),
    "pads": (lambda x: jnp.pad(jnp.pad(x, 1), 1), [X], "pad"),
    "pads with two values": (lambda x: jnp.pad(jnp.pad(x, 1), 1, constant_values=2.0), [X], "pad pad"),
    "a sum over nothing": (lambda x: jnp.sin(x).sum(()), [X], "sin"),
    "a sum of one number": (lambda n: n[None].sum(0) + n, [N], "add"),
    "a sum of one float": (lambda x: x[:, None].sum(1) * x, [X], "mul"),
    "a maximum of one number": (lambda x: x[None].max(0) * 2, [X], "mul"),
    "a concatenation of one": (lambda x: lax.concatenate([x], 0) * 2, [X], "mul"),
    "a maximum with -inf": (lambda x: jnp.maximum(-jnp.inf, x) * 2, [X], "mul"),
    "a maximum with 0": (lambda x: jnp.maximum(x, 0.0), [X], "max"),
    "x + 0.0": (lambda x: x + 0.0, [X], "add"),
    "x - 0.0 and x * 1.0": (lambda x: jnp.sin((x - 0.0) * 1.0 / 1.0), [X], "sin"),
    "x * 0.0": (lambda x: x * 0.0, [X], "mul"),
    "n + 0, n * 1": (lambda n: jnp.bitwise_not((n + 0) * 1 | 0), [N], "not"),
    "n * 0": (lambda n: n * 0 + n, [N], ""),
    "what is undone": (lambda x: jnp.sin(lax.neg(lax.neg(x))), [X], "sin"),
    "constants": (lambda x: x + (jnp.arange(3) * 2 == 2), [X], "add"),
    "constants whose last bit is an engine's own": (lambda x: x + jnp.exp(jnp.float32(2)), [X], "exp add"),
    "an array of one number": (lambda x: x * jnp.full((2, 3), 2.0), [X], "mul"),
    "numbers repeated": (lambda x, y: x + jnp.broadcast_to(-y[0, 0], (2, 3)), [X, X], "slice reshape neg add"),
    "rows repeated": (lambda x, y: x + jnp.broadcast_to(y[0] * 2, (2, 3)), [X, X], "slice reshape mul reshape add"),
    "a known choice": (lambda x, y: jnp.where(jnp.ones((2, 3), bool), jnp.sin(x), y), [X, X], "sin"),
    "a choice of the same": (lambda x, p: jnp.where(p, x, x) * 2, [X, B], "mul"),
    "a choice of numbers": (lambda p: jnp.where(p, 1.0, 0.0), [B], "select_n"),
    "twice the same": (lambda x: jnp.sin(x) * jnp.sin(x), [X], "sin mul"),
    "almost the same": (lambda x: x.sum(0).sum() * x.sum(1).sum(), [X], "reduce_sum " * 4 + "mul"),
    "rows by their numbers": (lambda x, n: jnp.take(x, n, 0, mode="clip"), [X, N], "max min reshape gather"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHORTER)
def test_what_is_left(name):
    function, arguments, wanted = SHORTER[name]
    program = check(simplify.simplify(lower(trace(function, *arguments))))
    assert [equation.primitive.name for equation, _ in show.equations(program.jaxpr)] == wanted.split()


def runs(program):
    """What the reference engine gives for a lowered program."""

    def run(inputs):
        with np.errstate(all="ignore"):
            given = [np.asarray(x, aval.dtype) for x, aval in zip(inputs, program.inputs, strict=True)]
            return reference.walk(program.jaxpr, given)

    return run


def bits(arrays):
    """Arrays as dtypes, shapes and bytes; every NaN is the same."""
    arrays = [np.asarray(x) for x in arrays]
    return [(x.dtype, x.shape, np.where(x != x, np.nan, x).astype(x.dtype).tobytes()) for x in arrays]


def differs(example):
    """Whether the shortened program gives other bits."""
    with example.numbers():
        program = lower(example.program)
        short = simplify.simplify(program)
        check(short)
        return bits(runs(short)(example.inputs)) != bits(runs(program)(example.inputs))


@pytest.mark.parametrize("wide", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_the_same_bits(case, wide):
    assert not any(map(differs, table.examples(case, 3, wide)))


@pytest.mark.parametrize("name", STEPS)
def test_the_same_step(name):
    step, state, batch = STEPS[name]()
    program = trace(step, state, *batch)
    example = table.Example(name, program, program.flatten(state, *batch))
    assert not differs(example)


def neutral_zero(name, place, dtype, right=simplify._neutral_values):
    """Says that 0.0 may be added to floats."""
    return (0.0,) if name == "add" and dtype == np.float32 else right(name, place, dtype)


def absorbing_zero(name, dtype, right=simplify._absorbing_values):
    """Says that 0 x is 0, whatever x is."""
    return (0.0,) if name == "mul" else right(name, dtype)


def whole(work, equation, x, *_):
    """Says that every part is the whole that it is cut from."""
    return work.reshape(work.full(x), equation.outvars[0].aval.shape, equation)


WRONG = {
    "x + 0.0": lambda patch: patch.setattr(simplify, "_neutral_values", neutral_zero),
    "0.0 x": lambda patch: patch.setattr(simplify, "_absorbing_values", absorbing_zero),
    "folding": lambda patch: patch.setitem(folding.RULES, "mul", np.add),
    "rev": lambda patch: patch.setitem(simplify._RULES, "rev", lambda work, equation, x: x),
    "sums of one": lambda patch: patch.setitem(simplify._RULES, "reduce_sum", whole),
    "what is the same": lambda patch: patch.setattr(simplify, "_key", lambda atom: None),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_seen(name, monkeypatch):
    WRONG[name](monkeypatch)
    monkeypatch.setattr(simplify, "_simplified", {})

    def seen(case):
        try:
            return any(map(differs, table.examples(case, 3)))
        except Exception:  # a wrong shape breaks a later rule
            return True

    assert any(map(seen, CASES))


def test_open_dimensions():
    rows = jax.ShapeDtypeStruct(jax.export.symbolic_shape("rows, 3"), "float32")

    def function(x):
        centered = x - jnp.broadcast_to(x.mean(), x.shape) + jnp.zeros_like(x)
        return jax.nn.softmax(centered.reshape(x.shape[0], 3, 1)[..., 0] @ jnp.ones((3, 4))).T

    program = lower(trace(function, rows))
    short = check(simplify.simplify(program))
    assert sum(show.count(short).values()) < sum(show.count(program).values())
    x = np.arange(12, dtype="float32").reshape(4, 3)
    assert bits(runs(short)([x])) == bits(runs(program)([x]))


@pytest.mark.parametrize(
    "name, share", [("mlp", 0.85), ("convolutional", 0.85), ("recurrent", 0.85), ("attention", 0.85)]
)
def test_training_steps_are_shorter(name, share):
    step, state, batch = STEPS[name]()
    program = lower(trace(step, state, *batch))
    short = simplify.simplify(program)
    assert simplify.simplify(short) is short
    assert sum(show.count(short).values()) < 0.86 * sum(show.count(program).values())


def test_a_long_program_takes_little_time():
    def network(weights, x):
        for w in weights:
            x = jax.nn.gelu((x - x.mean(-1, keepdims=True)) @ w, approximate=False)
        return (x**2).mean()

    weights = [np.ones((4, 4), "float32")] * 95
    program = lower(trace(jax.grad(network), weights, np.ones((2, 4), "float32")))
    assert sum(show.count(program).values()) > 3000
    began = time.thread_time()
    simplify.simplify(program)
    assert time.thread_time() - began < 0.5


def test_inner_programs_are_simplified():
    def function(x):
        return lax.scan(lambda carry, row: (carry + row.reshape(3) * jnp.ones(3), row + 0), x[0], x)

    program = simplify.simplify(lower(trace(function, X)))
    inner = next(equation for equation, _ in show.equations(program.jaxpr) if equation.primitive.name == "scan")
    assert [equation.primitive.name for equation in inner.params["jaxpr"].jaxpr.eqns] == ["add", "add"]


def test_equations_keep_their_lines_and_scopes():
    def function(x):
        with jax.named_scope("a_layer"):
            return jnp.exp(x + jnp.zeros(()).reshape(1, 1))

    program = simplify.simplify(lower(trace(function, X)))
    places = {cornu._jax.scope_name(equation) for equation, _ in show.equations(program.jaxpr)}
    lines = {cornu._jax.source_frames(equation)[0][1] for equation, _ in show.equations(program.jaxpr)}
    assert (places, lines) == ({"a_layer"}, {function.__code__.co_firstlineno + 2})
