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


def test_names_of_metrics_before_training(keras):
    x = keras.layers.Input((4,))
    outputs = [keras.layers.Dense(size, activation="softmax", name=name)(x) for name, size in (("a", 1), ("b", 3))]
    model = keras.models.Model([x], outputs)
    losses = {"a": "binary_crossentropy", "b": "categorical_crossentropy"}
    model.compile("sgd", losses, metrics={"a": "accuracy", "b": ["accuracy", "mae"]})
    names = ["loss", "a_loss", "b_loss", "a_acc", "b_acc", "b_mean_absolute_error"]
    assert model.metrics_names == names
    y = [X[:, :1] > 0, np.eye(3)[generator.integers(0, 3, 70)]]
    assert list(model.fit(X, y, verbose=0).history) == names
    assert model.metrics_names == names
    assert model.input is x


def test_a_person_s_metric_has_columns_of_targets_and_counts_samples(keras):
    def error(y_true, y_pred):
        assert y_true.shape[1:] == y_pred.shape[1:]
        return keras.backend.mean(keras.backend.abs(y_true - y_pred))

    model = keras.models.Sequential([keras.layers.Dense(1, input_shape=(4,))])
    model.compile("sgd", error, metrics=[error])
    expected = np.abs(X[:, 0] - model.predict(X, verbose=0)[:, 0]).mean()
    assert model.evaluate(X, X[:, 0], batch_size=64, verbose=0) == pytest.approx([expected, expected], rel=1e-5)


def test_an_attribute_of_types_only_is_none_of_layers(keras):
    assert not hasattr(keras.layers.LSTMCell(2), "__name__")
    assert keras.layers.Bidirectional(keras.layers.LSTM(2), input_shape=(3, 2)) is not None


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"])
def test_optimizers_in_small_letters(keras, name):
    made = getattr(keras.optimizers, name)(lr=0.25)
    assert type(made).__name__.lower() == name
    assert float(made.learning_rate) == 0.25


def test_models_share_an_optimizer(keras):
    layers, models = keras.layers, keras.models
    optimizer = keras.optimizers.Adam(0.01, 0.5)
    judge = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(4,))])
    judge.compile(optimizer, "binary_crossentropy")
    maker = models.Sequential([layers.Dense(4, input_shape=(2,))])
    judge.trainable = False
    both = models.Sequential([maker, judge])
    both.compile(optimizer, "binary_crossentropy")
    y, before = np.ones((70, 1)), [w.copy() for w in (maker.get_weights()[0], judge.get_weights()[0])]
    for _ in range(2):
        judge.train_on_batch(X, y)
        both.train_on_batch(X[:, :2], y)
    assert all(
        np.abs(new - old).max() > 0.01
        for new, old in zip((maker.get_weights()[0], judge.get_weights()[0]), before, strict=True)
    )
    optimizer.lr = 0.0
    before = maker.get_weights()[0]
    both.train_on_batch(X[:, :2], y)
    assert both.optimizer is not optimizer
    assert np.array_equal(maker.get_weights()[0], before)


def test_asking_for_attributes_is_cheap(keras, monkeypatch):
    from cornu import errors

    asked = []
    monkeypatch.setattr(errors, "nearest", lambda name, known: asked.append(name) or " Did you mean 'units'?")
    layer = keras.layers.Dense(3)
    assert not hasattr(layer, "unit")
    assert asked == []
    with pytest.raises(AttributeError, match="no attribute 'unit' Did you mean 'units'"):
        _ = layer.unit
    assert asked != []


def test_the_input_of_an_input_layer(keras):
    x = keras.layers.Input((4,))
    model = keras.models.Model(x, keras.layers.Dense(2)(x))
    assert model.layers[0].input is x
    assert keras.backend.function([model.layers[0].input], [model.output])([X])[0].shape == (70, 2)


def test_tensors_that_are_asked_whether_they_are_equal(keras):
    K = keras.backend

    def share(y_true, y_pred):
        if K.sum(y_true) == 0:
            return 0
        if K.sum(y_true) != 0:
            return K.mean(y_pred)
        return 1

    model = keras.models.Sequential([keras.layers.Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=[share])
    p = model.predict(X, verbose=0)
    assert np.isclose(model.evaluate(X, np.zeros((70, 1)), 70, verbose=0)[1], p.mean(), atol=1e-5)


def test_predictions_of_one_number(keras):
    model = keras.models.Sequential([keras.layers.Dense(1, input_shape=(4,))])
    found = model.predict(X[:1], verbose=0)
    assert float(found) == found[0, 0] == float(found[0])
    assert isinstance(found.mean(), np.float32)
    with pytest.raises(TypeError):
        float(model.predict(X[:2], verbose=0))


def test_parts_of_weights_taken_in_build(keras):
    class Gated(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], 4), initializer="glorot_uniform", name="kernel")
            self.kernel_a, self.kernel_b = self.kernel[:, :2], self.kernel[:, 2:]
            super().build(input_shape)

        def call(self, x):
            return keras.backend.dot(x, self.kernel_a) * keras.backend.dot(x, self.kernel_b)

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 2)

    layer = Gated(input_shape=(4,))
    model = keras.models.Sequential([layer])
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(X, np.ones((70, 2)), epochs=1, verbose=0)
    kernel = model.get_weights()[0]
    assert len(model.weights) == 1
    assert (kernel != before).all()
    assert np.allclose(model.predict(X, verbose=0), (X @ kernel[:, :2]) * (X @ kernel[:, 2:]), atol=1e-4)


def test_names_of_weights(keras):
    model = keras.models.Sequential([keras.layers.Dense(2, input_shape=(4,), name="first"), keras.layers.Dense(1)])
    assert [weight.name for weight in model.weights][:2] == ["first/kernel:0", "first/bias:0"]
    assert [part.split("/")[-1] for part in (weight.path for weight in model.weights)][:2] == ["kernel", "bias"]
