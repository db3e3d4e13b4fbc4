"""Long programs in pieces: the same values, equal pieces once, and training that doesn't notice."""

from __future__ import annotations

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import Literal

import cornu
from cornu.engines.engine import get_engine
from cornu.program import pieces
from cornu.program.trace import trace


def repeated(x, weights):
    """A program that repeats itself, with a number, an input and a constant among what it gives."""
    total = x
    for weight in weights:
        total = jnp.tanh(total * weight) + 0.5 * x
    return {"total": total, "input": x, "number": 2.0, "first": weights[0] + np.arange(3.0, dtype="float32")}


def program(count=40):
    return trace(repeated, jnp.ones(3), [jnp.float32(number) for number in range(count)])


def flat_inputs(count=40):
    return [np.arange(3, dtype="float32"), *[np.float32(number / count) for number in range(count)]]


@pytest.mark.parametrize("length", [1, 7, 50, 10_000])
def test_pieces_compute_what_the_whole_does(length, monkeypatch):
    monkeypatch.setattr(pieces, "_PATTERN", 4)
    monkeypatch.setattr(pieces.cut, "__defaults__", (length,))
    whole, calls = get_engine("jax").compile(program()), []

    def compile(piece):
        calls.append(piece)
        return get_engine("jax").compile(piece)

    found = pieces.compile_in_pieces(program(), compile)(*flat_inputs())
    for value, wanted in zip(found, whole(*flat_inputs()), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-6)
    count = len(pieces.cut(program()))
    assert (count == 1) == (length == 10_000)
    assert len(calls) <= 4 or length == 1


def test_pieces_begin_where_the_pattern_comes_again(monkeypatch):
    monkeypatch.setattr(pieces, "_PATTERN", 4)
    forms = [pieces.form(piece) for piece in pieces.cut(program(400), 50)]
    assert len(forms) > 20
    assert len(set(forms)) <= 4


@pytest.mark.parametrize(
    "other",
    [
        lambda x, y: jnp.sin(x) - y,
        lambda x, y: jnp.sin(y) - x,
        lambda x, y: jnp.sin(x) - 2 * y,
        lambda x, y: jnp.sin(x[:1]) - 3 * y,
        lambda x, y: (jnp.sin(x), jnp.sin(x) - 3 * y),
        lambda x, y: jax.nn.relu(x) - 3 * y,
    ],
)
def test_pieces_that_compute_something_else_have_another_form(other):
    def form(function):
        (piece,) = pieces.cut(trace(function, jnp.ones(2), jnp.ones(2)))
        return pieces.form(piece)

    assert form(lambda x, y: jnp.sin(x) - 3 * y) == form(lambda a, b: jnp.sin(a) - 3 * b)
    assert form(other) != form(lambda x, y: jnp.sin(x) - 3 * y)


def test_calls_with_gradients_of_their_own_are_told_by_what_they_call():
    def form(function):
        (piece,) = pieces.cut(trace(function, jnp.ones(2)))
        return pieces.form(piece)

    assert form(lambda x: jax.nn.relu(x) + 1) == form(lambda x: jax.nn.relu(x) + 1)
    assert form(lambda x: jax.nn.relu(x) + 1) != form(lambda x: jax.nn.relu6(x) + 1)


def test_values_are_dropped_when_no_piece_needs_them():
    made = pieces.cut(program(), 5)
    read_later = [set().union(*(piece.reads for piece in made[place + 1 :]), ()) for place in range(len(made))]
    for piece, later in zip(made, read_later, strict=True):
        assert not later & set(piece.over)
    over = {variable for piece in made for variable in piece.over}
    assert over.isdisjoint(atom for atom in program().jaxpr.jaxpr.outvars if not isinstance(atom, Literal))
    assert over


def histories(model_of):
    x = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    y = np.random.default_rng(1).integers(0, 3, 50)
    cornu.utils.set_random_seed(0)
    model = model_of()
    history = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history
    return history, model.predict(x, verbose=0)


def dropout_network():
    hidden = [cornu.layers.Dense(5, activation="relu") for _ in range(2)]
    layers = [cornu.Input((4,)), *hidden, cornu.layers.Dropout(0.3), cornu.layers.BatchNormalization()]
    model = cornu.Sequential([*layers, cornu.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("many", [pytest.param(10_000, marks=pytest.mark.slow), 10])
def test_training_in_pieces_is_the_same_training(many, monkeypatch):
    wanted, predicted = histories(dropout_network)
    monkeypatch.setattr(pieces, "LARGEST", 20)
    monkeypatch.setattr(pieces.cut, "__defaults__", (80,))
    monkeypatch.setattr("cornu.training.step._MANY", many)
    cuts, cut = [], pieces.cut
    monkeypatch.setattr(pieces, "cut", lambda program: cuts.append(found := cut(program)) or found)
    found, predicted_in_pieces = histories(dropout_network)
    assert len(cuts[0]) > 3
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4)
    np.testing.assert_allclose(predicted_in_pieces, predicted, rtol=1e-4, atol=1e-6)


def test_a_trace_leaves_the_collector_as_it_was():
    seen = []
    trace(lambda x: seen.append(gc.isenabled()) or x + 1, jnp.ones(2))
    assert seen == [False]
    assert gc.isenabled()
    gc.disable()
    try:
        trace(lambda x: x + 2, jnp.ones(2))
        assert not gc.isenabled()
    finally:
        gc.enable()
