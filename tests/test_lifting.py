"""Programs that differ in numbers only become one program."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cornu import _jax
from cornu.program.lifting import difference, differing, form, lift
from cornu.program.trace import trace

X = np.linspace(0.5, 2.0, 6, dtype="float32").reshape(2, 3)
TABLE = np.arange(3, dtype="float32")


@jax.custom_jvp
def scaled(x, a):
    return x * a


scaled.defjvp(lambda values, tangents: (scaled(*values), tangents[0]))

CASES = {
    "an operand": lambda a: lambda x: x * a + 1,
    "two places": lambda a: lambda x: (x * a).sum() + a,
    "a constant array": lambda a: lambda x: x + a * TABLE,
    "a result": lambda a: lambda x: (x, jnp.float32(a)),
    "an integer": lambda a: lambda x: jnp.roll(x, 1) + int(10 * a),
    "a call": lambda a: lambda x: jax.jit(lambda y: jnp.sin(y) * a)(x),
    "a call in a call": lambda a: lambda x: jax.jit(lambda y: jax.jit(lambda z: z / a)(y) + a)(x),
    "a call with a constant array": lambda a: lambda x: jax.jit(lambda y: y + a * TABLE)(x),
    "the same call twice": lambda a: lambda x: (f := jax.jit(lambda y: y + a * TABLE))(f(x)),
    "a function with a rule": lambda a: lambda x: scaled(x, a),
    "rematerialization": lambda a: lambda x: jax.grad(jax.checkpoint(lambda y: jnp.sin(y * a).sum()))(x),
    "a loop": lambda a: lambda x: lax.fori_loop(0, 3, lambda i, y: y * a + i, x),
    "a loop of open length": lambda a: lambda x: lax.while_loop(lambda y: y.sum() < 50 * a, lambda y: y * (1 + a), x),
    "a scan": lambda a: lambda x: lax.scan(lambda c, row: (c * a + row, c - a), x[0], x),
    "a scan with constants": lambda a: lambda x: lax.scan(lambda c, row: (c + x[1] * a + row, c), x[0], x),
    "branches": lambda a: lambda x: lax.cond(x.sum() > 9, lambda y: y * a, lambda y: y - a, x),
    "one branch": lambda a: lambda x: lax.cond(x.sum() > 0, lambda y: y * a, lambda y: y, x),
    "draws": lambda a: lambda x: jax.random.bernoulli(jax.random.key(3), a, (50,)),
    "nested control flow": lambda a: lambda x: lax.fori_loop(
        0, 4, lambda i, y: lax.cond(i < 2, lambda z: z + a, lambda z: lax.map(lambda r: r * a, z), y), x
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_program_computes_what_each_did(name):
    functions = [CASES[name](a) for a in (0.25, 0.5, 0.75)]
    programs = [trace(function, X) for function in functions]
    forms = [form(program) for program in programs]
    assert difference(forms[0], forms[1]) is difference(forms[0], forms[2]) is None
    numbers = differing(forms)
    assert numbers
    run = _jax.as_function(lift(programs[0], list(numbers)).jaxpr)
    for number, function in enumerate(functions):
        found = jax.jit(run)(X, *(values[number] for values in numbers.values()))
        for one, other in zip(found, jax.tree.leaves(jax.jit(function)(X)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
    # Where a number stays behind, it is seen.
    wrong = jax.jit(run)(X, *(values[0] for values in numbers.values()))
    wanted = jax.tree.leaves(jax.jit(functions[2])(X))
    assert not all(np.allclose(one, other) for one, other in zip(wrong, wanted, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_lifted_program_can_be_batched(name):
    functions = [CASES[name](a) for a in (0.25, 0.5)]
    programs = [trace(function, X) for function in functions]
    numbers = differing([form(program) for program in programs])
    run = _jax.as_function(lift(programs[0], list(numbers)).jaxpr)
    axes = (None, *[0] * len(numbers))
    found = jax.jit(jax.vmap(run, axes))(X, *(np.stack(values) for values in numbers.values()))
    for number, function in enumerate(functions):
        for one, other in zip(found, jax.tree.leaves(jax.jit(function)(X)), strict=True):
            np.testing.assert_allclose(one[number], other, rtol=1e-6)


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        (lambda x: x * 2, lambda x: x + 2, "mul(float32[2,3]"),
        (lambda x: x * 2, lambda x: x * 2 + 1, "nothing and add"),
        (lambda x: x**3, lambda x: x**4, "integer_pow"),
        (lambda x: x - x.T.T, lambda x: x.T.T - x, "sub"),
        (lambda x: lax.scan(lambda c, r: (c, r), 0.0, x), lambda x: lax.scan(lambda c, r: (c, r + 1), 0.0, x), "add"),
        (lambda x: (x, x + 1), lambda x: (x + 1, x), "results"),
        (lambda x: lax.reduce(x, 0.0, lambda a, b: a + 2 * b, (0,)),
         lambda x: lax.reduce(x, 0.0, lambda a, b: a + 3 * b, (0,)), "reduce"),
    ],
)  # fmt: skip
def test_other_differences_are_named(one, other, named):
    assert named in difference(form(trace(one, X)), form(trace(other, X)))


def test_other_shapes_are_named():
    def function(x):
        return x * 2

    assert "float32[2,3]" in difference(form(trace(function, X)), form(trace(function, X[:1])))
