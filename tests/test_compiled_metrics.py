"""The losses and metrics of compile: structures of outputs, names, weights; against what Keras makes of them."""

from __future__ import annotations

from collections import OrderedDict

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src.trainers.compile_utils import CompileLoss, CompileMetrics
from samples import TARGETS, bits, labels, numbers, one_hot, probabilities

from cornu import losses, metrics
from cornu.metrics.compiled import CompiledLoss, CompiledMetrics
from cornu.metrics.outputs import Outputs
from cornu.symbolic import abstract
from cornu.variables import functional

ROWS = 6
Y, P = TARGETS["numbers"]((ROWS, 3))
Q = numbers((ROWS, 2), seed=21)
Z = numbers((ROWS, 2), seed=22)
W = numbers((ROWS,), 0, 2)
V = numbers((ROWS,), 0, 2, seed=23)
NAMES = ["a", "b"]

FORMS = [
    ("one output", "mse", None, None, Y, P, None),
    ("one output, named", {"a": "mse"}, None, ["a"], Y, P, None),
    ("one output, weighted", "mse", 2.0, ["a"], Y, P, W),
    ("one output in a list", ["mse"], None, ["a"], [Y], [P], None),
    ("one loss for all", "mse", None, NAMES, [Y, Z], [P, Q], None),
    ("a loss each", ["mse", "mae"], None, NAMES, [Y, Z], [P, Q], None),
    ("factors", ["mse", "mae"], [0.5, 2.0], NAMES, [Y, Z], [P, Q], None),
    ("by name", {"b": "mae", "a": "mse"}, {"a": 0.5, "b": 2.0}, NAMES, [Y, Z], [P, Q], None),
    ("targets by name", {"b": "mae", "a": "mse"}, None, NAMES, {"a": Y, "b": Z}, [P, Q], None),
    ("results by name", {"b": "mae", "a": "mse"}, None, NAMES, {"a": Y, "b": Z}, {"a": P, "b": Q}, None),
    ("a list for results by name", ["mse", "mae"], None, NAMES, {"a": Y, "b": Z}, {"a": P, "b": Q}, None),
    ("tuples and lists", ["mse", "mae"], None, NAMES, (Y, Z), [P, Q], None),
    ("a loss for one of two", ["mse", None], None, NAMES, [Y, Z], [P, Q], None),
    ("a target for one of two", ["mse", None], None, NAMES, [Y], [P, Q], None),
    ("weights for all", ["mse", "mae"], None, NAMES, [Y, Z], [P, Q], W),
    ("weights each", ["mse", "mae"], None, NAMES, [Y, Z], [P, Q], [W, V]),
    ("weights for one", ["mse", "mae"], None, NAMES, [Y, Z], [P, Q], [W, None]),
    ("nested", {"x": ["mse", "mae"], "y": "mae"}, None, None, {"x": [Y, Z], "y": Y}, {"x": [P, Q], "y": P}, None),
    ("nested, flat factors", ["mse", ["mae", "mse"]], [1, [2, 3]], None, [Y, [Z, Y]], [P, [Q, P]], None),
    ("objects", [losses.Huber(0.5), keras.losses.mean_squared_error], None, NAMES, [Y, Z], [P, Q], None),
]
IDS = [row[0] for row in FORMS]


def as_keras(loss):
    if isinstance(loss, list):
        return [as_keras(one) for one in loss]
    return keras.losses.Huber(loss.delta) if isinstance(loss, losses.Huber) else loss


@pytest.mark.parametrize(("title", "loss", "factors", "names", "y", "y_pred", "weights"), FORMS, ids=IDS)
def test_forms_of_losses(title, loss, factors, names, y, y_pred, weights):
    ours, theirs = CompiledLoss(loss, factors, names), CompileLoss(as_keras(loss), factors, output_names=names)
    for _ in range(2):
        np.testing.assert_allclose(ours(y, y_pred, weights), theirs(y, y_pred, weights), rtol=1e-5)
    found, expected = ([(m.name, float(m.result())) for m in each.metrics] for each in (ours, theirs))
    if title == "results by name":  # in Keras in the order of the argument
        expected.reverse()
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert [v for _, v in found] == pytest.approx([v for _, v in expected], rel=1e-5)
    assert len(ours.variables) == 2 * len(found)


