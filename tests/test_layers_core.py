"""The layers of core.py against Keras's, and what they say when they are used wrongly."""

from __future__ import annotations

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from layer_harness import Row, normal, table

import cornu.layers
from cornu import naming, registry, tags
from cornu.symbolic import KerasTensor

integers = np.array([[1, 0, 3], [2, 2, 0]])

ROWS = [
    Row(lambda L: L.Dense(3), (2, 4), policies=("mixed_float16", "float16")),
    Row(lambda L: L.Dense(3, activation="relu", kernel_regularizer="l2", activity_regularizer="l1"), (2, 5, 4)),
    Row(lambda L: L.Dense(3, use_bias=False, activation="tanh"), (2, 5, 4), mask=np.ones((2, 5), bool)),
    Row(lambda L: L.Dense(2, kernel_constraint="non_neg"), np.arange(8).reshape(2, 4)),
    Row(lambda L: L.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", activation="relu"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("...x,xy->...y", 3, bias_axes="y"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="e", bias_regularizer="l2"), (2, 5, 4)),
    Row(lambda L: L.Embedding(5, 3), integers),
    Row(lambda L: L.Embedding(5, 3, mask_zero=True, embeddings_regularizer="l2"), integers),
    Row(lambda L: L.Embedding(5, 3), integers.astype("float32")),
    Row(lambda L: L.ReversibleEmbedding(5, 3, mask_zero=True), integers),
    Row(lambda L: L.ReversibleEmbedding(5, 3, tie_weights=False), integers),
    Row(lambda L: L.ReversibleEmbedding(5, 3, logit_soft_cap=2.0), (2, 6, 3), {"reverse": True}),
    Row(lambda L: L.ReversibleEmbedding(5, 3, tie_weights=False), (2, 6, 3), {"reverse": True}),
    Row(lambda L: L.Masking(), np.where(np.arange(20).reshape(2, 5, 2) < 4, 0, normal(2, 5, 2))),
    Row(lambda L: L.Masking(1.5), np.full((2, 3, 4), 1.5, "float32")),
    Row(lambda L: L.Activation("softmax"), (2, 4)),
    Row(lambda L: L.Activation("gelu"), (2, 5, 4), mask=np.ones((2, 5), bool)),
    Row(lambda L: L.Identity(), [(2, 4), (2, 3)]),
]


@table(ROWS)
def test_layer(row, check):
    check(row)


# Inputs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"shape": (28, 28)},
        {"shape": (None, 3), "batch_size": 4, "dtype": "int32", "name": "words"},
        {"batch_shape": (2, 3), "name": "fixed"},
        {"shape": (), "name": "scalar", "optional": True},
        {"shape": [5], "name": "list", "sparse": True},
    ],
)
def test_input_is_keras_s(arguments):
    ours, theirs = cornu.layers.Input(**arguments), keras.Input(**arguments)
    assert (ours.shape, ours.dtype, ours.sparse) == (theirs.shape, theirs.dtype, bool(theirs.sparse))
    layer = ours.node.operation
    assert isinstance(layer, cornu.layers.InputLayer)
    if "name" in arguments:
        assert layer.name == ours.name == arguments["name"]
    other = theirs._keras_history.operation
    assert {**layer.get_config(), "name": 0} == {**other.get_config(), "name": 0}
    data = registry.serialize(layer)
    assert registry.deserialize(data).batch_shape == layer.batch_shape
    assert keras.saving.deserialize_keras_object(data).batch_shape == layer.batch_shape
    assert registry.deserialize(keras.saving.serialize_keras_object(other)).batch_shape == layer.batch_shape


def test_input_layers_are_named_like_keras_s_and_hold_a_given_tensor():
    naming.reset_names()
    assert [cornu.layers.Input((2,)).node.operation.name for _ in range(2)] == ["input_layer", "input_layer_1"]
    tensor = cornu.symbolic.KerasTensor((None, 3))
    assert cornu.layers.Input(tensor=tensor) is tensor
    assert cornu.layers.InputLayer(input_shape=(3,)).output.shape == (None, 3)


