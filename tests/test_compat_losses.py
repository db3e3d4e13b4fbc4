"""Losses of old programs that name what is in the model: tensors of its graph, weights of its layers."""

from __future__ import annotations

import numpy as np
import pytest

from cornu import compat
from cornu.compat import modules, notices

X = np.arange(12, dtype="float32").reshape(4, 3) / 6


@pytest.fixture
def keras():
    compat.install("keras2", source="")
    yield modules.served("")
    compat.uninstall()
    notices.clear()


def test_a_layer_adds_a_loss_of_tensors_around_it(keras):
    inputs = keras.layers.Input((3,))
    around = keras.layers.Dense(2, kernel_initializer="ones", name="around")(inputs)

    class Penalty(keras.layers.Layer):
        def call(self, x):
            self.add_loss(keras.backend.mean(keras.backend.square(around)) + keras.backend.mean(x), inputs=x)
            return x

    model = keras.models.Model(inputs, Penalty()(inputs))
    model.compile("sgd", loss=None)
    sums = X.sum(1)
    assert model.evaluate(X, verbose=0) == pytest.approx((sums**2).mean() + X.mean(), rel=1e-5)
    other = keras.models.Model(inputs, Penalty()(around))
    other.compile(keras.optimizers.SGD(lr=0.1), loss=None)
    before = other.get_layer("around").get_weights()[0]
    other.fit(X, epochs=1, verbose=0)
    assert abs(other.get_layer("around").get_weights()[0] - before).min() > 0.01


def test_weights_in_a_loss_are_the_numbers_of_compile(keras):
    model = keras.models.Sequential([keras.layers.Dense(1, input_dim=3, kernel_initializer="ones", use_bias=False)])

    def loss(y_true, y_pred):
        kernel = keras.backend.variable(value=model.layers[0].get_weights()[0])
        return keras.backend.mean(y_pred - y_true, axis=-1) + keras.backend.sum(keras.backend.transpose(kernel) ** 2)

    model.compile(keras.optimizers.SGD(lr=0.5), loss)
    y = X.sum(1, keepdims=True)
    model.fit(X, y, epochs=3, verbose=0, validation_data=(X, y))
    kernel = model.get_weights()[0]
    assert abs(kernel - 1).min() > 0.1
    offset = (X @ kernel - y).mean()
    assert model.evaluate(X, y, verbose=0) == pytest.approx(offset + 3, rel=1e-4)
    model.compile("sgd", loss)
    assert model.evaluate(X, y, verbose=0) == pytest.approx(offset + (kernel**2).sum(), rel=1e-4)
