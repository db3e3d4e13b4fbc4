"""Programs with open dimensions: lowered, and run at several sizes, they give what their functions give there."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import cornu
from cornu.engines.reference import walk
from cornu.program.check import check
from cornu.program.lower import lower
from cornu.program.trace import trace
from cornu.variables import Scope

RNG = np.random.default_rng(0)


def describe(shape, dtype="float32", least=2):
    """A shape with open dimensions, of which all but `b` are at least so large."""
    names = [name.strip() for name in shape.split(",") if name.strip() not in "b2 4"]
    sizes = jax.export.symbolic_shape(
        shape, constraints=[f"{name} >= {least}" for name in names if name.isidentifier()]
    )
    return jax.ShapeDtypeStruct(sizes, dtype)


FUNCTIONS = {
    "mean": lambda x: (x.mean(0), x.mean(), x.var(1)),
    "size": lambda x: x.shape[0] * 2.0 + x.shape[1],
    "positions": lambda x: jnp.arange(x.shape[1]) + x[:, :1],
    "filled": lambda x: jnp.ones((x.shape[0] + 1, 2)),
    "repeated": lambda x: jnp.repeat(x, 2, axis=0),
    "loop": lambda x: lax.fori_loop(0, x.shape[0], lambda i, c: c + x[0, 0], 0.0),
    "strided": lambda x: (x[::2], x[:, 1:]),
    "from the end": lambda x: (x[:, -1], x[:, ::-1]),
    "padded to a multiple": lambda x: jnp.pad(x, ((0, (-x.shape[0]) % 4), (0, 0))),
    "flat": lambda x: x.reshape(-1),
    "two halves": lambda x: jnp.concatenate([x, x], axis=1) * (x.shape[1] // 2),
    "smaller and larger": lambda x: jnp.ones((jax.core.max_dim(x.shape[0], 3), jax.core.min_dim(x.shape[1], 3))),
    "scan": lambda x: lax.scan(lambda c, row: (c + row, c.sum()), jnp.zeros(x.shape[1]), x),
    "sorted": lambda x: jnp.sort(x, axis=1),
    "running sum": lambda x: jnp.cumsum(x, axis=1),
    "product": lambda x: x @ x.T,
    "triangle": lambda x: jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((x.shape[1],) * 2, bool)), x[:, None], -9)),
    "windows": lambda x: lax.reduce_window(x, -np.inf, lax.max, (1, 2), (1, 2), "VALID"),
    "best": lambda x: x.argmax(1),
    "one of each": lambda x: jnp.take_along_axis(x, jnp.zeros((x.shape[0], 1), int), axis=1),
    "box": lambda x: lax.dynamic_slice(x, (0, 1), (x.shape[0], x.shape[1] - 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    program = check(lower(trace(FUNCTIONS[name], describe("b, t"))))
    for shape in ((2, 3), (5, 4), (1, 7)):
        x = RNG.normal(size=shape).astype("float32")
        wanted = jax.tree.leaves(FUNCTIONS[name](x))
        found = walk(program.jaxpr, [x])
        for mine, right in zip(found, wanted, strict=True):
            np.testing.assert_allclose(mine, right, rtol=1e-5, atol=1e-6)
            assert np.shape(mine) == np.shape(right)


L = cornu.layers


MODELS = {
    "images": (
        lambda: [cornu.Input((None, None, 2)), L.Conv2D(4, 3, activation="relu"), L.BatchNormalization(),
                 L.DepthwiseConv2D(3, padding="same"), L.MaxPooling2D(2), L.GlobalAveragePooling2D(), L.Dense(3)],
        "b, h, w, 2", "float32", [(1, 8, 8, 2), (3, 9, 12, 2)]),
    "words": (
        lambda: [cornu.Input((None,), dtype="int32"), L.Embedding(10, 4, mask_zero=True),
                 L.Bidirectional(L.LSTM(3, return_sequences=True)), L.GRU(3), L.Dense(2, activation="softmax")],
        "b, t", "int32", [(1, 8), (4, 9)]),
    "attention": (
        lambda: [cornu.Input((None, 4)), L.Conv1D(4, 3, padding="causal"), L.LayerNormalization(),
                 L.GlobalMaxPooling1D(), L.Dense(2)],
        "b, t, 4", "float32", [(1, 8, 4), (4, 9, 4)]),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models(name):
    layers, shape, dtype, sizes = MODELS[name]
    model = cornu.Sequential(layers())
    variables = model.variables

    def run(values, x):
        with Scope(variables, values):
            return model(x, training=False)

    values = [np.asarray(v) for v in variables]
    program = check(lower(trace(run, values, describe(shape, dtype, least=8))))
    for size in sizes:
        x = (RNG.integers(0, 10, size) if dtype == "int32" else RNG.normal(size=size)).astype(dtype)
        np.testing.assert_allclose(walk(program.jaxpr, [*values, x])[0], model(x), rtol=1e-4, atol=1e-5)


def test_a_dimension_that_no_input_has_alone_is_an_error():
    program = lower(trace(lambda x: x * x.shape[0], describe("2*b", least=1)))
    with pytest.raises(Exception, match="b"):
        walk(program.jaxpr, [np.ones(4, "float32")])