# Functions as layers --------------------------------------------------------------------------------------------------


def test_lambda_calls_its_function():
    x = np.array([[1.0, -2.0]], "float32")
    assert cornu.layers.Lambda(lambda x: x * 2)(x).tolist() == [[2.0, -4.0]]
    assert cornu.layers.Lambda(lambda x, k: x * k, arguments={"k": 3})(x).tolist() == [[3.0, -6.0]]
    shift = cornu.layers.Lambda(lambda x, training: x + 1 if training else x)
    assert shift(x, training=True).tolist() == [[2.0, -1.0]]
    assert shift(x).tolist() == [[1.0, -2.0]]
    masked = cornu.layers.Lambda(lambda x, mask: x * mask, mask=lambda inputs, mask: mask)
    out = masked(x, mask=np.array([[True, False]]))
    assert out.tolist() == [[1.0, 0.0]]
    assert tags.get_mask(out).tolist() == [[True, False]]
    assert cornu.layers.Lambda(lambda x: x.reshape(x.shape[0], 1, -1))(KerasTensor((None, 6))).shape == (None, 1, 6)


def test_a_lambda_is_saved_by_the_name_of_its_function():
    @registry.register_keras_serializable("tests")
    def double(x):
        return 2 * x

    layer = cornu.layers.Lambda(double, name="twice")
    data = registry.serialize(layer)
    again = registry.deserialize(data)
    assert again.function is double
    with pytest.raises(TypeError, match="anonymous function"):
        registry.serialize(cornu.layers.Lambda(lambda x: x))
    code = {**data, "config": {**data["config"], "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}}
    with pytest.raises(ValueError, match="__lambda__"):
        registry.deserialize(code)


def test_embedding_takes_weights_and_old_arguments():
    table_ = normal(5, 3)
    for weights in (table_, [table_]):
        layer = cornu.layers.Embedding(5, 3, weights=weights)
        np.testing.assert_array_equal(layer(integers), table_[integers])
    assert "weights" not in layer.get_config()
    assert cornu.layers.Embedding(5, 3, input_length=7).given_batch_shape == (None, 7)


def test_wrapper_builds_and_saves_what_it_holds():
    layer = cornu.layers.Wrapper(cornu.layers.Dense(3, name="inner"), name="outer")
    layer.build((None, 4))
    assert [v.path for v in layer.weights] == ["outer/inner/kernel", "outer/inner/bias"]
    again = registry.deserialize(registry.serialize(layer))
    assert again.layer.units == 3
    assert again.layer.kernel.shape == (4, 3)
    theirs = keras.saving.serialize_keras_object(keras.layers.Wrapper(keras.layers.Dense(3)))
    assert registry.deserialize(theirs).layer.units == 3


@pytest.mark.parametrize("equation, kept", [("abc,cde->abde", 2), ("...x,xy->...y", 2), ("ab...,bc->ac...", 1)])
def test_einsum_dense_hands_on_the_masks_of_axes_that_stay(equation, kept):
    sizes = {"abc,cde->abde": (None, 2, 3), "...x,xy->...y": 4, "ab...,bc->ac...": 4}[equation]
    layer = cornu.layers.EinsumDense(equation, sizes)
    x = jnp.asarray(normal(2, 3, 4))
    tags.set_mask(x, jnp.ones((2, 3), bool))
    assert (tags.get_mask(layer(x)) is not None) == (kept >= 2)


def test_integers_outside_an_embedding_give_what_keras_gives():
    outside = np.array([[0, 5, -1, -6]])
    ours, theirs = cornu.layers.Embedding(5, 3), keras.layers.Embedding(5, 3)
    theirs(outside), ours(outside)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_array_equal(ours(outside), theirs(outside))
    assert np.isnan(ours(outside)[0, 1]).all()
