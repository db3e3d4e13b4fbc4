"""Losses, metrics, initial values, penalties and optimizers of old eras, against their equations in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import cornu
from cornu.compat import dialect, old, spelling
from cornu.compat.old import activations, initializations, initializers, losses, metrics, optimizers, regularizers
from cornu.layers import Dense
from cornu.variables import Variable

generator = np.random.default_rng(9)
EPSILON = 1e-7
SEVERAL = generator.dirichlet(np.ones(4), size=6).astype("float32")
SEVERAL[0] = [1, 0, 0, 0]
ONE_HOT = np.eye(4, dtype="float32")[[1, 0, 3, 2, 1, 0]]
REAL, OTHER = (generator.normal(size=(6, 4)).astype("float32") for _ in range(2))
SIGNS = np.sign(REAL)


@pytest.fixture(autouse=True)
def _era():
    yield
    dialect.use(dialect.Dialect())


def clip(p: np.ndarray) -> np.ndarray:
    return np.clip(p.astype("float32"), np.float32(EPSILON), np.float32(1 - EPSILON)).astype("float64")


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


LOSSES = {
    "categorical_crossentropy": (ONE_HOT, SEVERAL, -(ONE_HOT * np.log(clip(SEVERAL))).sum(-1)),
    "unnormalized": (ONE_HOT, 2 * SEVERAL, -(ONE_HOT * np.log(clip(SEVERAL))).sum(-1)),
    "sparse_categorical_crossentropy": (
        ONE_HOT.argmax(-1), SEVERAL,
        -(ONE_HOT * np.log(clip(SEVERAL) / clip(SEVERAL).sum(-1, keepdims=True))).sum(-1)),
    "binary_crossentropy": (
        ONE_HOT, SEVERAL,
        -(ONE_HOT * np.log(clip(SEVERAL)) + (1 - ONE_HOT) * np.log1p(-clip(SEVERAL))).mean(-1)),
    "mean_squared_error": (REAL, OTHER, ((REAL - OTHER) ** 2).mean(-1)),
    "mae": (REAL, OTHER, abs(REAL - OTHER).mean(-1)),
    "MAPE": (REAL, OTHER, 100 * (abs(REAL - OTHER) / np.maximum(abs(REAL), EPSILON)).mean(-1)),
    "msle": (
        REAL, OTHER,
        ((np.log(np.maximum(REAL, EPSILON) + 1) - np.log(np.maximum(OTHER, EPSILON) + 1)) ** 2).mean(-1)),
    "hinge": (SIGNS, OTHER, np.maximum(1 - SIGNS * OTHER, 0).mean(-1)),
    "hinge of 0 and 1": (ONE_HOT, OTHER, np.maximum(1 - ONE_HOT * OTHER, 0).mean(-1)),
    "squared_hinge": (SIGNS, OTHER, (np.maximum(1 - SIGNS * OTHER, 0) ** 2).mean(-1)),
    "categorical_hinge": (
        ONE_HOT, SEVERAL,
        np.maximum(((1 - ONE_HOT) * SEVERAL).max(-1) - (ONE_HOT * SEVERAL).sum(-1) + 1, 0)),
    "logcosh": (REAL, OTHER, np.log(np.cosh(OTHER - REAL)).mean(-1)),
    "kld": (
        SEVERAL[1:], SEVERAL[:0:-1],
        (clip(SEVERAL[1:]) * np.log(clip(SEVERAL[1:]) / clip(SEVERAL[:0:-1]))).sum(-1)),
    "poisson": (ONE_HOT, SEVERAL, (SEVERAL - ONE_HOT * np.log(SEVERAL + EPSILON)).mean(-1)),
    "cosine": (REAL, OTHER, -(unit(REAL) * unit(OTHER)).sum(-1)),
    "mean cosine": (REAL, OTHER, -(unit(REAL) * unit(OTHER)).mean(-1)),
}  # fmt: skip
NAMED = {"unnormalized": "categorical_crossentropy", "hinge of 0 and 1": "hinge", "mean cosine": "cosine_proximity"}


@pytest.mark.parametrize("case", LOSSES)
def test_losses(case):
    dialect.use(dialect.Dialect("keras1" if case == "mean cosine" else "keras2"))
    y_true, y_pred, expected = LOSSES[case]
    function = losses.get(NAMED.get(case, case))
    np.testing.assert_allclose(function(y_true, y_pred), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(function(y_true[::-1], y_pred), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "activation", "target"),
    [("categorical_crossentropy", "softmax", [[0.0, 1.0]]), ("sparse_categorical_crossentropy", "softmax", [1]),
     ("binary_crossentropy", "sigmoid", [[0.0, 1.0]])],
)  # fmt: skip
def test_losses_do_not_look_behind_the_probabilities(name, activation, target):
    """A prediction that is wrong beyond the clip costs 16.1 and has no gradient; today's loss sees the logits."""
    logits = Variable([[60.0, -60.0]])

    def loss(function):
        return lambda: function(np.array(target), cornu.activations.get(activation)(logits.value)).mean()

    old_value, (old_gradient,) = cornu.value_and_grad(loss(losses.get(name)), [logits])()
    new_value, (new_gradient,) = cornu.value_and_grad(loss(cornu.losses.get(name)), [logits])()
    assert float(old_value) == pytest.approx(-np.log(EPSILON), rel=2e-2)
    assert float(new_value) >= 60
    assert abs(np.asarray(old_gradient)).max() == 0 < abs(np.asarray(new_gradient)).max()


