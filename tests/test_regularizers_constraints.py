"""Penalties and projections of weights, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cornu import constraints, regularizers
from cornu.variables import Variable

W = np.random.default_rng(0).normal(size=(4, 6)).astype("float32") * 2
K = np.random.default_rng(1).normal(size=(3, 3, 2, 5)).astype("float32")

REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.3}),
    ("L1L2", {"l1": 0.3, "l2": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.3, "mode": "columns"}),
]
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1.5, "axis": 1}),
    ("MaxNorm", {"max_value": 1, "axis": [0, 1, 2]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1, 2]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.4, "axis": 1}),
]
ALL = [(regularizers, keras.regularizers, *case) for case in REGULARIZERS]
ALL += [(constraints, keras.constraints, *case) for case in CONSTRAINTS]
IDS = [f"{name}-{i}" for i, (_, _, name, _) in enumerate(ALL)]


def weight(options):
    return K if isinstance(options.get("axis"), list) else W


@pytest.mark.parametrize("ours, theirs, name, options", ALL, ids=IDS)
def test_values_are_those_of_keras(ours, theirs, name, options):
    value = weight(options)
    found, expected = getattr(ours, name)(**options)(value), getattr(theirs, name)(**options)(keras.ops.array(value))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(getattr(ours, name)(**options)(Variable(value)), found)


@pytest.mark.parametrize("ours, theirs, name, options", ALL, ids=IDS)
def test_the_dtype_stays(ours, theirs, name, options):
    for dtype in ("float16", "bfloat16"):
        value = weight(options).astype("float32")
        found = getattr(ours, name)(**options)(Variable(value, dtype=dtype))
        assert str(found.dtype) == dtype


@pytest.mark.parametrize("ours, theirs, name, options", ALL, ids=IDS)
def test_config_is_that_of_keras_and_gives_the_same_back(ours, theirs, name, options):
    thing, other = getattr(ours, name)(**options), getattr(theirs, name)(**options)
    # Keras rounds some numbers to float32.
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in other.get_config().items()}
    assert thing.get_config() == rounded
    saved = ours.serialize(thing)
    assert {**saved, "config": None} == {**theirs.serialize(other), "config": None}
    value = weight(options)
    np.testing.assert_array_equal(ours.deserialize(saved)(value), thing(value))


def test_a_planted_error_is_found():
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(regularizers.L2(0.0101)(W), keras.regularizers.L2(0.01)(W), rtol=1e-5)


def test_projections_are_idempotent():
    for constraint in (
        constraints.MaxNorm(1.0),
        constraints.NonNeg(),
        constraints.UnitNorm(),
        constraints.MinMaxNorm(1, 2),
    ):
        once = constraint(W)
        np.testing.assert_allclose(constraint(once), once, rtol=1e-5)


NAMES = [
    (module, other, name)
    for module, other in ((regularizers, keras.regularizers), (constraints, keras.constraints))
    for name in dir(other)
    if not name.startswith("_")
]


@pytest.mark.parametrize("ours, theirs, name", NAMES)
def test_public_names_are_those_of_keras(ours, theirs, name):
    assert getattr(ours, name).__name__ == getattr(theirs, name).__name__


@pytest.mark.parametrize("name", sorted(keras.src.regularizers.ALL_OBJECTS_DICT))
def test_names_of_regularizers(name):
    assert type(regularizers.get(name)).__name__ == type(keras.regularizers.get(name)).__name__


@pytest.mark.parametrize("name", sorted(keras.src.constraints.ALL_OBJECTS_DICT))
def test_names_of_constraints(name):
    assert type(constraints.get(name)).__name__ == type(keras.constraints.get(name)).__name__


@pytest.mark.parametrize("ours, theirs", [(regularizers, keras.regularizers), (constraints, keras.constraints)])
def test_get_takes_what_keras_takes(ours, theirs):
    assert ours.get(None) is None
    assert ours.get(abs) is abs
    for wrong in ("l3", 3):
        for module in (ours, theirs):
            with pytest.raises(ValueError):
                module.get(wrong)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = ours.l3


ERRORS = [
    lambda k: k.regularizers.L1(-1.0),
    lambda k: k.regularizers.L2(float("nan")),
    lambda k: k.regularizers.L2(float("inf")),
    lambda k: k.regularizers.L1L2("a"),
    lambda k: k.regularizers.OrthogonalRegularizer(mode="diagonals"),
    lambda k: k.regularizers.OrthogonalRegularizer()(K),
]


class Cornu:
    regularizers = regularizers


@pytest.mark.parametrize("call", ERRORS)
def test_errors_are_those_of_keras(call):
    for package in (Cornu, keras):
        with pytest.raises(ValueError):
            call(package)


def test_one_number_for_none():
    assert regularizers.L1(None).get_config() == {"l1": 0.01}
    assert regularizers.L1L2(None, None).get_config() == keras.regularizers.L1L2(None, None).get_config()


def test_bases_do_nothing():
    assert regularizers.Regularizer()(W) == 0
    assert constraints.Constraint()(W) is W
