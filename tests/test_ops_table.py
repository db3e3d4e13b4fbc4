"""Every operation, against Keras on JAX, and eager against symbolic."""

from __future__ import annotations

import inspect
from functools import partial

import jax
import keras
import ml_dtypes
import numpy as np
import pytest
from ops_cases import CASES

import cornu.ops
from cornu.symbolic import KerasTensor, has_symbolic

IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


def function(package, name):
    for part in name.split("."):
        package = getattr(package, part)
    return package


def compare(found, expected, rtol=1e-5, atol=1e-5):
    """Structure, shapes, dtypes and values are the same."""
    if isinstance(expected, (list, tuple)):
        assert isinstance(found, (list, tuple)) and len(found) == len(expected), (found, expected)
        for one, other in zip(found, expected, strict=True):
            compare(one, other, rtol, atol)
        return
    if not hasattr(expected, "shape"):
        assert type(found) is type(expected) and found == expected
        return
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype in ("float16", ml_dtypes.bfloat16):
        rtol = max(rtol, 1e-2 if expected.dtype != "float16" else 2e-3)
        found, expected, atol = found.astype("float32"), expected.astype("float32"), rtol
    if expected.dtype == bool or np.issubdtype(expected.dtype, np.integer):
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol, atol)


def compiled(call, arguments):
    """call(*arguments), its arrays handed to one compiled function: that takes less time than operation by operation."""
    parts, structure = jax.tree.flatten(arguments)
    places = [i for i, part in enumerate(parts) if isinstance(part, np.ndarray) and part.ndim]

    def run(arrays):
        filled = list(parts)
        for place, value in zip(places, arrays, strict=True):
            filled[place] = value
        return call(*jax.tree.unflatten(structure, filled))

    return jax.jit(run)([parts[i] for i in places])


HEAVY = set(
    "ctc_loss ctc_decode stft istft adaptive_max_pool adaptive_average_pool dot_product_attention layer_normalization "
    "fold".split()
)
# Operations whose results' shapes depend on values: they can't be symbolic.
BY_VALUE = {"nonzero", "bincount", "unique", "repeat"}
# Functions of shapes, which aren't operations.
OF_SHAPES = set("shape ndim dtype".split())
ALIASES = {"abs", "true_divide", "left_shift", "right_shift", "bitwise_not", "conj", "swish", "hard_swish"}


def symbolic(value):
    """The value with symbolic tensors in place of arrays."""
    if isinstance(value, np.ndarray) and value.ndim:
        return KerasTensor(value.shape, value.dtype)
    if isinstance(value, (list, tuple)):
        return type(value)(symbolic(v) for v in value)
    return value


def described(tree):
    """The structure, the shapes and the dtypes of results."""

    def one(value):
        symbolic = isinstance(value, KerasTensor)
        return (value.shape, value.dtype) if symbolic else (np.shape(value), str(jax.dtypes.result_type(value)))

    flat, structure = jax.tree.flatten(tree)
    return structure, [one(value) for value in flat]


@pytest.mark.parametrize("name, arguments, options", CASES, ids=IDS)
def test_equals_keras_and_symbolic_equals_eager(name, arguments, options):
    ours, theirs = (partial(function(p.ops, name), **options) for p in (cornu, keras))
    if name in HEAVY or name.startswith("image."):
        found, expected = compiled(ours, arguments), compiled(theirs, arguments)
    else:
        found, expected = ours(*arguments), theirs(*arguments)
    compare(found, expected)
    inputs = symbolic(arguments)
    if name in BY_VALUE | OF_SHAPES or not has_symbolic(inputs):
        return
    inferred = ours(*inputs)
    assert described(inferred) == described(found)
    node = next(v for v in jax.tree.leaves(inferred)).node
    assert name in ALIASES or node.operation.__name__ == name.rpartition(".")[2]


@pytest.mark.parametrize("break_it", ["value", "dtype", "shape", "structure"])
def test_a_planted_error_is_found(break_it):
    x = np.ones((2, 3), "float32")
    wrong = {"value": x + 1e-3, "dtype": x.astype("int32"), "shape": x.T, "structure": (x, x)}[break_it]
    with pytest.raises(AssertionError):
        compare(wrong, x)


# Names ---------------------------------------------------------------------------------------------------------------


def public(module):
    return {name for name in dir(module) if not name.startswith("_")}


@pytest.mark.parametrize("module", ["", "image", "linalg", "nn", "numpy"])
def test_every_public_name_of_keras_is_here(module):
    theirs, ours = (getattr(p.ops, module) if module else p.ops for p in (keras, cornu))
    assert [name for name in public(theirs) if not hasattr(ours, name)] == []


def flat_names():
    names = [name for name in sorted(public(keras.ops)) if inspect.isfunction(getattr(keras.ops, name))]
    return names + [f"image.{name}" for name in sorted(public(keras.ops.image))]


@pytest.mark.parametrize("name", flat_names())
def test_signature_is_that_of_keras(name):
    theirs, ours = (inspect.signature(function(p.ops, name)).parameters for p in (keras, cornu))
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


def test_every_operation_is_documented_and_in_the_table():
    # What a table can't hold has its own tests in test_ops_core.py.
    elsewhere = set(
        "associative_scan cond custom_gradient convert_to_numpy eig elastic_transform empty_like fori_loop is_tensor jvp "
        "map scan switch vectorize vectorized_map while_loop sparsemax".split()
    )
    tested = {name.rpartition(".")[2] for name, _, _ in CASES} | elsewhere
    names = {name.rpartition(".")[2] for name in flat_names()}
    assert names - tested == set()
    assert [name for name in flat_names() if not function(cornu.ops, name).__doc__] == []