def test_a_model_trains_with_the_clipped_loss():
    model = cornu.Sequential([cornu.Input((4,)), Dense(4, activation="softmax")])
    model.compile("sgd", losses.get("categorical_crossentropy"), metrics=["accuracy"])
    history = model.fit(1000 * REAL, ONE_HOT, epochs=2, verbose=0).history
    assert max(history["loss"]) <= 16.2
    name = losses.CategoricalCrossentropy()
    assert float(name(ONE_HOT, SEVERAL)) == pytest.approx(LOSSES["categorical_crossentropy"][2].mean(), rel=1e-5)


# Metrics -------------------------------------------------------------------------------------------------------------

T, P = (generator.uniform(size=(2, 40)) > 0.6).astype("float32"), generator.uniform(size=(2, 40)).astype("float32")
TP, FP = (T * (P > 0.5)).sum(), ((1 - T) * (P > 0.5)).sum()
TN, FN = ((1 - T) * (P <= 0.5)).sum(), (T * (P <= 0.5)).sum()
PRECISION, RECALL = TP / (TP + FP), TP / (TP + FN)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("precision", PRECISION),
        ("recall", RECALL),
        ("fmeasure", 2 * PRECISION * RECALL / (PRECISION + RECALL)),
        ("fbeta_score", 2 * PRECISION * RECALL / (PRECISION + RECALL)),
        ("matthews_correlation", np.corrcoef(T.ravel(), (P > 0.5).ravel())[0, 1]),
        ("mean_pred", P.mean()),
    ],
)
def test_metrics(name, expected):
    assert float(metrics.get(name, "keras1")(T, P)) == pytest.approx(expected, rel=1e-4)


def test_fbeta_without_positives_is_0():
    assert float(metrics.fbeta_score(0 * T, P)) == 0
    assert float(metrics.fbeta_score(T, P, beta=2)) == pytest.approx(
        5 * PRECISION * RECALL / (4 * PRECISION + RECALL), rel=1e-4
    )
    with pytest.raises(ValueError, match="beta"):
        metrics.fbeta_score(T, P, beta=-1)


@pytest.mark.parametrize(
    ("loss", "units", "name"),
    [("binary_crossentropy", 9, "binary"), ("mse", 1, "binary"), ("mse", 9, "categorical"),
     ("sparse_categorical_crossentropy", 9, "sparse_categorical"), (losses.binary_crossentropy, 9, "binary")],
)  # fmt: skip
def test_meaning_of_accuracy(loss, units, name):
    assert metrics.accuracy_name(loss, (None, units)) == f"{name}_accuracy"


# Initial values ------------------------------------------------------------------------------------------------------

