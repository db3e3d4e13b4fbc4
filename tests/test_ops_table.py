"""Every operation, against Keras on JAX, and eager against symbolic."""

from __future__ import annotations

import inspect
from functools import cache, partial

import jax
import keras
import ml_dtypes
import numpy as np
import pytest
from ops_cases import CASES, PROMOTIONS

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
        assert isinstance(found, (list, tuple))
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            compare(one, other, rtol, atol)
        return
    if not hasattr(expected, "shape"):
        assert (type(found), found) == (type(expected), expected)
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


def compiled(call, arguments, how=None):
    """call(*arguments), its arrays handed to one compiled function."""
    parts, structure = jax.tree.flatten(arguments)
    places = [i for i, part in enumerate(parts) if isinstance(part, np.ndarray) and part.ndim]

    def run(arrays):
        filled = list(parts)
        for place, value in zip(places, arrays, strict=True):
            filled[place] = value
        return call(*jax.tree.unflatten(structure, filled))

    arrays = [parts[i] for i in places]
    return how(run, arrays) if how else jax.jit(run)(arrays)


# Operations whose results' shapes depend on values: they can't be symbolic.
BY_VALUE = {"nonzero", "bincount", "unique", "repeat"}
# Functions of shapes, which aren't operations.
OF_SHAPES = {"shape", "ndim", "dtype"}
# What gives Python's own values, takes arrays that JAX doesn't have, or can't be compiled in Keras.
EAGER = BY_VALUE | OF_SHAPES | {"size", "convert_to_tensor", "rearrange"}
EAGER |= {"bartlett", "blackman", "hamming", "hanning", "kaiser"}
TOGETHER = 40
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


def both(case):
    name, _, options = case
    return [partial(function(p.ops, name), **options) for p in (cornu, keras)]


@cache
def results(part):
    """What cornu and Keras give for several cases: one compiled program takes less time than many."""
    cases = TRACED[part * TOGETHER : (part + 1) * TOGETHER]
    calls = [both(case) for case in cases]

    def run(*inputs):
        return [(ours(*values), theirs(*values)) for (ours, theirs), values in zip(calls, inputs, strict=True)]

    return compiled(run, [arguments for _, arguments, _ in cases])


TRACED = [case for case in CASES if case[0] not in EAGER]
PLACES = {id(case): place for place, case in enumerate(TRACED)}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_equals_keras_and_symbolic_equals_eager(case):
    name, arguments, _ = case
    ours, theirs = both(case)
    if name in EAGER:
        found, expected = ours(*arguments), theirs(*arguments)
    else:
        found, expected = results(PLACES[id(case)] // TOGETHER)[PLACES[id(case)] % TOGETHER]
    compare(found, expected)
    inputs = symbolic(arguments)
    if name in BY_VALUE | OF_SHAPES or not has_symbolic(inputs):
        return
    inferred = ours(*inputs)
    assert described(inferred) == described(found)
    node = jax.tree.leaves(inferred)[0].node
    assert name in ALIASES or node.operation.__name__ == name.rpartition(".")[2]


@pytest.mark.parametrize("name, arguments, options", PROMOTIONS)
def test_dtypes_are_those_of_keras(name, arguments, options):
    ours, theirs = (compiled(call, arguments, jax.eval_shape) for call in both((name, arguments, options)))
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)


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
    elsewhere = {
        "associative_scan", "cond", "custom_gradient", "convert_to_numpy", "eig", "elastic_transform", "empty_like",
        "fori_loop", "is_tensor", "jvp", "map", "scan", "sparsemax", "switch", "vectorize", "vectorized_map",
        "while_loop",
    }  # fmt: skip
    tested = {name.rpartition(".")[2] for name, _, _ in CASES} | elsewhere
    names = {name.rpartition(".")[2] for name in flat_names()}
    assert names - tested == set()
    assert [name for name in flat_names() if not function(cornu.ops, name).__doc__] == []
