"""The numerical gradient against back-propagation: right gradients pass, planted wrong ones are named."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cornu
from cornu import layers as L
from cornu.utils import check_gradients

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(6, 5))
IMAGES = RANDOM.normal(size=(3, 8, 8, 2)).astype("float32")
SEQUENCES = RANDOM.normal(size=(3, 4, 2)).astype("float32")
WORDS = np.array([[1, 2, 3, 0], [4, 1, 0, 0], [2, 2, 5, 6]])
CLASSES = np.array([0, 2, 1, 1, 0, 2])


def sequential(layers, loss):
    cornu.utils.set_random_seed(1)
    model = cornu.Sequential(layers, name="model")
    model.compile("sgd", loss)
    return model


def attention():
    cornu.utils.set_random_seed(1)
    inputs = cornu.Input((4, 2))
    mixed = L.MultiHeadAttention(2, 3)(inputs, inputs)
    grouped = L.GroupQueryAttention(3, 4, 2)(mixed, inputs)
    outputs = L.GlobalAveragePooling1D()(L.Add()([inputs, mixed, grouped]))
    model = cornu.Model(inputs, outputs)
    model.compile("sgd", "cosine_similarity")
    return model


def two_outputs():
    cornu.utils.set_random_seed(1)
    inputs = cornu.Input((5,))
    inner = cornu.Sequential([cornu.Input((5,)), L.Dense(4, activation="gelu")], name="inner")
    shared = inner(inputs)
    model = cornu.Model(inputs, [L.Dense(1, name="a")(shared), L.Dense(3, activation="softmax", name="b")(shared)])
    model.compile("sgd", ["log_cosh", "sparse_categorical_crossentropy"], loss_weights=[0.5, 2.0])
    return model


MODELS = {
    "dense": (
        lambda: sequential(
            [L.Dense(4, activation="tanh"), L.Dense(3, activation="softmax", kernel_regularizer="l2")],
            "sparse_categorical_crossentropy",
        ),
        (ROWS, CLASSES, np.array([1.0, 2.0, 0.0, 1.0, 0.5, 3.0])),
    ),
    "conv": (
        lambda: sequential(
            [
                L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.SeparableConv2D(3, 2, padding="same"),
                L.LayerNormalization(), L.GlobalAveragePooling2D(), L.Dense(1, activation="sigmoid"),
            ],
            "binary_crossentropy",
        ),
        (IMAGES, np.array([0.0, 1.0, 1.0])),
    ),
    "batchnorm": (
        lambda: sequential(
            [L.Dense(4), L.BatchNormalization(), L.Activation("elu"), L.Dropout(0.3), L.Dense(2)], "mse"
        ),
        (ROWS, RANDOM.normal(size=(6, 2))),
    ),
    "embedding": (
        lambda: sequential(
            [L.Embedding(7, 4, mask_zero=True), L.LSTM(3, return_sequences=True), L.GRU(3), L.Dense(2)], "huber"
        ),
        (WORDS, RANDOM.normal(size=(3, 2))),
    ),
    "recurrent": (
        lambda: sequential([L.SimpleRNN(3, return_sequences=True), L.Bidirectional(L.LSTM(2))], "log_cosh"),
        (SEQUENCES, RANDOM.uniform(size=(3, 4))),
    ),
    "attention": (attention, (SEQUENCES, RANDOM.normal(size=(3, 2)))),
    "two outputs": (two_outputs, (ROWS, [RANDOM.normal(size=(6, 1)), CLASSES])),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_right_gradients_pass(name):
    make, data = MODELS[name]
    model = make()
    found = check_gradients(model, *data, training=name == "batchnorm")
    assert found.precision == "float64"
    assert found.passed, str(found)
    assert [one.path for one in found.variables] == [v.path for v in model.trainable_variables]
    assert found.largest == max(one.largest for one in found.variables) < 1e-5
    assert "passed" in str(found)


# Wrong gradients -----------------------------------------------------------------------------------------------------


@jax.custom_vjp
def planted(w, error):
    """w**2, with a derivative that is wrong by a factor."""
    return w**2


planted.defvjp(lambda w, error: (w**2, (w, error)), lambda kept, slope: ((1 + kept[1]) * 2 * kept[0] * slope, None))


class Wrong(L.Layer):
    def __init__(self, error=0.0, rounds=False, **kwargs):
        super().__init__(**kwargs)
        self.error, self.rounds = error, rounds

    def build(self, input_shape):
        self.good = self.add_weight((input_shape[-1],), "ones", name="good")
        self.bad = self.add_weight((input_shape[-1],), "ones", name="bad")

    def call(self, inputs):
        result = inputs * self.good + planted(self.bad.value, self.error)
        return result.astype("float32") if self.rounds else result


@pytest.mark.parametrize("error, rounds, passes", [
    (0.0, False, True), (1e-3, False, False), (-1e-4, False, False), (0.0, True, True), (0.1, True, False),
])  # fmt: skip
def test_a_planted_error_is_named(error, rounds, passes):
    model = sequential([L.Dense(4, activation="tanh"), Wrong(error, rounds, name="wrong"), L.Dense(1)], "mse")
    found = check_gradients(model, ROWS, ROWS[:, 0])
    wrong = [one.path for one in found.variables if one.largest > found.tolerance]
    assert found.passed == passes
    assert wrong == ([] if passes else ["model/wrong/bad"])
    assert ("WRONG at" in str(found)) == ("FAILED" in str(found)) == (not passes)
    assert found.precision == ("float32" if rounds else "float64")
    assert [__file__ in place for place in found.rounded] == [True] * rounds


def test_a_missing_gradient_is_seen():
    w = cornu.Variable([1.0, 2.0], name="w")
    found = check_gradients(lambda: jnp.sum(jax.lax.stop_gradient(w.value) * w.value))
    assert not found.passed
    assert found.largest == pytest.approx(0.5)


def test_a_gradient_that_is_no_number_is_seen():
    """The known trap of `where`: the branch that isn't taken gives 0 * NaN."""
    w = cornu.Variable([1.0, -1.0], name="w")
    found = check_gradients(lambda: jnp.sum(jnp.where(w.value > 0, jnp.sqrt(w.value), 0)))
    assert not found.passed
    assert found.variables[0].index == (1,)