SHAPE, SIZE = (300, 200), np.sqrt(300 * 200)
DEVIATIONS = {
    "uniform": 0.1 / np.sqrt(12),
    "normal": 0.05,
    "lecun_uniform": np.sqrt(1 / 300),
    "glorot_normal": np.sqrt(2 / 500),
    "glorot_uniform": np.sqrt(2 / 500),
    "he_normal": np.sqrt(2 / 300),
    "he_uniform": np.sqrt(2 / 300),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_initial_values(name):
    made = initializations.get_function(name)(SHAPE, name="w")
    assert (made.name, initializations.get_function(name).__name__) == ("w", name)
    for values in (made.numpy(), initializations.get(name)(SHAPE)):
        assert values.std() == pytest.approx(DEVIATIONS[name], rel=0.02)
        largest = abs(values).max() / values.std()
        assert largest > 3.5 if "normal" in name else largest < 1.8


def test_initial_values_of_unusual_shapes():
    for shape in ((40000,), (3, 4, 5, 6, 7, 8)):
        values = initializations.get("glorot_uniform")(shape)
        assert abs(values).max() == pytest.approx(np.sqrt(3 / np.sqrt(np.prod(shape))), rel=1e-2)
    window = initializations.get("he_uniform")((3, 3, 8, 16))
    assert abs(window).max() == pytest.approx(np.sqrt(6 / 72), rel=2e-2)


def test_constant_initial_values_and_arguments():
    assert initializations.zero((2,)).numpy().tolist() == [0.0, 0.0]
    assert initializations.one((2,)).numpy().tolist() == [1.0, 1.0]
    assert initializations.get_function("identity", scale=2)((2, 2)).numpy().tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert initializations.get_function("normal", scale=2.0)(SHAPE).numpy().std() == pytest.approx(2, rel=0.02)
    matrix = initializations.orthogonal((5, 8)).numpy()
    np.testing.assert_allclose(matrix @ matrix.T, 1.21 * np.eye(5), atol=1e-5)
    with pytest.raises(ValueError, match="glorot_normal"):
        initializations.get_function("glorot_nromal")
    with pytest.raises(ValueError, match="square"):
        initializations.identity((2, 3))


def test_initializers_are_the_eras():
    assert not hasattr(initializers, "glorot_uniform")
    dialect.use(dialect.Dialect("keras1"))
    assert initializers.get("uniform") is initializers.uniform


# Activations, penalties ----------------------------------------------------------------------------------------------


def test_hard_sigmoid():
    x = np.linspace(-4, 4, 33)
    np.testing.assert_allclose(activations.hard_sigmoid(x), np.clip(0.2 * x + 0.5, 0, 1), atol=1e-6)
    assert cornu.activations.serialize(activations.hard_sigmoid) == "hard_sigmoid_of_keras_2"


DIAGONAL = np.diag([5, 1, 0.1, 0.1]).astype("float32")


def test_penalties():
    matrix = generator.normal(size=(6, 4)).astype("float32")
    largest = np.linalg.svd(matrix @ DIAGONAL)[1][0]
    found = regularizers.EigenvalueRegularizer(0.5)(matrix @ DIAGONAL)
    assert float(found) == pytest.approx(0.5 * largest, rel=1e-4)
    assert [r(matrix) for r in (regularizers.l1(0.1), regularizers.get("l2"), regularizers.l1l2())] == pytest.approx(
        [0.1 * abs(matrix).sum(), 0.01 * (matrix**2).sum(), 0.01 * (abs(matrix) + matrix**2).sum()], rel=1e-5
    )


def test_penalties_on_outputs_are_summed_over_the_batch():
    x = np.ones((8, 3), "float32")
    for regularizer, expected in ((regularizers.activity("l2"), 0.24), (cornu.regularizers.get("l2"), 0.03)):
        layer = cornu.layers.Activation("linear", activity_regularizer=regularizer)
        layer(x)
        assert float(layer.losses[0]) == pytest.approx(expected)
        again = cornu.regularizers.deserialize(cornu.regularizers.serialize(regularizer))
        assert again.get_config() == regularizer.get_config()


# Optimizers ----------------------------------------------------------------------------------------------------------

GRADIENTS = [generator.normal(size=5) * scale for scale in (1.0, 1e-3, 3.0, 0.5)]


def rmsprop(w, rate=0.1, rho=0.9, epsilon=1e-2):
    v = 0 * w
    for g in GRADIENTS:
        v = rho * v + (1 - rho) * g**2
        w = w - rate * g / (np.sqrt(v) + epsilon)
    return w


def adagrad(w, rate=0.1, epsilon=1e-2):
    s = 0 * w
    for g in GRADIENTS:
        s = s + g**2
        w = w - rate * g / (np.sqrt(s) + epsilon)
    return w


def nadam(w, rate=0.1, epsilon=1e-2, beta_1=0.9, beta_2=0.999):
    m, v, product = 0 * w, 0 * w, 1.0
    for t, g in enumerate(GRADIENTS, 1):
        now, following = (beta_1 * (1 - 0.5 * 0.96 ** (0.004 * step)) for step in (t, t + 1))
        product *= now
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        ahead = (1 - now) * g / (1 - product) + following * m / (1 - product * following)
        w = w - rate * ahead / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w


@pytest.mark.parametrize(("name", "expected"), [("RMSprop", rmsprop), ("Adagrad", adagrad), ("Nadam", nadam)])
def test_optimizers(name, expected):
    start = generator.normal(size=5)
    results = []
    for family in (optimizers, cornu.optimizers):
        w, optimizer = Variable(start.astype("float32")), getattr(family, name)(0.1, epsilon=1e-2)
        for gradient in GRADIENTS:
            optimizer.apply([gradient], [w])
        results.append(w.numpy())
    np.testing.assert_allclose(results[0], expected(start), rtol=1e-5, atol=1e-6)
    assert not np.allclose(results[1], results[0], rtol=1e-3)


def test_the_rate_of_a_decaying_optimizer_is_set_by_callbacks():
    """Keras 2's w -= lr / (1 + decay * iterations) * g, where lr is what the callback of each epoch sets."""
    model = cornu.Sequential([cornu.Input((1,)), Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(cornu.optimizers.SGD(1.0, decay=0.5), lambda y_true, y_pred: y_pred)
    callback = cornu.callbacks.LearningRateScheduler(lambda epoch: [1.0, 10.0][epoch])
    history = model.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=2, epochs=2, verbose=0, callbacks=[callback])
    assert history.history["learning_rate"] == [1.0, 10.0]
    expected = -(1 + 1 / 1.5 + 10 / 2 + 10 / 2.5)
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(expected, rel=1e-5)


# Names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("era", "kind", "name", "expected"),
    [
        ("keras1", "initializer", "glorot_normal", "GlorotNormal"),
        ("keras2", "initializer", "glorot_normal", "glorot_normal"),
        ("keras2", "loss", "cosine", "cosine_proximity"),
        ("tf.keras", "loss", "categorical_crossentropy", "categorical_crossentropy"),
        ("keras1", "metric", "precision", "precision"),
        ("keras2", "optimizer", "Adadelta", "Adadelta"),
        ("tf.keras", "activation", "hard_sigmoid", "hard_sigmoid_of_keras_2"),
        ("keras3", "activation", "hard_sigmoid", "hard_sigmoid"),
        ("keras1", "regularizer", "activity_l2", "L1L2"),
    ],
)
def test_names_in_their_eras(era, kind, name, expected):
    dialect.use(dialect.Dialect(era))
    found = old.by_name(kind, name)
    known = found if isinstance(found, str) else getattr(found, "__name__", type(found).__name__)
    assert known == expected
    assert isinstance(found, str) == (found == name)
    assert old.by_name(kind, None) is None


@pytest.mark.parametrize(("era", "epsilon"), [("keras1", 1e-8), ("keras2", 1e-7)])
def test_epsilon_of_the_eras(era, epsilon):
    dialect.use(dialect.Dialect(era))
    assert [optimizers.get(name).epsilon for name in optimizers.RATES if name != "sgd"] == [epsilon] * 6


@pytest.mark.parametrize(
    ("key", "modern", "arguments", "made"),
    [
        ("layers.BatchNormalization", cornu.layers.BatchNormalization, {"mode": 0}, "cornu.layers.normalization"),
        ("layers.BatchNormalization", cornu.layers.BatchNormalization, {"mode": 2}, "cornu.compat.old.normalization"),
        ("layers.Embedding", cornu.layers.Embedding, {"input_dim": 9, "output_dim": 2, "dropout": 0.5},
         "cornu.compat.old.normalization"),
    ],
)  # fmt: skip
def test_layers_with_arguments_that_only_keras_1_had(key, modern, arguments, made):
    dialect.use(dialect.Dialect("keras1"))
    layer = spelling.era_class(modern, key)(**arguments)
    assert type(layer).__module__ == made
    assert isinstance(layer, modern)


def test_recurrent_layers_and_penalties_in_their_eras():
    for era, gate, initializer, penalty in (
        ("keras1", "hard_sigmoid_of_keras_2", "PerGate", "SumOverBatch"),
        ("keras2", "hard_sigmoid_of_keras_2", "GlorotUniform", "SumOverBatch"),
        ("tf.keras", "sigmoid", "GlorotUniform", "L2"),
    ):
        dialect.use(dialect.Dialect(era))
        layer = spelling.era_class(cornu.layers.LSTM, "layers.LSTM")(3, activity_regularizer="l2")
        assert layer.recurrent_activation.__name__ == gate
        assert type(layer.kernel_initializer).__name__ == initializer
        assert type(layer.activity_regularizer).__name__ == penalty


def test_rows_of_tf_keras_leave_todays_positions():
    dialect.use(dialect.Dialect("tf.keras"))
    assert spelling.translate("optimizers.SGD", cornu.optimizers.SGD, (0.1, 0.9), {}) == {
        "learning_rate": 0.1,
        "momentum": 0.9,
    }
    assert spelling.translate("layers.LSTM", cornu.layers.LSTM, (3, "relu"), {}) == {"units": 3, "activation": "relu"}
