"""Reshaping, regularizing and merging layers against Keras's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from layer_harness import Row, normal, table

import cornu.layers
from cornu.symbolic import KerasTensor

steps = np.array([[True, True, False], [True, False, False]])
others = np.array([[False, True, False], [True, True, False]])
image, volume = (2, 4, 5, 3), (1, 4, 3, 4, 2)

RESHAPING = [
    Row(lambda L: L.Flatten(), (2, 3, 4)),
    Row(lambda L: L.Flatten(data_format="channels_first"), (2, 3, 4)),
    Row(lambda L: L.Flatten(), (3,)),
    Row(lambda L: L.Reshape((4, 3)), (2, 3, 4)),
    Row(lambda L: L.Reshape((2, -1)), (2, 3, 4)),
    Row(lambda L: L.Reshape((12,)), (2, 3, 4)),
    Row(lambda L: L.Permute((2, 1)), (2, 3, 4)),
    Row(lambda L: L.Permute((3, 1, 2)), image),
    Row(lambda L: L.RepeatVector(3), (2, 4)),
    Row(lambda L: L.Cropping1D(1), (2, 5, 3)),
    Row(lambda L: L.Cropping1D((0, 2)), (2, 5, 3)),
    Row(lambda L: L.Cropping2D(((1, 2), (0, 1))), image),
    Row(lambda L: L.Cropping2D((0, 1), data_format="channels_first"), (2, 3, 4, 5)),
    Row(lambda L: L.Cropping3D(), volume),
    Row(lambda L: L.Cropping3D(((1, 0), (0, 0), (0, 2))), volume),
    Row(lambda L: L.ZeroPadding1D(2), (2, 5, 3)),
    Row(lambda L: L.ZeroPadding1D((0, 2), data_format="channels_first"), (2, 5, 3)),
    Row(lambda L: L.ZeroPadding2D(((1, 2), (0, 1))), image),
    Row(lambda L: L.ZeroPadding2D(2, data_format="channels_first"), image),
    Row(lambda L: L.ZeroPadding3D((1, 2, 0)), volume),
    Row(lambda L: L.UpSampling1D(3), (2, 5, 3)),
    Row(lambda L: L.UpSampling2D((2, 3)), image),
    Row(lambda L: L.UpSampling2D(2, data_format="channels_first"), image),
    Row(lambda L: L.UpSampling2D(2, interpolation="bilinear"), image),
    Row(lambda L: L.UpSampling2D((2, 1), interpolation="bicubic", data_format="channels_first"), image),
    Row(lambda L: L.UpSampling3D((2, 1, 2)), volume),
]

REGULARIZATION = [
    Row(lambda L: L.Dropout(0.4, seed=7), (2, 3, 4), mask=steps),
    Row(lambda L: L.Dropout(0.5, noise_shape=(None, 1, 4), seed=7), (2, 3, 4)),
    Row(lambda L: L.Dropout(0), (2, 4)),
    Row(lambda L: L.Dropout(1.0), (2, 4)),
    Row(lambda L: L.SpatialDropout1D(0.5, seed=7), (2, 3, 4), unlike=("trainable", "dtype")),
    Row(lambda L: L.SpatialDropout2D(0.5, seed=7), image, unlike=("trainable", "dtype")),
    Row(lambda L: L.SpatialDropout2D(0.5, data_format="channels_first", seed=7), image, unlike=("trainable", "dtype")),
    Row(lambda L: L.SpatialDropout3D(0.5, seed=7), volume, unlike=("trainable", "dtype")),
    Row(lambda L: L.GaussianDropout(0.4, seed=7), (2, 3, 4)),
    Row(lambda L: L.GaussianNoise(0.4, seed=7), (2, 3, 4)),
    Row(lambda L: L.AlphaDropout(0.4, seed=7), (2, 3, 4)),
    Row(lambda L: L.AlphaDropout(0.4, noise_shape=(2, 1, None), seed=7), (2, 3, 4)),
    Row(lambda L: L.ActivityRegularization(0.5, 0.25), (2, 3, 4), mask=steps),
]

elementwise = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
one, two = normal(2, 3, 4), normal(2, 3, 4, seed=1)

MERGING = [
    *(Row(lambda L, n=n: getattr(L, n)(), [one, two]) for n in elementwise),
    *(Row(lambda L, n=n: getattr(L, n)(), [one, two], mask=[steps, others]) for n in elementwise),
    *(Row(lambda L, n=n: getattr(L, n)(), [one, two], mask=[steps, None]) for n in elementwise),
    *(Row(lambda L, n=n: getattr(L, n)(), [one, two, one], mask=[None, others, steps]) for n in ("Add", "Maximum")),
    Row(lambda L: L.Add(), [(2, 3, 4), (2, 1, 4), (2, 4)]),
    Row(lambda L: L.Average(), [(2, 3, 4), (2, 4)]),
    Row(lambda L: L.Concatenate(), [(2, 3, 4), (2, 3, 2)], mask=[steps, None]),
    Row(lambda L: L.Concatenate(axis=1), [(2, 3, 4), (2, 3, 4), (2, 2, 4)]),
    Row(lambda L: L.Concatenate(axis=1), [(2, 3, 4), (2, 3, 4)], mask=[steps, others]),
    Row(lambda L: L.Dot(axes=1), [(2, 4), (2, 4)]),
    Row(lambda L: L.Dot(axes=-1, normalize=True), [(2, 4), (2, 4)]),
    Row(lambda L: L.Dot(axes=(2, 1)), [(2, 3, 4), (2, 4, 5)]),
    Row(lambda L: L.Dot(axes=(1, 2), normalize=True), [(2, 4, 3), (2, 5, 4)]),
    Row(lambda L: L.Dot(axes=(2, 3)), [(2, 3, 4, 2), (2, 5, 3, 4)]),
]


@table([*RESHAPING, *REGULARIZATION, *MERGING])
def test_layer(row, check):
    check(row)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"])
def test_functions_of_the_merging_layers(name):
    inputs = [normal(2, 3), normal(2, 3, seed=1)]
    ours, theirs = getattr(cornu.layers, name), getattr(keras.layers, name)
    np.testing.assert_allclose(ours(inputs), theirs(inputs), rtol=1e-5)
    tensor = ours([KerasTensor((None, 3)), KerasTensor((None, 3))], name=f"my_{name}")
    assert tensor.shape == (None, *theirs(inputs).shape[1:])
    assert tensor.node.operation.name == f"my_{name}"
    if name == "concatenate":
        assert ours(inputs, axis=0).shape == (4, 3)


def test_dropout_draws_anew_in_each_call_and_as_often_as_its_rate_says():
    layer = cornu.layers.Dropout(0.25, seed=3)
    x = np.ones((200, 100), "float32")
    first, second = (np.asarray(layer(x, training=True)) for _ in range(2))
    assert set(np.unique(first)) == {np.float32(0), np.float32(4 / 3)}
    assert (first != second).any()
    for drawn in (first, second):
        assert abs((drawn == 0).mean() - 0.25) < 0.02
    again = cornu.layers.Dropout(0.25, seed=3)
    np.testing.assert_array_equal(again(x, training=True), first)