def test_an_error_in_one_element_is_found_where_the_gradient_is_largest():
    w = cornu.Variable(np.full((50, 50), 1e-3), name="w")
    big = np.zeros((50, 50), bool)
    big[17, 31] = True
    found = check_gradients(lambda: jnp.sum(planted(w.value, jnp.where(big, 9.0, 0.0))), samples=1)
    assert found.variables[0].index == (17, 31)
    assert not found.passed


# What can be checked -------------------------------------------------------------------------------------------------


def test_functions_layers_and_losses_that_they_close_over():
    dense, loss, scale = L.Dense(3), cornu.losses.CategoricalCrossentropy(from_logits=True), cornu.Variable(2.0)
    dense.build((None, 5))

    def forward(x):
        return dense(x)

    def energy(x, y):
        return loss(y, forward(x)) * scale

    targets = np.eye(3)[CLASSES]
    found = check_gradients(energy, ROWS, targets)
    assert found.passed
    assert found.precision == "float64"
    assert len(found.variables) == 3
    again = check_gradients(partial(energy, y=targets), ROWS, variables=[scale, dense.bias])
    assert (again.variables[0].checked, again.precision) == (1, "float64")


def test_a_layer_is_checked_by_a_random_sum_of_its_outputs():
    found = check_gradients(L.LSTM(3, name="alone"), SEQUENCES, samples=4)
    assert found.passed
    assert [(one.path, one.checked) for one in found.variables] == [
        ("alone/lstm_cell/kernel", 4), ("alone/lstm_cell/recurrent_kernel", 4), ("alone/lstm_cell/bias", 4),
    ]  # fmt: skip


def test_a_kink_is_no_error():
    """relu at exactly 0: back-propagation says 0, the central difference 0.5."""
    model = sequential([L.Dense(2, activation="relu"), L.Dense(1)], "mae")
    assert check_gradients(model, np.zeros((1, 5)), np.ones((1, 1))).passed


def test_everything_is_as_before():
    model, data = MODELS["batchnorm"][0](), MODELS["batchnorm"][1]
    model.build(data[0].shape)
    model.compute_loss(y=data[1], y_pred=model(data[0]))

    def state():
        kinds = [(layer.dtype_policy.name, layer.compute_dtype) for layer in model._flatten_layers()]
        losses = [term.loss.dtype for term in model._compiled.loss.terms]
        values = [(v.path, v.dtype, str(v.value.dtype), v.numpy().tolist()) for v in model.variables]
        return kinds, losses, values, cornu.config.floatx(), jnp.asarray(1.5).dtype

    before = state()
    check_gradients(model, *data, training=True)
    assert state() == before
    with pytest.raises(ValueError, match="isn't finite"):
        check_gradients(model, data[0] * np.nan, data[1])
    assert state() == before


def test_checking_first_leaves_training_as_it_is():
    def trained(check):
        model, data = MODELS["dense"][0](), MODELS["dense"][1]
        if check:
            check_gradients(model, *data)
        return model.fit(*data[:2], epochs=2, verbose=0).history["loss"]

    assert trained(True) == trained(False)


W = cornu.Variable([1.0, 2.0], name="w")
FAULTS = {
    "no function": (3, {}, TypeError, "nothing to check"),
    "not compiled": (cornu.Sequential([L.Dense(1)]), {"x": ROWS}, RuntimeError, "isn't compiled"),
    "not a number": (lambda: W * 2, {}, ValueError, "one real number"),
    "no variables": (lambda: jnp.float32(1), {}, ValueError, "no trainable variable"),
    "other variables": (lambda: jnp.sum(W.value), {"variables": [cornu.Variable(1.0)]}, ValueError, "depend"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_explained(name):
    thing, arguments, error, words = FAULTS[name]
    with pytest.raises(error, match=words):
        check_gradients(thing, **arguments)
