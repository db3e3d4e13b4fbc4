"""Twelve models trained on every engine: the losses of every step are those of JAX, and so is what comes after them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import engine_models as models
import engine_table as table
import numpy as np
import pytest

import cornu
from cornu import layers

FIRST, LAST = 1e-5, 1e-3
"""How far, relatively, a loss may be from JAX's at the first and at the fiftieth step, in float32."""

ROUNDING = {"augmentation": (1e-3, 1e-2)}
"""The same for models that round pixels to levels, where a last digit may become a level."""

SMALL = "dense"
"""The model that is always trained; the others take minutes."""

IN_64_BITS = ("dense", "signals", "sequences")

SOME = {"torch-compile": ("dense", "images", "sequences")}
"""Engines that train only some of the models, since their rules are those of another engine."""

TOO_LARGE = {"tensorflow": ("augmentation",), "pytensor": ("augmentation",)}
"""Programs of 45,000 equations, for which these compilers take the better part of an hour."""

UNTRAINED = {
    "Layer": "what every layer is made of",
    "Wrapper": "what layers around another one are made of",
    "StringLookup": "strings stay on the host",
    "TextVectorization": "strings stay on the host",
}
"""Layers that are in none of the models, and why."""


@pytest.fixture(params=table.ENGINES)
def engine(request):
    return table.engine_or_skip(request.param)


# --- the models ---------------------------------------------------------------------------------------------------


def held(layer):
    """The classes of a layer and of all that it holds."""
    return {type(part) for part in layer._flatten_layers()}


def test_the_models_hold_every_layer():
    every = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, layers.Layer)}
    found = set().union(*(held(build().model) for build in models.MODELS.values()))
    assert {cls.__name__ for cls in every - found} == set(UNTRAINED)
    assert len(models.MODELS) == 12


# --- the curves ---------------------------------------------------------------------------------------------------


@functools.cache
def on_jax(name):
    return models.train(name, "jax")


def assert_same_training(found, wanted, first=FIRST, last=LAST):
    """Weights are the same bits before training; losses agree, later ones less, and what the trained model gives."""
    for mine, theirs in zip(found.initial, wanted.initial, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    mine, theirs = np.array(found.losses), np.array(wanted.losses)
    assert mine.shape == theirs.shape == (50,)
    allowed = first * (last / first) ** (np.arange(50) / 49)
    errors = np.abs(mine - theirs) / np.abs(theirs)
    assert (errors <= allowed).all(), f"at step {np.argmax(errors > allowed) + 1}, relative errors: {errors}"
    np.testing.assert_allclose(found.evaluated, wanted.evaluated, rtol=last, atol=last)
    for mine, theirs in zip(found.predicted, wanted.predicted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=last, atol=last)


def choices():
    for name in table.ENGINES:
        for model in SOME.get(name, models.MODELS):
            if model in TOO_LARGE.get(name, ()):
                continue
            yield pytest.param(name, model, marks=[pytest.mark.slow] * (model != SMALL or name in SOME))


@pytest.mark.parametrize("name, model", list(choices()))
def test_training_is_the_same_as_on_jax(name, model):
    table.engine_or_skip(name)
    assert_same_training(models.train(model, name), on_jax(model), *ROUNDING.get(model, (FIRST, LAST)))


@pytest.mark.slow
def test_training_is_the_same_in_64_bits(engine):
    if any(limit.subject == "*" and "float64" in limit.dtypes for limit in engine.limits) or engine.name in SOME:
        pytest.skip(f"{engine.name} has no 64-bit numbers, or those of another engine")
    here = Path(__file__).parent
    found = subprocess.run(
        [sys.executable, here / "engine_models.py", ",".join(IN_64_BITS), f"jax,{engine.name}"],
        env={**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]
    for name, by_engine in json.loads(found.stdout.splitlines()[-1]).items():
        wanted, mine = (models.Trained([], *by_engine[engine]) for engine in ("jax", engine.name))
        assert_same_training(mine, wanted, first=1e-10, last=1e-10), name


def test_a_little_difference_is_seen():
    wanted = on_jax(SMALL)
    for factor in (1 + 1e-4, float("nan")):
        with pytest.raises(AssertionError):
            assert_same_training(wanted._replace(losses=[loss * factor for loss in wanted.losses]), wanted)
    with pytest.raises(AssertionError):
        assert_same_training(wanted._replace(initial=[np.nextafter(w, 9) for w in wanted.initial]), wanted)
    with pytest.raises(AssertionError):
        assert_same_training(wanted._replace(predicted=[p + 0.01 for p in wanted.predicted]), wanted)


# --- dropout ------------------------------------------------------------------------------------------------------


class Masks(cornu.Model):
    """Keeps what dropout leaves of its input, of two steps."""

    def __init__(self):
        super().__init__()
        self.dropout, self.channels = layers.Dropout(0.4), layers.SpatialDropout1D(0.4)
        self.seen = [self.add_weight(shape=(16, 5, 7), trainable=False, name=f"seen{i}") for i in range(4)]

    def call(self, x, training=False):
        return self.channels(self.dropout(x, training=training), training=training)

    def train_step(self, data):
        before, last = self.seen[:2], self.seen[2:]
        for old, new, layer in zip(before, last, (self.dropout, self.channels), strict=True):
            old.assign(new)
            new.assign(layer(data[0], training=True))
        return {"loss": last[0].value.sum()}


def masks(engine):
    cornu.utils.set_random_seed(5)
    model = Masks()
    model.compile(engine=engine)
    x = np.ones((32, 5, 7), "float32")
    with pytest.warns(UserWarning, match="no trainable weights"):
        model.fit(x, x, batch_size=16, verbose=0)
    return [np.asarray(variable.value) for variable in model.seen]


def test_dropout_masks_are_the_same_bits(engine):
    wanted = masks("jax")
    assert all(0.4 < (mask != 0).mean() < 0.8 for mask in wanted)
    assert not np.array_equal(wanted[0], wanted[2])
    for mine, theirs in zip(masks(engine.name), wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)
