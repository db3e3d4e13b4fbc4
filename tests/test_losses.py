"""Every loss against Keras on JAX: values, gradients, weights, masks, reductions, configs; logits against float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src import backend as keras_backend
from keras.src.losses import LossFunctionWrapper as KerasWrapper
from samples import TARGETS, bits, labels, numbers, one_hot, probabilities

import cornu
from cornu import losses, tags
from cornu.activations import sigmoid, softmax
from cornu.engines.engine import get_engine
from cornu.program.lower import lower
from cornu.program.trace import trace

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]


TABLE = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("MeanSquaredLogarithmicError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("CosineSimilarity", {"axis": 0}, "numbers"),
    ("Huber", {}, "numbers"),
    ("Huber", {"delta": 0.4}, "numbers"),
    ("LogCosh", {}, "numbers"),
    ("Hinge", {}, "signs"),
    ("Hinge", {}, "bits"),
    ("SquaredHinge", {}, "signs"),
    ("SquaredHinge", {}, "bits"),
    ("CategoricalHinge", {}, "one-hot logits"),
    ("KLDivergence", {}, "one-hot"),
    ("KLDivergence", {}, "positive"),
    ("Poisson", {}, "positive"),
    ("CategoricalGeneralizedCrossEntropy", {}, "labels"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.2}, "labels"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, "binary"),
    ("BinaryCrossentropy", {"axis": 0}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True}, "binary logits"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary logits"),
    ("BinaryFocalCrossentropy", {}, "binary"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5}, "binary"),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary logits"),
    ("BinaryFocalCrossentropy", {"gamma": 0.0}, "binary"),
    ("CategoricalCrossentropy", {}, "one-hot"),
    ("CategoricalCrossentropy", {}, "positive"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, "one-hot"),
    ("CategoricalCrossentropy", {"axis": 0}, "one-hot"),
    ("CategoricalCrossentropy", {"from_logits": True}, "one-hot logits"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot logits"),
    ("CategoricalCrossentropy", {"from_logits": True, "axis": 0}, "one-hot logits"),
    ("CategoricalFocalCrossentropy", {}, "one-hot"),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.5, 0.4], "gamma": 1.0}, "one-hot"),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {}, "column of labels"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "label logits"),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 0}, "label logits"),
    ("Dice", {}, "binary"),
    ("Dice", {"axis": -1}, "binary"),
    ("Tversky", {}, "binary"),
    ("Tversky", {"alpha": 0.7, "beta": 0.2}, "binary"),
    ("Tversky", {"alpha": 0.7, "beta": 0.2, "axis": -1}, "binary"),
    ("Circle", {}, "embeddings"),
    ("Circle", {"gamma": 10.0, "margin": 0.2, "remove_diagonal": False}, "embeddings"),
]
"""A loss, its arguments, and on what."""

IDS = [f"{name}-{'-'.join(map(str, kwargs.values()))}-{data}" for name, kwargs, data in TABLE]


def both(name, kwargs):
    return getattr(losses, name)(**kwargs), getattr(keras.losses, name)(**kwargs)


def with_gradient(loss, set_mask, y_true, weight=None, mask=None):
    """A function of predictions: the loss, and the gradient of its sum."""

    def total(y_pred):
        if mask is not None:
            set_mask(y_pred, jnp.asarray(mask))
        value = loss(y_true, y_pred, weight)
        return jnp.sum(value), value

    return jax.value_and_grad(total, has_aux=True)


def run_cornu(loss, y_true, y_pred, *arguments):
    """In the vocabulary of primitives that every engine runs, by NumPy, which needs no compilation."""
    program = lower(trace(with_gradient(loss, tags.set_mask, y_true, *arguments), y_pred))
    return program.unflatten(get_engine("reference").compile(program)(*program.flatten(y_pred)))


def run_keras(loss, y_true, y_pred, *arguments):
    return jax.jit(with_gradient(loss, keras_backend.set_keras_mask, y_true, *arguments))(y_pred)


def run_plain(loss, set_mask, y_true, y_pred, weight, mask):
    y_pred = jnp.asarray(y_pred)
    if mask is not None:
        set_mask(y_pred, jnp.asarray(mask))
    return loss(y_true, y_pred, weight)


def compare(ours, theirs, *arguments):
    """Values, shapes, dtypes and gradients agree."""
    (_, value), gradient = run_cornu(ours, *arguments)
    (_, expected), expected_gradient = run_keras(theirs, *arguments)
    assert value.shape == expected.shape
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=1e-6)


EACH = {row[0]: row for row in TABLE}


@pytest.mark.parametrize(("name", "kwargs", "data"), TABLE, ids=IDS)
def test_values_and_gradients(name, kwargs, data):
    compare(*both(name, kwargs), *TARGETS[data]((4, 3)))


@pytest.mark.parametrize(("name", "kwargs", "data"), EACH.values(), ids=EACH)
def test_weights(name, kwargs, data):
    y_true, y_pred = TARGETS[data]((4, 3))
    samples = 3 if kwargs.get("axis") == 0 else len(y_pred)
    weight = np.linspace(0, 2, samples, dtype="float32")
    compare(*both(name, kwargs), y_true, y_pred, weight[1] if name == "Dice" and not kwargs else weight)


@pytest.mark.parametrize(("name", "kwargs", "data"), EACH.values(), ids=EACH)
def test_the_same_compiled(name, kwargs, data):
    y_true, y_pred = TARGETS[data]((4, 3))
    loss = getattr(losses, name)(**kwargs)
    found = jax.jit(with_gradient(loss, tags.set_mask, y_true))(y_pred)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, run_cornu(loss, y_true, y_pred)
    )


STEPS = {row[0]: row for row in TABLE if row[0] != "Circle"}


@pytest.mark.parametrize(("name", "kwargs", "data"), STEPS.values(), ids=STEPS)
def test_steps(name, kwargs, data):
    y_true, y_pred = TARGETS[data]((4, 5, 3))
    ours, theirs = both(name, {**kwargs, "reduction": None})
    np.testing.assert_allclose(ours(y_true, y_pred), theirs(y_true, y_pred), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [None, "steps", "samples", "zeros"])
@pytest.mark.parametrize("row", ["MeanSquaredError numbers", "SparseCategoricalCrossentropy labels"])
def test_reductions_weights_and_masks(row, weighted, masked, reduction):
    name, data = row.split()
    y_true, y_pred = TARGETS[data]((4, 5, 3))
    weight = {"steps": numbers((4, 5), 0, 2), "samples": numbers((4, 1), 0, 2), "zeros": np.zeros((4, 5), "f")}
    mask = (numbers((4, 5)) > 0) if masked else None
    ours, theirs = both(name, {"reduction": reduction})
    given = weight.get(weighted)
    if weighted == "samples" and reduction == "mean_with_sample_weight" and not masked:
        # Keras divides by the weights' sum before they are repeated over the steps: no mean.
        theirs, repeated = ours, np.repeat(given, 5, 1)
    else:
        repeated = given
    found = run_plain(ours, tags.set_mask, y_true, y_pred, given, mask)
    set_mask = keras_backend.set_keras_mask if theirs is not ours else tags.set_mask
    np.testing.assert_allclose(found, run_plain(theirs, set_mask, y_true, y_pred, repeated, mask), rtol=1e-5)


@pytest.mark.parametrize("mask", [np.zeros((4, 5), bool), np.ones((4, 5), bool)], ids=["none valid", "all valid"])
def test_masks_at_the_ends(mask):
    compare(*both("MeanSquaredError", {}), *TARGETS["numbers"]((4, 5, 3)), None, mask)


def test_weights_of_samples_hold_for_their_steps():
    y_true, y_pred = TARGETS["numbers"]((4, 4, 3))  # as many steps as samples: Keras weighs the steps
    weight = np.array([1.0, 2.0, 0.0, 3.0], "float32")
    expected = (np.square(y_true - y_pred).mean(-1) * weight[:, None]).mean()
    np.testing.assert_allclose(losses.MeanSquaredError()(y_true, y_pred, weight), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"sample_weight doesn't fit[\s\S]*\(4, 4\)[\s\S]*\(3,\)"):
        losses.MeanSquaredError()(y_true, y_pred, weight[:3])


def test_a_mask_keeps_the_steps_of_one_unit_apart():
    y_true, y_pred = numbers((2, 5)), jnp.asarray(numbers((2, 5, 1), seed=5))
    mask = np.array([[True, True, False, False, False], [True] * 5])
    tags.set_mask(y_pred, mask)
    expected = np.square(y_true - np.asarray(y_pred)[..., 0])[mask].mean()
    np.testing.assert_allclose(losses.MeanSquaredError()(y_true, y_pred), expected, rtol=1e-5)


RANKS = [((4,), (4, 1)), ((4, 1), (4,)), ((4, 5), (4, 5, 1)), ((4, 5, 1), (4, 5))]


@pytest.mark.parametrize(("true", "predicted"), RANKS, ids=str)
@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryCrossentropy", "Hinge", "Huber"])
def test_ranks_are_matched(name, true, predicted):
    compare(*both(name, {}), bits(true), numbers(predicted, 0.01, 0.99))


FUNCTIONS = sorted(
    {n for n in dir(keras.losses) if n[0].islower()} - {"get", "serialize", "deserialize", "ctc", "circle"}
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_lists_and_variables(name):
    row = next(row for row in TABLE if row[0].lower() == name.replace("_", "") and not row[1].get("axis"))
    kwargs = {"q": 0.5} if "generalized" in name else {}
    y_true, y_pred = TARGETS[row[2]]((4, 3))
    expected = getattr(keras.losses, name)(y_true, y_pred, **kwargs)
    for given in ((y_true.tolist(), y_pred.tolist()), (cornu.Variable(y_true), cornu.Variable(y_pred))):
        np.testing.assert_allclose(getattr(losses, name)(*given, **kwargs), expected, rtol=1e-5, atol=1e-6)
    symbolic = getattr(losses, name)(
        cornu.KerasTensor((None, *y_true.shape[1:]), y_true.dtype), cornu.KerasTensor((None, 3)), **kwargs
    )
    assert symbolic.shape in ((None,), ())


def test_ctc():
    y_true = np.array([[1, 2, 2], [3, 1, 0], [2, 0, 0]])
    y_pred = numbers((3, 8, 4), -3, 3)
    compare(*both("CTC", {"reduction": "none"}), y_true, y_pred, np.array([1.0, 2.0, 0.5], "f"))
    with pytest.raises(ValueError, match=r"y_pred \(batch, steps, classes\)"):
        losses.ctc(y_true, y_pred[0])


def test_against_pytorch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    as_torch = torch.from_numpy
    y_true, y_pred = TARGETS["numbers"]((4, 3))
    pairs = [
        (losses.Huber(0.7)(y_true, y_pred), functional.huber_loss(as_torch(y_pred), as_torch(y_true), delta=0.7)),
        (
            -losses.CosineSimilarity()(y_true, y_pred),
            functional.cosine_similarity(*map(as_torch, (y_true, y_pred))).mean(),
        ),
    ]
    given, logits = TARGETS["label logits"]((4, 3))
    smooth = functional.cross_entropy(as_torch(logits), as_torch(given).long(), label_smoothing=0.1)
    pairs.append((losses.CategoricalCrossentropy(True, 0.1)(np.eye(3)[given], logits), smooth))
    given, logits = TARGETS["binary logits"]((4, 3))
    pairs.append(
        (
            losses.BinaryCrossentropy(True)(given, logits),
            functional.binary_cross_entropy_with_logits(*map(as_torch, (logits, given))),
        )
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5)


# From the logits ------------------------------------------------------------------------------------------------------


def log_softmax64(logits):
    logits = np.asarray(logits, "float64")
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def log_sigmoid64(logits):
    return -np.logaddexp(0, -np.asarray(logits, "float64"))


def categorical64(t, z):
    return -(t * log_softmax64(z)).sum(-1)


def categorical_focal64(t, z):
    return -(t * 0.25 * (-np.expm1(log_softmax64(z))) ** 2 * log_softmax64(z)).sum(-1)


def binary64(t, z):
    return -(t * log_sigmoid64(z) + (1 - t) * log_sigmoid64(-z)).mean(-1)


def binary_focal64(t, z):
    wrong = t * np.exp(log_sigmoid64(-z)) + (1 - t) * np.exp(log_sigmoid64(z))
    return (-(t * log_sigmoid64(z) + (1 - t) * log_sigmoid64(-z)) * wrong**2).mean(-1)


LOGITS = [
    ("categorical_crossentropy", softmax, "one-hot logits", categorical64),
    ("sparse_categorical_crossentropy", softmax, "label logits", lambda t, z: categorical64(np.eye(3)[t], z)),
    ("categorical_focal_crossentropy", softmax, "one-hot logits", categorical_focal64),
    ("binary_crossentropy", sigmoid, "binary logits", binary64),
    ("binary_focal_crossentropy", sigmoid, "binary logits", binary_focal64),
]
BY_NAME = pytest.mark.parametrize(("name", "activation", "data", "formula"), LOGITS, ids=[row[0] for row in LOGITS])


@BY_NAME
@pytest.mark.parametrize("scale", [1, 8, 40])
@pytest.mark.parametrize("compiled", [False, True])
def test_probabilities_of_an_activation_count_as_their_logits(name, activation, data, formula, scale, compiled):
    y_true, logits = TARGETS[data]((6, 3))
    logits = logits * scale
    run = jax.jit if compiled else lambda function: function
    function, loss = getattr(losses, name), losses.get({"class_name": _class(name), "config": {"reduction": "none"}})
    for call in (function, loss):
        found = run(lambda z, call=call: call(y_true, activation(z)))(jnp.asarray(logits))
        np.testing.assert_allclose(found, formula(y_true, logits), rtol=2e-5, atol=1e-7)
    np.testing.assert_allclose(
        function(y_true, logits, from_logits=True), formula(y_true, logits), rtol=2e-5, atol=1e-7
    )


def _class(name):
    return "".join(part.capitalize() for part in name.split("_"))


@BY_NAME
def test_extreme_logits_keep_their_gradient(name, activation, data, formula):
    logits = jnp.array([[0.0, 60.0, -60.0]])
    y_true = {"labels": np.array([2]), "one-hot": np.array([[0.0, 0.0, 1.0]]), "binary": np.array([[1.0, 0.0, 1.0]])}
    y_true = y_true["labels" if "sparse" in name else "one-hot" if "categorical" in name else "binary"]
    ours = jax.grad(lambda z: getattr(losses, name)(y_true, activation(z)).sum())(logits)
    keras_activation = getattr(keras.activations, activation.__name__)
    theirs = jax.grad(lambda z: getattr(keras.losses, name)(y_true, keras_activation(z)).sum())(logits)
    share = (0.25 if name == "categorical_focal_crossentropy" else 1) / (3 if "binary" in name else 1)
    np.testing.assert_allclose(ours[0, 2], -share, rtol=1e-5)  # the class that is as wrong as can be
    assert abs(theirs[0, 2]) < 1e-20  # what it is there for: under the clip, Keras on JAX has none
    assert np.isfinite(ours).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("logit", [-200.0, -17.0, 0.0, 17.0, 200.0])
def test_focal_gradients_are_finite(gamma, logit):
    logits = jnp.array([[0.0, logit]])
    functions = [losses.categorical_focal_crossentropy, losses.binary_focal_crossentropy]
    for function, activation in zip(functions, (softmax, sigmoid), strict=True):
        for target in ([[0.0, 1.0]], [[1.0, 0.0]]):

            def run(z, function=function, activation=activation, target=target):
                return function(np.array(target), activation(z), gamma=gamma).sum()

            assert np.isfinite(jax.grad(run)(logits)).all()


def test_logits_survive_casts_and_squeezes():
    logits = jnp.array([[-40.0], [30.0]], "float16")
    loss = losses.BinaryCrossentropy()
    for y_true, y_pred in ((np.array([1, 0]), sigmoid(logits)), (np.array([[1], [0]]), sigmoid(logits[:, 0]))):
        assert float(loss(y_true, y_pred)) == 35.0
    assert float(losses.BinaryCrossentropy()(np.ones((1, 2)), sigmoid(jnp.full((1, 2, 1), -50.0)))) == 50.0


OTHERS = [
    ("binary_crossentropy", "one-hot", lambda p: softmax(jnp.log(p))),
    ("categorical_crossentropy", "binary", lambda p: sigmoid(jnp.log(p / (1 - p)))),
    ("kl_divergence", "one-hot", lambda p: softmax(jnp.log(p))),
    ("poisson", "binary", lambda p: sigmoid(jnp.log(p / (1 - p)))),
]


@pytest.mark.parametrize(("name", "data", "activation"), OTHERS, ids=[row[0] for row in OTHERS])
def test_an_activation_of_another_kind_changes_nothing(name, data, activation):
    y_true, y_pred = TARGETS[data]((4, 3))
    y_pred = np.concatenate([y_pred[:, :1] * 0 + 1e-9, y_pred[:, 1:]], 1)  # under the clip
    probabilities = activation(jnp.asarray(y_pred))
    expected = getattr(keras.losses, name)(y_true, np.asarray(probabilities))
    np.testing.assert_allclose(getattr(losses, name)(y_true, probabilities), expected, rtol=1e-5)


def test_an_activation_over_another_axis_is_not_taken():
    logits = jnp.asarray(numbers((2, 3, 3), -30, 30))
    y_true = one_hot((2, 3, 3))
    for axis, other in ((1, -1), (-1, 1)):
        probabilities = softmax(logits, axis=axis)
        expected = keras.losses.categorical_crossentropy(y_true, np.asarray(probabilities), axis=other)
        np.testing.assert_allclose(
            losses.categorical_crossentropy(y_true, probabilities, axis=other), expected, rtol=1e-5
        )


def test_logits_said_twice_warn():
    y_true, logits = TARGETS["label logits"]((4, 3))
    with pytest.warns(UserWarning, match="y_pred comes from a softmax"):
        value = losses.sparse_categorical_crossentropy(y_true, softmax(logits), from_logits=True)
    np.testing.assert_allclose(value, losses.sparse_categorical_crossentropy(y_true, logits, from_logits=True))


def test_labels_are_smoothed_over_their_own_axis():
    y_true, y_pred = one_hot((2, 4, 3)), probabilities((2, 4, 3))
    moved = [np.moveaxis(x, -1, 1) for x in (y_true, y_pred)]
    expected = keras.losses.categorical_crossentropy(y_true, y_pred, label_smoothing=0.3)
    np.testing.assert_allclose(
        losses.categorical_crossentropy(*moved, label_smoothing=0.3, axis=1), expected, rtol=1e-5
    )
    sparse = losses.sparse_categorical_crossentropy(labels((2, 4, 3)), moved[1], axis=1)
    expected = keras.losses.sparse_categorical_crossentropy(labels((2, 4, 3)), y_pred)
    np.testing.assert_allclose(sparse, expected, rtol=1e-5)


def test_gradients_where_keras_has_none():
    zero = jnp.zeros((1, 3))
    assert not jax.grad(lambda p: losses.cosine_similarity(np.ones((1, 3)), p).sum())(zero).any()
    assert np.isnan(jax.grad(lambda p: keras.losses.cosine_similarity(np.ones((1, 3)), p).sum())(zero)).all()
    alone = lambda p: losses.Circle()(np.array([0, 1, 2]), p)  # noqa: E731 - nobody has a partner
    assert not jax.grad(alone)(jnp.eye(3)).any()


# The class ------------------------------------------------------------------------------------------------------------


class Cubic(losses.Loss):
    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, y_true, y_pred):
        return self.scale * jnp.mean(jnp.abs(y_true - y_pred) ** 3, axis=-1)


def test_a_loss_of_ones_own():
    y_true, y_pred = TARGETS["numbers"]((4, 3))
    expected = 2 * (np.abs(y_true - y_pred) ** 3).mean()
    loss = Cubic(2.0)
    np.testing.assert_allclose(loss(y_true, y_pred), expected, rtol=1e-5)
    again = Cubic.from_config(Cubic(2.0, name="mine", reduction="sum").get_config())
    assert (again.scale, again.name, again.reduction) == (2.0, "mine", "sum")
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(y_true, y_pred)


def test_a_loss_of_a_structure():
    class Sum(losses.Loss):
        def call(self, y_true, y_pred):
            return sum(jnp.abs(y_true[key] - y_pred[key]) for key in y_pred)

    given = {"a": np.ones(3), "b": np.zeros(3)}
    assert float(Sum()(given, {"a": np.zeros(3), "b": np.full(3, 2.0)})) == 3


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_dtypes(dtype):
    y_true, y_pred = TARGETS["numbers"]((4, 3))
    value = losses.MeanSquaredError(dtype=dtype)(y_true, y_pred)
    expected = keras.losses.MeanSquaredError(dtype=dtype)(y_true, y_pred)
    assert value.dtype == expected.dtype == dtype
    np.testing.assert_allclose(np.float32(value), np.float32(expected), rtol=1e-2)
    assert losses.MeanSquaredError()(y_true, y_pred.astype(dtype)).dtype == "float32"


@pytest.mark.parametrize(("name", "kwargs", "data"), TABLE, ids=IDS)
def test_configs_both_ways(name, kwargs, data):
    ours, theirs = both(name, {**kwargs, "reduction": "sum"})
    mine, expected = ours.get_config(), theirs.get_config()
    assert {key: mine[key] for key in expected} == expected
    y_true, y_pred = TARGETS[data]((4, 3))
    value = theirs(y_true, y_pred)
    for again in (
        losses.deserialize(losses.serialize(ours)),
        losses.deserialize(keras.losses.serialize(theirs)) if set(kwargs) <= set(expected) else ours,
        keras.saving.deserialize_keras_object(losses.serialize(ours)),
    ):
        np.testing.assert_allclose(again(y_true, y_pred), value, rtol=1e-5, atol=1e-6)


def test_a_wrapped_function_both_ways():
    y_true, y_pred = TARGETS["numbers"]((4, 3))
    ours = losses.LossFunctionWrapper(losses.huber, name="mine", delta=0.3)
    theirs = KerasWrapper(keras.losses.huber, name="mine", delta=0.3)
    expected = float(theirs(y_true, y_pred))
    assert float(ours(y_true, y_pred)) == pytest.approx(expected, rel=1e-5)
    assert float(losses.deserialize(keras.losses.serialize(theirs))(y_true, y_pred)) == pytest.approx(
        expected, rel=1e-5
    )
    assert float(keras.losses.deserialize(losses.serialize(ours))(y_true, y_pred)) == pytest.approx(expected, rel=1e-5)
    assert losses.deserialize(keras.losses.serialize(keras.losses.huber)) is losses.huber
    assert keras.losses.deserialize(losses.serialize(losses.huber)) is keras.losses.huber


KERAS_NAMES = sorted(n for n in keras.src.losses.ALL_OBJECTS_DICT if n not in ("Loss", "LossFunctionWrapper"))


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_names(name):
    ours, theirs = losses.get(name), keras.losses.get(name)
    if isinstance(theirs, keras.losses.Loss):
        assert (type(ours).__name__, ours.name) == (type(theirs).__name__, theirs.name)
    else:
        assert ours is getattr(losses, theirs.__name__)


def test_get():
    assert losses.get(None) is None
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get({"class_name": "Huber", "config": {"delta": 2.0}}).delta == 2.0
    function = lambda y_true, y_pred: y_pred  # noqa: E731
    assert losses.get(function) is function
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_square_error")
    with pytest.raises(ValueError, match="can't stand for a loss"):
        losses.get(3)


ERRORS = [
    (lambda: losses.MeanSquaredError(reduction="average"), "`reduction` is wrong[\\s\\S]*'average'"),
    (lambda: Cubic(1.0, reduction="average"), "`reduction` is wrong[\\s\\S]*'average'"),
    (lambda: losses.BinaryCrossentropy(label_smoothing=2), "`label_smoothing` is wrong"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1), "`q` is wrong"),
    (lambda: losses.CategoricalCrossentropy(axis=True), "`axis` is wrong"),
    (
        lambda: losses.CategoricalCrossentropy()(np.zeros(4), np.zeros((4, 3))),
        r"y_true \(4,\), y_pred \(4, 3\)[\s\S]*sparse_categorical_crossentropy",
    ),
    (
        lambda: losses.categorical_crossentropy(np.zeros((4, 1)), np.zeros((4, 3))),
        r"y_true \(4, 1\), y_pred \(4, 3\)[\s\S]*to_categorical",
    ),
    (
        lambda: losses.SparseCategoricalCrossentropy()(np.zeros((4, 3)), np.zeros((4, 3))),
        r"y_true \(4, 3\), y_pred \(4, 3\)[\s\S]*use categorical_crossentropy",
    ),
    (lambda: losses.sparse_categorical_crossentropy(np.zeros(5), np.zeros((4, 3))), r"labels of shape \(4,\)"),
    (lambda: losses.MeanSquaredError()(np.zeros((4, 2)), np.zeros((4, 1))), r"y_true \(4, 2\), y_pred \(4, 1\)"),
    (lambda: losses.MeanSquaredError()(np.zeros(4), np.zeros((4, 3))), r"last layer one unit, or y_true 3 columns"),
    (lambda: losses.binary_crossentropy(np.zeros((4, 2)), np.zeros((4, 3))), "binary_crossentropy: the shapes"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_single_class_warns():
    with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
        losses.categorical_crossentropy(np.ones((4, 1)), np.ones((4, 1)))


LABELS = [
    (np.array([0, 3]), {}, "Label 3 .at index 1. is out of range[\\s\\S]*0 to 2[\\s\\S]*the output layer 4 units"),
    (np.array([1, 2, 3]), {}, "Number the classes from 0"),
    (np.array([-1, 0]), {}, "Label -1"),
    (np.array([0, 0.5]), {}, "Label 0.5 .at index 1. is no whole number"),
    (np.array([[0], [7]]), {}, r"at index \(1, 0\)"),
    (np.array([np.nan]), {}, "no whole number"),
    (np.array(["a"]), {}, "Labels must be numbers"),
    (np.array([0, 255, 2]), {"ignore_class": 255}, None),
    (np.array([0.0, 2.0]), {}, None),
    (np.array([]), {}, None),
]


@pytest.mark.parametrize(("given", "kwargs", "message"), LABELS)
def test_check_labels(given, kwargs, message):
    if message is None:
        losses.check_labels(given, 3, **kwargs)
    else:
        with pytest.raises(ValueError, match=message):
            losses.check_labels(given, 3, **kwargs)


# The oracle itself ----------------------------------------------------------------------------------------------------

PLANTED = [
    ("Huber", "numbers", lambda t, p: losses.huber(t, p, delta=0.99)),
    ("CategoricalCrossentropy", "one-hot", lambda t, p: losses.categorical_crossentropy(t, p) * 1.0001),
    ("MeanSquaredError", "numbers", lambda t, p: jax.lax.stop_gradient(losses.mean_squared_error(t, p))),
    ("MeanAbsoluteError", "numbers", lambda t, p: losses.mean_absolute_error(t, p)[:, None]),
]


@pytest.mark.parametrize(("name", "data", "wrong"), PLANTED, ids=["value", "scale", "gradient", "shape"])
def test_the_comparison_catches_a_planted_error(name, data, wrong):
    ours, theirs = (
        losses.LossFunctionWrapper(wrong, "none"),
        getattr(keras.losses, name)("none" if name != "Huber" else 1.0),
    )
    theirs.reduction = "none"
    with pytest.raises(AssertionError):
        compare(ours, theirs, *TARGETS[data]((4, 3)))


def test_the_reduction_catches_a_planted_error(monkeypatch):
    monkeypatch.setattr(losses.loss, "fold_mask", lambda weights, mask, dtype, mean=False: weights)
    mask = np.array([[True, False]])
    with pytest.raises(AssertionError):
        compare(*both("MeanSquaredError", {}), *TARGETS["numbers"]((1, 2, 3)), None, mask)
