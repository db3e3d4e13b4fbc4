"""What goes wrong with engines, and the one error that says so; weights and optimizers outlast it."""

from __future__ import annotations

import re
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engine_table import ENGINES, engine_or_skip

import cornu
from cornu import _jax, config, demo
from cornu.engines import engine as engines
from cornu.engines import reference
from cornu.program import show
from cornu.program.lower import lower
from cornu.program.simplify import simplify
from cornu.program.walk import describe
from cornu.training import step as stepping

X = np.random.default_rng(0).normal(size=(24, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")


COMPILES_SLOWLY = {"pytensor", "torch-compile"}


def slow(name):
    return pytest.param(name, marks=pytest.mark.slow)


class Bent(cornu.layers.Layer):
    """A layer of the user's own, with a function that is on no engine but JAX."""

    def call(self, inputs):
        return jax.scipy.special.i1e(inputs) if self.name == "bent_by_bessel" else jnp.sinh(inputs)

    line = call.__code__.co_firstlineno + 1


def network(*middle, engine=None, name="network"):
    cornu.utils.set_random_seed(1)
    model = cornu.Sequential(
        [cornu.Input((6,)), cornu.layers.Dense(4, name="first"), *middle, cornu.layers.Dense(2, activation="softmax")],
        name=name,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], engine=engine)
    return model


def fit(model, epochs=1):
    return model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0).history["loss"]


# --- which engine -------------------------------------------------------------------------------------------------


def test_an_unknown_engine_is_told_when_compiling():
    with pytest.raises(ValueError, match=r"(?s)Did you mean 'torch'\?.*jax, tensorflow.*got: +torhc.*set_engine"):
        network(engine="torhc")


def by_setting(monkeypatch):
    monkeypatch.setattr(config, "_settings", dict(config._settings))
    cornu.config.set_engine("referense")


def by_variable(monkeypatch):
    monkeypatch.setitem(config._settings, "engine", "referense")


@pytest.mark.parametrize("choose", [by_setting, by_variable])
def test_an_unknown_setting_is_told_before_training(choose, monkeypatch):
    model = network()
    choose(monkeypatch)
    with pytest.raises(ValueError, match=r"(?s)Did you mean 'reference'\?.*CORNU_ENGINE"):
        fit(model)


def missing(patch, library):
    patch.setitem(sys.modules, library, None)


def old(patch, library):
    patch.setitem(sys.modules, library, types.ModuleType(library))
    sys.modules[library].__version__ = "0.0.9"


def broken(patch, library):
    """The library is there, and a library that it needs isn't."""
    right = engines.importlib.import_module

    def load(name):
        if name == library:
            raise ImportError("libdevice.so: cannot open shared object file")
        return right(name)

    patch.setattr(engines.importlib, "import_module", load)


STATES = {missing: "none installed", old: "0.0.9", broken: "libdevice.so"}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("state", STATES)
def test_a_library_that_is_missing_old_or_broken(name, state):
    source = engines.source(name)
    with pytest.MonkeyPatch.context() as patch:
        state(patch, source.library)
        with pytest.raises(ImportError) as error:
            engines._load.__wrapped__(name)
    text = str(error.value)
    for part in (name, source.library, f"version {source.oldest} or newer", STATES[state], source.install):
        assert part in text


# --- what an engine can't do ----------------------------------------------------------------------------------------


def test_a_primitive_outside_of_the_vocabulary():
    model = network(Bent(name="bent_by_bessel"), engine="reference")
    with pytest.raises(ValueError) as error:
        fit(model)
    text = str(error.value)
    assert "bessel_i1e" in text
    assert "'network/bent_by_bessel'" in text
    assert re.search(rf"{re.escape(__file__)}:{Bent.line} ", text)
    assert 'compile(engine="jax")' in text
    model.compile("adam", "sparse_categorical_crossentropy", engine="jax")
    assert np.isfinite(fit(model)).all()


LIMITS = {
    "a primitive": (engines.Limit("expm1", "it isn't there"), "expm1: it isn't there"),
    "a dtype": (engines.Limit("*", "too narrow", ("bfloat16",)), "every primitive of bfloat16: too narrow"),
}


@pytest.mark.parametrize("name", ["reference", *ENGINES])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_names_the_primitive_the_layer_and_the_line(name, limit, monkeypatch):
    engine_or_skip(name)
    found, words = LIMITS[limit]
    monkeypatch.setattr(type(engines.get_engine(name)), "limits", (found,))
    layer = Bent(name="bent", dtype="bfloat16" if limit == "a dtype" else None)
    model = network(layer, engine=name)
    with pytest.raises(NotImplementedError) as error:
        fit(model)
    text = str(error.value)
    assert f"Engine {name!r} cannot run {words}" in text
    assert "'network/bent'" in text
    assert 'compile(engine="jax")' in text
    if limit == "a primitive":
        assert f"{__file__}:{Bent.line} " in text


