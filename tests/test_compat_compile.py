"""What names meant to `compile` in Keras 2: metrics, their names in logs, and optimizers."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from cornu import compat
from cornu.compat import notices

generator = np.random.default_rng(3)
X = generator.normal(size=(70, 4)).astype("float32")


@pytest.fixture
def keras(request):
    compat.install("keras2", source=getattr(request, "param", ""))
    yield importlib.import_module("keras")
    compat.uninstall()
    notices.clear()


@pytest.mark.parametrize(
    ("loss", "units", "y"),
    [
        ("binary_crossentropy", 1, (X[:, :1] > 0).astype("float32")),
        ("binary_crossentropy", 1, (X[:, 0] > 0).astype("float32")),
        ("binary_crossentropy", 3, (X[:, :3] > 0).astype("float32")),
        ("categorical_crossentropy", 3, np.eye(3)[generator.integers(0, 3, 70)]),
        ("sparse_categorical_crossentropy", 3, generator.integers(0, 3, (70, 1))),
    ],
)
def test_accuracy_over_batches_of_two_sizes(keras, loss, units, y):
    model = keras.models.Sequential([keras.layers.Dense(units, activation="sigmoid", input_shape=(4,))])
    model.compile("sgd", loss, metrics=["accuracy"])
    p = model.predict(X, verbose=0)
    if loss.startswith("binary"):
        right = (p > 0.5) == y.reshape(len(y), -1)
    else:
        right = p.argmax(1) == (y[:, 0] if y.shape[1] == 1 else y.argmax(1))
    assert model.evaluate(X, y, batch_size=32, verbose=0)[1] == pytest.approx(right.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("keras", "names"),
    [
        ("history['val_acc']", ["acc", "mean_absolute_error", "kullback_leibler_divergence", "binary_accuracy"]),
        ("history['val_accuracy']", ["accuracy", "mae", "kld", "binary_accuracy"]),
    ],
    indirect=["keras"],
)
def test_names_of_metrics_in_logs(keras, names):
    model = keras.models.Sequential([keras.layers.Dense(1, activation="sigmoid", input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["accuracy", "mae", "kld", "binary_accuracy"])
    assert list(model.fit(X, X[:, 0] > 0, verbose=0).history) == ["loss", *names]


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"])
def test_optimizers_in_small_letters(keras, name):
    made = getattr(keras.optimizers, name)(lr=0.25)
    assert type(made).__name__.lower() == name
    assert float(made.learning_rate) == 0.25
