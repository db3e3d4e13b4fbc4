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


def test_a_variable_is_a_weight_where_it_is_named_as_one(keras):
    backend = keras.backend

    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.offset = backend.variable(np.zeros(3), name="offset")
            self.count = backend.zeros((1,), name="count")
            self.first = backend.variable(np.ones(3), name="first")
            self.second = backend.variable(np.ones(3), name="second")
            self.trainable_weights = [self.first]
            self.trainable_weights.append(self.second)
            self.non_trainable_weights = [self.count]
            super().build(input_shape)

        def call(self, x):
            return x * self.first * self.second + self.offset

    layer = Scale(input_shape=(3,))
    model = keras.models.Sequential([layer])
    model.compile("sgd", "mse")
    model.fit(X, X + 1, epochs=1, verbose=0)
    assert list(map(id, model.trainable_weights)) == [id(layer.first), id(layer.second)]
    assert list(map(id, model.non_trainable_weights)) == [id(layer.count)]
    assert len(model.get_weights()) == 3
    assert backend.get_value(layer.offset).tolist() == [0.0] * 3
    assert abs(backend.get_value(layer.second) - 1).min() > 1e-4