def test_several_losses_of_one_output_add_up():
    loss = CompiledLoss(["mse", "mae"], [1.0, 3.0], ["a"])
    np.testing.assert_allclose(loss(Y, P), np.square(Y - P).mean() + 3 * np.abs(Y - P).mean(), rtol=1e-5)
    assert [m.name for m in loss.metrics] == ["a_loss", "a_1_loss"]


def test_the_means_of_the_terms_are_exact():
    loss = CompiledLoss(["mse", "mae"], [1.0, 5.0], NAMES)
    sizes = (slice(0, 4), slice(4, 6))
    totals = [float(loss([Y[s], Z[s]], [P[s], Q[s]])) for s in sizes]
    expected = [np.square(Y - P).mean(), np.abs(Z - Q).mean()]
    np.testing.assert_allclose([m.result() for m in loss.metrics], expected, rtol=1e-5)
    assert np.average(totals, weights=[4, 2]) == pytest.approx(expected[0] + 5 * expected[1], rel=1e-5)


SHAPES = [
    ((ROWS, 1), (ROWS, 1), "binary"),
    ((ROWS,), (ROWS, 1), "binary"),
    ((ROWS,), (ROWS,), "binary"),
    ((ROWS,), (ROWS, 3), "sparse_categorical"),
    ((ROWS, 1), (ROWS, 3), "sparse_categorical"),
    ((ROWS, 5), (ROWS, 5, 3), "sparse_categorical"),
    ((ROWS, 5, 1), (ROWS, 5, 3), "sparse_categorical"),
    ((ROWS, 3), (ROWS, 3), "categorical"),
    ((ROWS, 5, 3), (ROWS, 5, 3), "categorical"),
]


@pytest.mark.parametrize(("true", "predicted", "kind"), SHAPES, ids=str)
@pytest.mark.parametrize("word", ["accuracy", "acc", "crossentropy", "ce"])
def test_words_that_depend_on_shapes(word, true, predicted, kind):
    y_pred = probabilities(predicted) if predicted[-1] == 3 else numbers(predicted, 0.1, 0.9)
    y = bits(true) if kind == "binary" else one_hot(true) if kind == "categorical" else np.zeros(true, "int32")
    compiled = CompiledMetrics([word])
    compiled.update_state(y, y_pred)
    ending = "_accuracy" if word.startswith("acc") else "_crossentropy"
    name = "".join(part.capitalize() for part in (kind + ending).split("_"))
    assert type(compiled.metrics[0]).__name__ == name
    expected = getattr(metrics, name)()
    np.testing.assert_allclose(compiled.result()[word], expected(y, y_pred), rtol=1e-6)
    if word in ("crossentropy", "ce"):
        value = CompiledLoss(word)(y, y_pred)
        np.testing.assert_allclose(value, getattr(losses, name)()(y, y_pred), rtol=1e-6)
        if predicted != (ROWS,):
            np.testing.assert_allclose(value, CompileLoss(word)(y, y_pred), rtol=1e-5)
    elif predicted != (ROWS,):  # there Keras asks for the size of the batch
        theirs = CompileMetrics([word], None)
        theirs.update_state(y, y_pred)
        np.testing.assert_allclose(compiled.result()[word], theirs.result()[word], rtol=1e-6)


