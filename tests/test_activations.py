"""Activation functions, against Keras and PyTorch."""

from __future__ import annotations

import inspect
from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cornu import activations, registry, tags
from cornu.symbolic import KerasTensor
from cornu.variables import Variable

X = np.concatenate([np.linspace(-8, 8, 47), [0.0]]).astype("float32").reshape(6, 8)
NAMES = [n for n in dir(keras.activations) if not n.startswith("_") and n not in ("get", "serialize", "deserialize")]
WRONG_IN_KERAS = {"sparsemax"}  # its rows don't sum to 1: tests/test_ops_core.py holds ours to the definition
NEEDED = {"threshold": {"threshold": 0.5, "default_value": -1.0}}
CASES = [(name, NEEDED.get(name, {})) for name in NAMES if name not in WRONG_IN_KERAS]
CASES += [
    ("relu", {"negative_slope": 0.2}),
    ("relu", {"max_value": 3.0}),
    ("relu", {"max_value": 6}),
    ("relu", {"threshold": 1.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 4.0, "threshold": 0.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 6}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("elu", {"alpha": 0.3}),
    ("celu", {"alpha": 0.3}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 0}),
    ("squareplus", {"b": 1.0}),
    ("hard_shrink", {"threshold": 1.5}),
    ("soft_shrink", {"threshold": 1.5}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": (0, 1)}),
    ("log_softmax", {"axis": 0}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


def value_and_slope(call, x):
    """The values, and the derivative of their sum weighted by 0, 1, 2 ..."""

    def both(x):
        value, back = jax.vjp(call, x)
        return value, back(jnp.arange(value.size, dtype=value.dtype).reshape(value.shape))[0]

    return jax.jit(both)(x)


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_values_gradients_and_dtypes_are_those_of_keras(name, options):
    ours, theirs = (partial(getattr(m, name), **options) for m in (activations, keras.activations))
    np.testing.assert_allclose(ours(jnp.asarray(X)), theirs(jnp.asarray(X)), rtol=1e-5, atol=1e-6)
    inside = jnp.asarray(X) + 0.013  # away from the corners
    for found, expected in zip(value_and_slope(ours, inside), value_and_slope(theirs, inside), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-5)
    for dtype in ("float16", "bfloat16"):
        narrow = jax.ShapeDtypeStruct(X.shape, dtype)
        assert jax.eval_shape(ours, narrow).dtype == jax.eval_shape(theirs, narrow).dtype == dtype


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_arrays_variables_and_symbolic_tensors_are_taken_alike(name, options):
    call = getattr(activations, name)
    eager = call(jnp.asarray(X), **options)
    np.testing.assert_array_equal(call(Variable(X), **options), eager)
    np.testing.assert_allclose(call(X.tolist(), **options), eager, rtol=1e-6)
    inferred = (
        call(KerasTensor((None, 8)), **options) if options.get("axis") != 0 else call(KerasTensor((6, 8)), **options)
    )
    assert inferred.shape[1:] == eager.shape[1:]
    assert inferred.dtype == str(eager.dtype)
    assert inferred.node.operation is call


TORCH = {
    "celu": "celu", "elu": "elu", "gelu": "gelu", "glu": "glu", "hard_shrink": "hardshrink",
    "hard_sigmoid": "hardsigmoid",
    "hard_silu": "hardswish", "hard_tanh": "hardtanh", "log_sigmoid": "logsigmoid", "mish": "mish", "relu6": "relu6",
    "selu": "selu", "silu": "silu", "soft_shrink": "softshrink", "softplus": "softplus", "softsign": "softsign",
    "tanh_shrink": "tanhshrink",
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_values_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    expected = getattr(torch.nn.functional, TORCH[name])(torch.tensor(X)).numpy()
    np.testing.assert_allclose(getattr(activations, name)(X), expected, rtol=1e-5, atol=2e-6)


def test_a_planted_error_is_found():
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            activations.gelu(X, approximate=True), keras.activations.gelu(X), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_that_of_keras(name):
    ours, theirs = (inspect.signature(getattr(m, name)).parameters for m in (activations, keras.activations))
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", sorted(keras.src.activations.ALL_OBJECTS_DICT))
def test_names_are_those_of_keras(name):
    assert activations.get(name).__name__ == keras.activations.get(name).__name__
    assert activations.serialize(activations.get(name)) == keras.activations.serialize(keras.activations.get(name))
    assert activations.deserialize(activations.serialize(activations.get(name))) is activations.get(name)


def test_get_takes_what_keras_takes():
    assert activations.get(None) is activations.linear
    assert activations.get(jnp.sin) is jnp.sin
    assert activations.get("swish") is activations.silu is activations.swish
    for wrong in ("relu7", 3):
        for module in (activations, keras.activations):
            with pytest.raises(ValueError):
                module.get(wrong)


def test_own_activations_are_saved_by_their_registered_name():
    @registry.register_keras_serializable("tests")
    def cubic(x):
        return x**3

    saved = activations.serialize(cubic)
    assert saved["registered_name"] == "tests>cubic"
    assert activations.get(saved) is cubic
    with pytest.raises(TypeError, match="anonymous"):
        activations.serialize(lambda x: x)


@pytest.mark.parametrize("axis, tagged", [(-1, True), (1, True), (0, False)])
def test_softmax_of_the_last_axis_keeps_its_logits(axis, tagged):
    x = jnp.asarray(X)
    found = tags.get_logits(activations.softmax(x, axis))
    assert (found is not None) == tagged
    assert not tagged or (found[0] == "softmax" and found[1] is x)


def test_tags_live_under_a_trace_and_no_longer_than_their_tensor():
    seen = []

    @jax.jit
    def call(x):
        seen.append(tags.get_logits(activations.sigmoid(x))[1] is x)
        return x

    call(jnp.asarray(X))
    assert seen == [True]
    before = len(tags._tags)
    kept = activations.sigmoid(jnp.asarray(X))
    assert len(tags._tags) == before + 1
    del kept
    assert len(tags._tags) == before