def test_a_limit_within_a_loop_names_the_layer(monkeypatch):
    monkeypatch.setattr(reference.Reference, "limits", (engines.Limit("logistic", "it isn't there"),))
    model = network(cornu.layers.Reshape((2, 2)), cornu.layers.LSTM(3, name="memory"), engine="reference")
    with pytest.raises(NotImplementedError, match=r"(?s)logistic.*inside of scan\(.*'network/memory'"):
        fit(model)


def test_every_equation_of_a_layer_names_it_also_in_the_gradient():
    """Products, of which each layer has its own: forward, and for each of its gradients."""
    model = network(cornu.layers.Dense(3, activation="tanh", name="second"))

    class Caught:
        name, prefers_pieces = "caught", False

        def compile(self, program, **_):
            self.program = program

    engine = Caught()
    stepping.prepare(model, "train", (X, Y))
    stepping.compile_step(model, "train", (X, Y), engine)
    program = simplify(lower(engine.program))
    products = [e for e, _ in show.equations(program.jaxpr) if e.primitive.name == "dot_general"]
    places = [re.search(r"in (.*?'.*?')", describe(equation))[1] for equation in products]
    last = model.layers[-1].name
    forward = [f"'network/{name}'" for name in ("first", "second", last)]
    backward = [f"the gradient of 'network/{name}'" for name in (last, last, "second", "second", "first")]
    assert places == forward + backward
    assert all(_jax.source_frames(equation)[0][2] == "Dense.call" for equation in products)


# --- errors while a program runs ------------------------------------------------------------------------------------


def failing_after(count, rule):
    """A rule that fails at its second `count`: the first ones go through."""
    left = [count]

    def run(*operands, **parameters):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("out of memory")
        return rule(*operands, **parameters)

    return run


def plant(monkeypatch, primitive, count):
    monkeypatch.setitem(reference.RULES, primitive, failing_after(count, reference.RULES[primitive]))
    walk = reference.Walker(reference.by_name(reference.RULES, "reference"))
    monkeypatch.setattr(reference, "walk", walk)


def test_an_error_in_the_middle_of_training_leaves_the_weights(monkeypatch):
    model, same = network(engine="reference"), network(engine="reference")
    start = model.get_weights()
    with monkeypatch.context() as patch:
        plant(patch, "argmax", 2)  # one a step
        with pytest.raises(RuntimeError, match="out of memory") as error:
            model.fit(X, Y, batch_size=8, epochs=1, verbose=0, shuffle=False, callbacks=[EveryStep()])
    assert any("argmax(float32[8,2])" in note for note in error.value.__notes__)
    assert int(model.optimizer.iterations) == 2
    same.fit(X[:16], Y[:16], batch_size=8, epochs=1, verbose=0, shuffle=False)
    for found, wanted, before in zip(model.get_weights(), same.get_weights(), start, strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert not np.array_equal(found, before)
    assert np.isfinite(fit(model)).all()


class EveryStep(cornu.callbacks.Callback):
    """Looks at every step, so that each is a call of its own."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def test_an_error_in_the_middle_of_prediction_leaves_the_weights(monkeypatch):
    model = network(engine="reference")
    wanted = model.predict(X, verbose=0)
    model._step_cache.clear()
    with monkeypatch.context() as patch:
        plant(patch, "exp", 1)
        with pytest.raises(RuntimeError, match="out of memory"):
            model.predict(X, batch_size=8, verbose=0)
    model._step_cache.clear()
    np.testing.assert_array_equal(model.predict(X, verbose=0), wanted)


# --- from engine to engine ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reference", *(slow(name) if name in COMPILES_SLOWLY else name for name in ENGINES)])
def test_weights_and_optimizer_go_from_engine_to_engine(name, monkeypatch):
    engine_or_skip(name)
    monkeypatch.setattr(config, "_settings", dict(config._settings))
    steady, moving = (network(cornu.layers.Dropout(0.2, seed=3)) for _ in range(2))
    for engine in ("jax", name, "jax"):
        cornu.config.set_engine("jax")
        wanted = fit(steady)
        cornu.config.set_engine(engine)
        np.testing.assert_allclose(fit(moving), wanted, rtol=1e-4)
    assert int(moving.optimizer.iterations) == int(steady.optimizer.iterations) == 9
    for found, right in zip(moving.optimizer.variables, steady.optimizer.variables, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-2, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference", *ENGINES])
def test_the_demonstration_runs_on_every_engine(name, tmp_path, monkeypatch):
    engine_or_skip(name)
    pytest.importorskip("matplotlib")
    monkeypatch.setitem(config._settings, "engine", name)
    assert demo.run("digits", epochs=1, output=tmp_path) > 0.7