TWO = ([Y, bits((ROWS, 1))], [P, numbers((ROWS, 1), 0.1, 0.9)])
BY_NAME = tuple(dict(zip(NAMES, each, strict=True)) for each in TWO)
METRICS = [
    ("a list", ["mae", "mse"], None, None, Y, P),
    ("names", ["MAE", "MeanSquaredError", "acc"], None, None, Y, P),
    ("twice", ["mae", "mae", "mae"], None, None, Y, P),
    ("weighted, too", ["mae"], ["mse", "mae", "mae"], None, Y, P),
    ("weighted only", None, ["mse"], ["a"], Y, P),
    ("nested in a list", [["mae", "mse"]], None, ["a"], Y, P),
    ("by any name", {"anything": ["mae"]}, None, ["a"], Y, P),
    ("two outputs", [["mae", "mse"], "accuracy"], None, NAMES, *TWO),
    ("two outputs, unnamed", [["mae"], ["accuracy"]], None, None, *TWO),
    ("two by name", {"b": ["accuracy"], "a": "mae"}, None, NAMES, *TWO),
    ("one of two by name", {"b": ["accuracy"]}, {"a": ["mae"], "b": ["accuracy", "mae"]}, NAMES, *TWO),
    ("one of two by place", [None, "accuracy"], None, NAMES, *TWO),
    ("results by name", {"b": ["accuracy"], "a": ["mae"]}, ["mse", "mse"], NAMES, *BY_NAME),
    ("results by name, no order", {"b": ["accuracy"], "a": ["mae"]}, None, None, *BY_NAME),
    ("ordered", [["mae"], "acc"], None, None, *(OrderedDict(a=x["a"], b=x["b"]) for x in BY_NAME)),
    ("nested", {"x": [["mae"], ["mse"]], "y": None}, None, list("012"), {"x": [Y, Z], "y": Y}, {"x": [P, Q], "y": P}),
]


@pytest.mark.parametrize(
    ("title", "plain", "weighted", "names", "y", "y_pred"), METRICS, ids=[row[0] for row in METRICS]
)
def test_forms_of_metrics(title, plain, weighted, names, y, y_pred):
    ours, theirs = CompiledMetrics(plain, weighted, names), CompileMetrics(plain, weighted, output_names=names)
    for weight in (None, W):
        ours.update_state(y, y_pred, weight)
        theirs.update_state(y, y_pred, weight)
    found, expected = ours.result(), theirs.result()
    if title == "nested":  # the path says more than the output's name
        expected = {f"x/{name}": value for name, value in expected.items()}
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-5)
    assert [m.name for m in ours.metrics] == [m.name for m in theirs.metrics]
    assert len(ours.variables) == len(theirs.variables)
    ours.reset_state()
    assert not any(float(v) for v in ours.result().values())


def test_names_of_objects_and_functions():
    def distance(y_true, y_pred):
        return jnp.abs(y_true - y_pred)

    given = [distance, metrics.MeanSquaredError(name="error"), losses.Huber(name="penalty"), metrics.binary_accuracy]
    compiled = CompiledMetrics([*given, metrics.AUC])
    compiled.update_state(bits((ROWS, 1)), numbers((ROWS, 1), 0, 1))
    assert list(compiled.result())[:4] == ["distance", "error", "penalty", "binary_accuracy"]
    assert list(compiled.result())[4].startswith("auc")


def test_built_from_abstract_shapes_and_traced():
    avals = [abstract((None, 3), "float32")] * 2
    compiled, loss = CompiledMetrics(["accuracy", metrics.F1Score(average="macro")]), CompiledLoss("ce")
    compiled.build(*avals)
    loss.build(*avals)
    y_true, y_pred = one_hot((ROWS, 3)), probabilities((ROWS, 3))

    def step(y_true, y_pred):
        compiled.update_state(y_true, y_pred)
        return loss(y_true, y_pred), compiled.result()

    traced, state = jax.jit(functional(step, compiled.variables))([v.value for v in compiled.variables], y_true, y_pred)
    assert not any(v.numpy().any() for v in compiled.variables)
    expected = step(y_true, y_pred)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), traced, expected)
    for value, variable in zip(state, compiled.variables, strict=True):
        np.testing.assert_allclose(value, variable.value, rtol=1e-6)


