"""The same model trained on every engine that is installed: the same curve."""

from __future__ import annotations

import numpy as np
import pytest

import cornu

RNG = np.random.default_rng(0)
X = RNG.normal(size=(36, 6, 6, 2)).astype("float32")
Y = RNG.integers(0, 3, 36).astype("int32")


def convolutional():
    return [
        cornu.layers.Conv2D(4, 3, activation="relu"),
        cornu.layers.BatchNormalization(),
        cornu.layers.MaxPooling2D(2),
        cornu.layers.Flatten(),
        cornu.layers.Dropout(0.3),
    ]


def recurrent():
    return [cornu.layers.Reshape((6, 12)), cornu.layers.LSTM(5)]


def dense():
    return [cornu.layers.Flatten(), cornu.layers.Dense(8, activation="gelu"), cornu.layers.LayerNormalization()]


def curve(body, engine):
    cornu.utils.set_random_seed(4)
    model = cornu.Sequential([cornu.Input((6, 6, 2)), *body(), cornu.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], engine=engine)
    history = model.fit(X, Y, batch_size=16, epochs=2, validation_data=(X[:9], Y[:9]), verbose=0).history
    return history, model.predict(X[:5], verbose=0)


@pytest.mark.parametrize("body", [convolutional, recurrent, dense])
def test_the_reference_engine_gives_the_curve_of_jax(body):
    (wanted, outputs), (found, others) = curve(body, "jax"), curve(body, "reference")
    assert list(wanted) == list(found)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(others, outputs, rtol=1e-3, atol=1e-5)


def test_an_unknown_engine_is_an_error():
    with pytest.raises(ValueError, match="Did you mean 'jax'"):
        curve(dense, "jaxx")