def test_a_metric_as_a_custom_training_step_uses_it():
    compiled = CompiledMetrics(["mae"])
    assert isinstance(compiled, metrics.Metric)
    assert compiled.name == "compile_metrics"
    assert compiled.metrics == []
    with pytest.raises(ValueError, match="no result yet"):
        compiled.result()
    assert list(compiled(Y, P)) == ["mae"]


def test_no_metrics_need_no_targets():
    compiled = CompiledMetrics(None, [], None)
    compiled.update_state(None, P)
    assert compiled.result() == {}


CONFIG = {"module": "keras.losses", "class_name": "Huber", "config": {"delta": 0.5}, "registered_name": None}


def test_configs_are_single_things():
    loss = CompiledLoss({"a": CONFIG, "b": CONFIG}, None, NAMES)
    expected = losses.Huber(0.5)(Y, P) + losses.Huber(0.5)(Z, Q)
    np.testing.assert_allclose(loss([Y, Z], [P, Q]), expected, rtol=1e-5)
    assert float(CompiledLoss(CONFIG)(Y, P)) == pytest.approx(float(losses.Huber(0.5)(Y, P)))


def test_factors_may_be_variables():
    from cornu import Variable

    factor = Variable(2.0)
    loss = CompiledLoss("mse", factor)
    first = float(loss(Y, P))
    factor.assign(4.0)
    assert float(loss(Y, P)) == pytest.approx(2 * first)


THREE = labels((ROWS, 3))
ERRORS = [
    (
        lambda: CompiledLoss({"a": "mse", "c": "mae"}, None, NAMES)([Y, Z], [P, Q]),
        "`loss` names 'c', which is no output",
    ),
    (lambda: CompiledLoss({"outpt": "mse"}, None, ["output"])(Y, P), "Did you mean 'output'"),
    (lambda: CompiledLoss(["mse"] * 3, None, NAMES)([Y, Z], [P, Q]), "`loss` doesn't fit the model's 2 outputs"),
    (lambda: CompiledLoss("mse", {"c": 1.0}, NAMES)([Y, Z], [P, Q]), "`loss_weights` names 'c'"),
    (lambda: CompiledLoss("mse", [1.0, 2.0, 3.0], NAMES)([Y, Z], [P, Q]), "`loss_weights` doesn't fit"),
    (lambda: CompiledLoss(["mse", "mae"], [1.0, 2.0, 3.0])(Y, P), "`loss_weights` doesn't fit the losses"),
    (lambda: CompiledLoss("mse", "1")(Y, P), "`loss_weights` is wrong"),
    (lambda: CompiledLoss([None, None], None, NAMES)([Y, Z], [P, Q]), "No output has a loss"),
    (lambda: CompiledLoss("mean_sqared_error")(Y, P), "Did you mean 'mean_squared_error'"),
    (lambda: CompiledLoss("mse", None, NAMES)([Y, Z, Z], [P, Q]), "`y` doesn't fit the model's 2 outputs"),
    (lambda: CompiledLoss("mse", None, NAMES)(Y, [P, Q]), "`y` doesn't fit the model's 2 outputs"),
    (lambda: CompiledLoss("mse", None, NAMES)({"a": Y, "x": Z}, [P, Q]), "`y` names 'x'"),
    (lambda: CompiledLoss("mse", None, NAMES)([Y, None], [P, Q]), "Output 'b': there is a loss, and no target"),
    (lambda: CompiledLoss("mse", None, NAMES)([Y, Y], [P, Q]), r"Output 'b': mean_squared_error: the shapes"),
    (lambda: CompiledLoss("mse", None, NAMES)([Y, Z], [P, Q], [W]), "`sample_weight` doesn't fit"),
    (lambda: CompiledLoss(losses.MeanSquaredError(reduction="none"))(Y, P), "isn't one number[\\s\\S]*'none'"),
    (lambda: CompiledLoss("ce")(None, P), "no target to tell which 'ce'"),
    (lambda: CompiledMetrics({"c": ["mae"]}, None, NAMES).update_state([Y, Z], [P, Q]), "`metrics` names 'c'"),
    (lambda: CompiledMetrics(["mae"], None, NAMES).update_state([Y, Z], [P, Q]), "`metrics` doesn't fit[\\s\\S]*a, b"),
    (lambda: CompiledMetrics(None, [["mae"]] * 3).update_state([Y, Z], [P, Q]), "`weighted_metrics` doesn't fit"),
    (lambda: CompiledMetrics([None]).update_state(Y, P), "A metric is None"),
    (lambda: CompiledMetrics(["accurcy"]).update_state(Y, P), "Did you mean 'accuracy'"),
    (
        lambda: CompiledMetrics([["mae"], ["mse"]], None, NAMES).update_state([Y, None], [P, Q]),
        "Output 'b': there are m",
    ),
    (lambda: CompiledLoss("sparse_categorical_crossentropy").check_labels(THREE + 1, (None, 3)), "Label 3"),
    (lambda: CompiledLoss("ce", None, NAMES).check_labels([THREE, THREE - 1], [(None, 3), (None, 3)]), "Label -1"),
    (
        lambda: CompiledLoss({"b": "sparse_categorical_crossentropy"}, None, NAMES).check_labels(
            {"b": THREE + 5}, [(None, 4), (None, 3)]
        ),
        "from 0 to 2",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


FINE = [
    (losses.SparseCategoricalCrossentropy(ignore_class=-1), THREE - 1, (None, 3)),
    ("categorical_crossentropy", one_hot((ROWS, 3)), (None, 3)),
    ("mse", Y + 100, (None, 3)),
    ("sparse_categorical_crossentropy", THREE + 100, (None, None)),
    (["sparse_categorical_crossentropy", None], [THREE], [(None, 3), (None, 2)]),
]


@pytest.mark.parametrize(("loss", "y", "shape"), FINE, ids=["ignored", "one-hot", "numbers", "unknown", "partial"])
def test_labels_that_are_fine(loss, y, shape):
    CompiledLoss(loss).check_labels(y, shape)


STRUCTURES = [
    (0, None, [()], [None]),
    (0, ["a"], [()], ["a"]),
    ([0, 0], ["a", "b"], [(0,), (1,)], ["a", "b"]),
    ({"b": 0, "a": 0}, None, [("a",), ("b",)], ["a", "b"]),
    ({"b": 0, "a": 0}, ["b", "a"], [("b",), ("a",)], ["b", "a"]),
    ({"b": (0, 0), "a": 0}, ["x", "y", "z"], [("a",), ("b", 0), ("b", 1)], ["a", "b/y", "b/z"]),
    ([{"b": 0}, 0], None, [(0, "b"), (1,)], ["0/b", None]),
]


@pytest.mark.parametrize(("result", "names", "paths", "found"), STRUCTURES, ids=str)
def test_outputs(result, names, paths, found):
    outputs = Outputs(result, names)
    assert (outputs.paths, outputs.names) == (paths, found)
    assert outputs.values(result) == [0] * len(paths)
    assert outputs.spread(result, "y") == [0] * len(paths)
    assert outputs.spread(None, "y") == [None] * len(paths)


@pytest.mark.parametrize("spoil", ["factor", "order", "size of the batch"])
def test_the_comparison_catches_a_planted_error(spoil, monkeypatch):
    if spoil == "size of the batch":
        monkeypatch.setattr(metrics.Mean, "update_state", lambda self, value, weight: self.total.assign_add(value))
    elif spoil == "factor":
        monkeypatch.setattr("cornu.metrics.compiled._weights", lambda given, number: [None] * number)
    else:
        monkeypatch.setattr(Outputs, "values", lambda self, result: list(result)[::-1])
    row = next(row for row in FORMS if row[0] == "factors")
    with pytest.raises((AssertionError, ValueError)):
        test_forms_of_losses(*row)
