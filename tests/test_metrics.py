"""Every metric over several batches, against Keras on JAX and scikit-learn; eager and traced; configs both ways."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src import backend as keras_backend
from samples import TARGETS, bits, labels, numbers, one_hot, probabilities
from sklearn import metrics as sklearn_metrics

import cornu
from cornu import metrics, tags
from cornu.activations import softmax
from cornu.engines.engine import get_engine
from cornu.program.lower import lower
from cornu.program.trace import trace
from cornu.variables import functional

SIZES = (8, 8)  # of one size: every other one compiles everything again


def grid(shape, steps=19, seed=7):
    """Predictions between thresholds, and on them."""
    return np.random.default_rng(seed).integers(0, 2 * steps + 1, shape).astype("float32") / (2 * steps)


ROWS = 16
DATA = {
    **{kind: lambda kind=kind: TARGETS[kind]((ROWS, 3)) for kind in TARGETS},
    "vectors": lambda: (bits((ROWS,)), grid((ROWS,))),
    "columns": lambda: (bits((ROWS, 1)), grid((ROWS, 1))),
    "many": lambda: (bits((ROWS, 3)), grid((ROWS, 3))),
    "classes": lambda: (labels((ROWS, 4)), labels((ROWS, 4), seed=9)),
    "areas": lambda: (bits((ROWS, 4)).astype("int32"), numbers((ROWS, 4), 0, 1)),
    "one-hot areas": lambda: (one_hot((ROWS, 5, 3)), probabilities((ROWS, 5, 3))),
    "ranked": lambda: (labels((ROWS, 4)), np.argsort(numbers((ROWS, 4)), -1).astype("float32")),
    "wide": lambda: (one_hot((ROWS, 7)), probabilities((ROWS, 7))),
    "wide labels": lambda: (labels((ROWS, 7)), probabilities((ROWS, 7))),
    "values": lambda: (numbers((ROWS,)), None),
    "rows of values": lambda: (numbers((ROWS, 4)), None),
}

TABLE = [
    ("Mean", {}, "values"),
    ("Mean", {}, "rows of values"),
    ("Sum", {}, "values"),
    ("Sum", {}, "rows of values"),
    ("Accuracy", {}, "classes"),
    ("BinaryAccuracy", {}, "many"),
    ("BinaryAccuracy", {"threshold": 0.3}, "columns"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("SparseCategoricalAccuracy", {}, "labels"),
    ("SparseCategoricalAccuracy", {}, "column of labels"),
    ("TopKCategoricalAccuracy", {"k": 3}, "wide"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "wide labels"),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "ranked"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary logits"),
    ("CategoricalCrossentropy", {}, "one-hot"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("KLDivergence", {}, "one-hot"),
    ("Poisson", {}, "positive"),
    ("MeanSquaredError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("CosineSimilarity", {}, "numbers"),
    ("LogCoshError", {}, "numbers"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, "numbers"),
    ("Hinge", {}, "signs"),
    ("SquaredHinge", {}, "signs"),
    ("CategoricalHinge", {}, "one-hot logits"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("FBetaScore", {}, "one-hot"),
    ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.4}, "many"),
    ("FBetaScore", {"average": "macro", "beta": 0.5}, "one-hot"),
    ("F1Score", {"average": "weighted"}, "one-hot"),
    ("TruePositives", {}, "vectors"),
    ("TrueNegatives", {"thresholds": [0.8, 0.25]}, "columns"),
    ("FalsePositives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, "many"),
    ("FalseNegatives", {"thresholds": 0.3}, "many"),
    ("Precision", {}, "vectors"),
    ("Precision", {"thresholds": [0.1, 0.4, 0.9]}, "many"),
    ("Precision", {"top_k": 2}, "wide"),
    ("Precision", {"top_k": 2, "class_id": 1}, "wide"),
    ("Recall", {}, "columns"),
    ("Recall", {"class_id": 2, "thresholds": 0.2}, "wide"),
    ("Recall", {"top_k": 3, "thresholds": 0.15}, "wide"),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, "vectors"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 20}, "columns"),
    ("PrecisionAtRecall", {"recall": 0.3, "num_thresholds": 1}, "vectors"),
    ("PrecisionAtRecall", {"recall": 0.7}, "many"),
    ("RecallAtPrecision", {"precision": 0.5, "class_id": 1}, "many"),
    ("AUC", {}, "vectors"),
    ("AUC", {"num_thresholds": 20}, "many"),
    ("AUC", {"num_thresholds": 20, "curve": "PR"}, "columns"),
    ("AUC", {"num_thresholds": 20, "curve": "PR", "summation_method": "majoring"}, "columns"),
    ("AUC", {"num_thresholds": 20, "summation_method": "minoring"}, "columns"),
    ("AUC", {"num_thresholds": 20, "curve": "PRGAIN"}, "columns"),
    ("AUC", {"thresholds": [0.7, 0.2, 0.4]}, "columns"),
    ("AUC", {"multi_label": True, "num_labels": 3}, "many"),
    ("AUC", {"multi_label": True, "thresholds": [0.2, 0.6], "label_weights": [1.0, 2.0, 0.5]}, "many"),
    ("AUC", {"multi_label": True, "curve": "PR", "label_weights": [1.0, 2.0, 0.5]}, "many"),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5]}, "many"),
    ("AUC", {"from_logits": True}, "binary logits"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "classes"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 1], "ignore_class": 1}, "classes"),
    ("MeanIoU", {"num_classes": 4}, "classes"),
    ("BinaryIoU", {"threshold": 0.3}, "areas"),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [1]}, "one-hot areas"),
    ("OneHotMeanIoU", {"num_classes": 3}, "one-hot areas"),
]
"""A metric, its arguments, and on what."""

IDS = [f"{name}-{'-'.join(map(str, kwargs.values()))}-{data}" for name, kwargs, data in TABLE]
BY_TABLE = pytest.mark.parametrize(("name", "kwargs", "data"), TABLE, ids=IDS)


def both(name, kwargs):
    return getattr(metrics, name)(**kwargs), getattr(keras.metrics, name)(**kwargs)


def samples(name, data, weighted):
    """The arrays of a row, with weights, and whether they are whole."""
    arrays = [x for x in DATA[data]() if x is not None]
    if not weighted:
        return arrays
    weight = numbers((ROWS,), 0, 2)
    if "IoU" in name:
        shape = arrays[0].shape[:-1] if "OneHot" in name else arrays[0].shape
        return [*arrays, np.random.default_rng(0).integers(0, 3, shape)]
    return [*arrays, weight]


def batches(arrays, sizes=SIZES):
    start = 0
    for size in sizes:
        yield [x[start : start + size] for x in arrays]
        start += size


def feed(metric, arrays, sizes=SIZES):
    for batch in batches(arrays, sizes):
        metric.update_state(*batch)
    return metric.result()


def agree(found, expected):
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def by_numpy(metric, step, arrays):
    """The result over batches, in the vocabulary of primitives that every engine runs: it needs no compilation."""
    state = tuple(map(jnp.asarray, metric.stateless_reset_state()))
    for batch in batches(arrays):
        program = lower(trace(step, state, *batch))
        run = get_engine("reference").compile(program)
        value, state = program.unflatten(run(*program.flatten(state, *batch)))
    return value


def run_cornu(metric, arrays):
    metric.build(*(arrays * 2)[:2])
    step = functional(lambda *batch: (metric.update_state(*batch), metric.result())[1], metric.variables)
    return by_numpy(metric, step, arrays)


def run_keras(metric, arrays):
    if getattr(metric, "multi_label", False) and metric._init_from_thresholds:
        return feed(metric, arrays)  # can't be traced
    if not getattr(metric, "_built", True):
        metric._build(*[x.shape for x in arrays[int(isinstance(metric, keras.metrics.AUC)) : 2]])

    def step(state, *batch):
        state = metric.stateless_update_state(state, *batch)
        return metric.stateless_result(state), tuple(state)

    return by_numpy(metric, step, arrays)


@pytest.mark.parametrize("weighted", [False, True])
@BY_TABLE
def test_over_batches(name, kwargs, data, weighted):
    ours, theirs = both(name, kwargs)
    arrays = samples(name, data, weighted)
    found, expected = run_cornu(ours, arrays), run_keras(theirs, arrays)
    agree(found, expected)
    assert found.dtype == expected.dtype


EACH = {row[0]: row for row in TABLE}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kwargs", "data"), EACH.values(), ids=EACH)
def test_traced_equals_eager(name, kwargs, data):
    metric = getattr(metrics, name)(**kwargs)
    arrays = samples(name, data, True)
    expected = feed(metric, arrays)
    update = jax.jit(functional(metric.update_state, metric.variables))
    state = metric.stateless_reset_state()
    for batch in batches(arrays):
        _, state = update(state, *batch)
    agree(metric.stateless_result(list(state)), expected)
    agree(metric.result(), expected)  # the eager state is as it was


def test_inside_cornu_jit_a_metric_builds_itself():
    y_true, y_pred = DATA["one-hot"]()
    metric = metrics.F1Score(average="macro")
    cornu.jit(lambda t, p: metric.update_state(t, p))(y_true, y_pred)
    agree(metric.result(), feed(metrics.F1Score(average="macro"), [y_true, y_pred]))


@BY_TABLE
def test_configs_both_ways(name, kwargs, data):
    ours, theirs = both(name, {**kwargs, "name": "mine"})
    mine, expected = plain(ours.get_config()), plain(theirs.get_config())
    assert {key: mine[key] for key in expected} == expected
    assert plain(metrics.deserialize(metrics.serialize(ours)).get_config()) == mine
    assert plain(metrics.deserialize(keras.metrics.serialize(theirs)).get_config()) == mine
    assert plain(keras.metrics.deserialize(metrics.serialize(ours)).get_config()) == expected


def plain(config):
    return {key: np.asarray(v).tolist() if isinstance(v, (list, tuple, jax.Array)) else v for key, v in config.items()}


KERAS_NAMES = sorted(n for n in keras.src.metrics.ALL_OBJECTS_DICT if "etric" not in n)


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_names(name):
    theirs = keras.src.metrics.ALL_OBJECTS_DICT[name]
    assert cornu.registry.lookup("metric", name).__name__ == theirs.__name__


def test_get():
    assert metrics.get(None) is None
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(metrics.get(metrics.AUC), metrics.AUC)
    assert metrics.get({"class_name": "AUC", "config": {"curve": "PR"}}).curve == "PR"
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        metrics.get("acuracy")


# scikit-learn ---------------------------------------------------------------------------------------------------------


def fractions(shape):
    return np.random.default_rng(4).integers(0, 200, shape).astype("float32") / 199


SCORES = [
    ("AUC", {}, "vectors", sklearn_metrics.roc_auc_score),
    ("AUC", {"multi_label": True}, "many", sklearn_metrics.roc_auc_score),
    ("Precision", {}, "vectors", lambda t, p, **k: sklearn_metrics.precision_score(t, p > 0.5, **k)),
    ("Recall", {}, "vectors", lambda t, p, **k: sklearn_metrics.recall_score(t, p > 0.5, **k)),
    ("BinaryAccuracy", {}, "vectors", lambda t, p, **k: sklearn_metrics.accuracy_score(t, p > 0.5, **k)),
    ("CategoricalAccuracy", {}, "one-hot", lambda t, p, **k: sklearn_metrics.accuracy_score(*places(t, p), **k)),
    ("TopKCategoricalAccuracy", {"k": 3}, "wide", lambda t, p, **k: top_k(t, p, **k)),
    ("CategoricalCrossentropy", {}, "one-hot", lambda t, p, **k: log_loss(t, p, **k)),
    ("MeanSquaredError", {}, "numbers", sklearn_metrics.mean_squared_error),
    ("RootMeanSquaredError", {}, "numbers", lambda t, p, **k: sklearn_metrics.mean_squared_error(t, p, **k) ** 0.5),
    ("MeanAbsoluteError", {}, "numbers", sklearn_metrics.mean_absolute_error),
    ("MeanSquaredLogarithmicError", {}, "positive", sklearn_metrics.mean_squared_log_error),
    ("R2Score", {}, "numbers", sklearn_metrics.r2_score),
    ("R2Score", {"class_aggregation": None}, "numbers", lambda t, p, **k: r2(t, p, "raw_values", **k)),
    (
        "R2Score",
        {"class_aggregation": "variance_weighted_average"},
        "numbers",
        lambda t, p, **k: r2(t, p, "variance_weighted", **k),
    ),
    ("F1Score", {}, "one-hot", lambda t, p, **k: f_score(t, p, 1.0, None, **k)),
    ("FBetaScore", {"beta": 2.0, "average": "micro"}, "one-hot", lambda t, p, **k: f_score(t, p, 2.0, "micro", **k)),
    ("FBetaScore", {"beta": 0.5, "average": "macro"}, "one-hot", lambda t, p, **k: f_score(t, p, 0.5, "macro", **k)),
    ("F1Score", {"average": "weighted"}, "one-hot", lambda t, p, **k: f_score(t, p, 1.0, "weighted", **k)),
    ("PearsonCorrelation", {}, "numbers", lambda t, p, **k: pearson(t, p, **k)),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32"}, "classes", lambda t, p, **k: jaccard(t, p, **k)),
]


def places(t, p):
    return t.argmax(1), p.argmax(1)


def log_loss(t, p, **kwargs):
    return sklearn_metrics.log_loss(t.argmax(1), p, labels=[0, 1, 2], **kwargs)


def jaccard(t, p, **kwargs):
    return sklearn_metrics.jaccard_score(t, p, average="macro", **kwargs)


def top_k(t, p, **kwargs):
    return sklearn_metrics.top_k_accuracy_score(t.argmax(1), p, k=3, labels=range(7), **kwargs)


def r2(t, p, multioutput, **kwargs):
    return sklearn_metrics.r2_score(t, p, multioutput=multioutput, **kwargs)


def f_score(t, p, beta, average, **kwargs):
    return sklearn_metrics.fbeta_score(t.argmax(1), p.argmax(1), beta=beta, average=average, labels=[0, 1, 2], **kwargs)


def pearson(t, p, sample_weight=None):
    return np.average([np.corrcoef(a, b)[0, 1] for a, b in zip(t, p, strict=True)], weights=sample_weight)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "kwargs", "data", "score"), SCORES, ids=[f"{row[0]}-{row[1]}" for row in SCORES])
def test_against_scikit_learn(name, kwargs, data, score, weighted):
    y_true, y_pred = DATA[data]()
    if name == "AUC":  # on the thresholds, where the approximation is exact
        y_pred = fractions(y_true.shape)
    weight = numbers((ROWS,), 0.1, 2) if weighted else None
    expected = score(y_true, y_pred, **({"sample_weight": weight} if weighted else {}))
    arrays = [y_true, y_pred, *([weight] if weighted else [])]
    np.testing.assert_allclose(feed(getattr(metrics, name)(**kwargs), arrays), expected, rtol=1e-5, atol=1e-6)


UNEVEN = [row for row in SCORES if row[0] in ("CategoricalAccuracy", "RootMeanSquaredError", "R2Score", "Precision")]


@pytest.mark.parametrize(("name", "kwargs", "data", "score"), UNEVEN, ids=[f"{row[0]}-{row[1]}" for row in UNEVEN])
def test_batches_of_other_sizes_give_the_same(name, kwargs, data, score):
    arrays = DATA[data]()
    found = [feed(getattr(metrics, name)(**kwargs), arrays, sizes) for sizes in ((8, 8), (10, 5, 1))]
    np.testing.assert_allclose(found, [score(*arrays)] * 2, rtol=1e-5, atol=1e-6)


def test_r2_far_from_zero():
    y_true = (1e6 + numbers((64, 2))).astype("float32")
    y_pred = (y_true + 0.5 * numbers((64, 2), seed=8)).astype("float32")
    expected = sklearn_metrics.r2_score(y_true.astype("float64"), y_pred.astype("float64"))
    found = feed(metrics.R2Score(), [y_true, y_pred], (16, 16, 32))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert abs(float(feed(keras.metrics.R2Score(), [y_true, y_pred], (16, 16, 32))) - expected) > 0.1


@pytest.mark.parametrize("constant", [0.0, 0.1, 3e5])
def test_r2_of_constant_targets_is_scikit_learns(constant):
    y_true = np.full((9, 1), constant, "float32")
    assert float(feed(metrics.R2Score(), [y_true, y_true], (4, 5))) == 1
    assert float(feed(metrics.R2Score(), [y_true, y_true + 1], (4, 5))) == 0


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_adjusted_r2_counts_samples(outputs):
    y_true, y_pred = TARGETS["numbers"]((ROWS, outputs))
    plain_score = sklearn_metrics.r2_score(y_true, y_pred)
    expected = 1 - (1 - plain_score) * (ROWS - 1) / (ROWS - 4 - 1)
    np.testing.assert_allclose(feed(metrics.R2Score(num_regressors=4), [y_true, y_pred]), expected, rtol=1e-5)
    few = feed(metrics.R2Score(num_regressors=ROWS), [y_true, y_pred])
    np.testing.assert_allclose(few, plain_score, rtol=1e-5)
    if outputs == 1:
        agree(
            feed(metrics.R2Score(num_regressors=4), [y_true, y_pred]),
            feed(keras.metrics.R2Score(num_regressors=4), [y_true, y_pred]),
        )


# Masks, weights, dtypes -----------------------------------------------------------------------------------------------

MASKED = [
    "MeanSquaredError",
    "BinaryAccuracy",
    "RootMeanSquaredError",
    "Precision",
    "AUC",
    "FalseNegatives",
    "BinaryIoU",
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MASKED)
def test_masked_steps_do_not_count(name, weighted):
    y_true, y_pred = bits((4, 5)), grid((4, 5))
    mask = numbers((4, 5), seed=11) > 0
    weight = np.random.default_rng(1).integers(1, 3, (4, 5)).astype("float32" if "IoU" not in name else "int32")
    metric, alone = getattr(metrics, name)(), getattr(metrics, name)()
    predicted = jnp.asarray(y_pred[..., None])
    tags.set_mask(predicted, mask)
    metric.update_state(y_true[..., None], predicted, weight if weighted else None)
    kept = [x[mask][:, None] for x in (y_true, y_pred)]
    alone.update_state(*kept, weight[mask] if weighted else None)
    np.testing.assert_allclose(metric.result(), alone.result(), rtol=1e-5)


def test_masks_as_in_keras():
    y_true, y_pred = TARGETS["numbers"]((4, 5, 3))
    mask = numbers((4, 5), seed=11) > 0
    for weight in (None, numbers((4, 5), 0, 2)):
        ours, theirs = both("MeanAbsoluteError", {})
        for metric, library, set_mask in ((ours, jnp, tags.set_mask), (theirs, jnp, keras_backend.set_keras_mask)):
            predicted = library.asarray(y_pred)
            set_mask(predicted, jnp.asarray(mask))
            metric.update_state(y_true, predicted, weight)
        agree(ours.result(), theirs.result())


@pytest.mark.parametrize("weighted", [False, True])
def test_an_ignored_class_does_not_count(weighted):
    y_true, y_pred = TARGETS["labels"]((ROWS, 3))
    weight = numbers((ROWS,), 0.1, 2) if weighted else np.ones(ROWS, "float32")
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=1)
    metric.update_state(y_true, y_pred, weight if weighted else None)
    kept = y_true != 1
    losses = -np.log(y_pred[np.arange(ROWS), y_true])
    np.testing.assert_allclose(metric.result(), np.average(losses[kept], weights=weight[kept]), rtol=1e-5)


WEIGHTS = [(ROWS,), (ROWS, 1), (ROWS, 3), ()]


@pytest.mark.parametrize("shape", WEIGHTS, ids=str)
@pytest.mark.parametrize("name", ["Mean", "Sum", "BinaryAccuracy", "Precision"])
def test_shapes_of_weights(name, shape):
    if (name, shape) == ("Precision", ()):
        pytest.skip("Keras takes no scalar weight here")
    ours, theirs = both(name, {})
    arrays = [numbers((ROWS, 3))] if name in ("Mean", "Sum") else [bits((ROWS, 3)), grid((ROWS, 3))]
    weight = numbers(shape, 0, 2)
    for metric in (ours, theirs):
        metric.update_state(*arrays, sample_weight=weight)
    agree(ours.result(), theirs.result())


def test_sixteen_bits_do_not_spoil_a_metric():
    y_true, y_pred = np.zeros((4, 3), "float32"), np.full((4, 3), 300, "float16")
    metric = metrics.MeanSquaredError()
    metric.update_state(y_true, jnp.asarray(y_pred))
    assert float(metric.result()) == 90000  # more than a float16 holds


def test_logits_count_in_metrics():
    logits = jnp.array([[0.0, 50.0]])
    metric = metrics.SparseCategoricalCrossentropy()
    metric.update_state(np.array([0]), softmax(logits))
    assert float(metric.result()) == 50


def test_float_weights_of_whole_counts_warn():
    metric = metrics.MeanIoU(2)
    with pytest.warns(UserWarning, match='dtype="float32"'):
        metric.update_state(np.array([0, 1]), np.array([0, 1]), np.array([0.5, 0.5]))


# The class ------------------------------------------------------------------------------------------------------------


class Share(metrics.Metric):
    """As one writes it for Keras 3."""

    def __init__(self, limit=0.0, name="share", **kwargs):
        super().__init__(name=name, **kwargs)
        self.limit = limit
        self.above = self.add_weight(shape=(), initializer="zeros", name="above")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")
        self.inner = metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.above.assign(self.above + jnp.sum(y_pred > self.limit))
        self.count.assign_add(jnp.size(y_pred))
        self.inner.update_state(y_pred, sample_weight)

    def result(self):
        return self.above / self.count


def test_a_metric_of_ones_own():
    metric = Share(0.5)
    assert [v.name for v in metric.variables] == ["above", "count", "total", "count"]
    assert not any(v.trainable for v in metric.variables)
    assert float(metric(np.zeros(3), np.array([0.2, 0.7, 0.9]))) == pytest.approx(2 / 3)
    state = metric.stateless_update_state([0.0, 0.0, 0.0, 0.0], np.zeros(2), np.ones(2))
    assert [float(x) for x in state] == [2, 2, 2, 2]
    assert float(metric.result()) == pytest.approx(2 / 3)
    assert float(metric.stateless_result(state)) == 1
    metric.reset_state()
    assert all(float(v) == 0 for v in metric.variables)
    again = Share.from_config(Share(0.25, name="mine").get_config())
    assert (again.limit, again.name) == (0.25, "mine")
    with pytest.raises(ValueError, match="4 arrays"):
        metric.stateless_result([0.0])


def test_metrics_of_functions():
    def twice(y_true, y_pred, factor=2):
        return factor * jnp.abs(y_true - y_pred)

    y_true, y_pred = DATA["numbers"]()
    ours = metrics.MeanMetricWrapper(twice, name="twice", factor=3)
    theirs = keras.metrics.MeanMetricWrapper(twice, name="twice", factor=3)
    agree(feed(ours, [y_true, y_pred]), feed(theirs, [y_true, y_pred]))
    wrapped = metrics.MeanMetricWrapper(metrics.binary_accuracy, threshold=0.2)
    again = metrics.deserialize(metrics.serialize(wrapped))
    assert (again.fn, again.threshold) == (metrics.binary_accuracy, 0.2)
    theirs = keras.metrics.MeanMetricWrapper(keras.metrics.binary_accuracy, threshold=0.2)
    assert metrics.deserialize(keras.metrics.serialize(theirs)).fn is metrics.binary_accuracy
    assert keras.metrics.deserialize(metrics.serialize(wrapped))._fn is keras.metrics.binary_accuracy
    loss = metrics.MeanMetricWrapper(cornu.losses.Huber(0.5))
    np.testing.assert_allclose(loss(y_true, y_pred), cornu.losses.Huber(0.5)(y_true, y_pred), rtol=1e-6)


def forgetful():
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = self.add_weight(name="total")

    Forgetful()


ERRORS = [
    (forgetful, RuntimeError, "super"),
    (lambda: metrics.Metric().update_state(), NotImplementedError, "update_state"),
    (lambda: metrics.Metric().result(), NotImplementedError, "result"),
    (lambda: metrics.AUC(num_thresholds=1), ValueError, "`num_thresholds` is wrong"),
    (lambda: metrics.AUC(curve="ROCK"), ValueError, "`curve` is wrong[\\s\\S]*'ROC', 'PR', 'PRGAIN'"),
    (lambda: metrics.AUC(num_labels=3), ValueError, "multi_label=True"),
    (lambda: metrics.AUC(multi_label=True)(np.zeros(3), np.zeros(3)), ValueError, r"\(samples, labels\)"),
    (lambda: metrics.Precision(thresholds=1.5), ValueError, "`thresholds` is wrong"),
    (lambda: metrics.Precision(class_id=3)(np.zeros((2, 3)), np.zeros((2, 3))), ValueError, "class_id 3"),
    (lambda: metrics.Precision()(np.zeros((2, 3)), np.zeros((2, 4))), ValueError, r"Precision .*\(2, 3\)|\(2, 4\)"),
    (lambda: metrics.SensitivityAtSpecificity(1.5), ValueError, "`specificity` is wrong"),
    (lambda: metrics.FBetaScore(average="mean"), ValueError, "`average` is wrong"),
    (lambda: metrics.FBetaScore(beta=0.0), ValueError, "`beta` is wrong"),
    (lambda: metrics.F1Score()(np.zeros(3), np.zeros(3)), ValueError, r"\(samples, outputs\)"),
    (lambda: metrics.R2Score(num_regressors=-1), ValueError, "`num_regressors` is wrong"),
    (lambda: metrics.IoU(2, [2]), ValueError, "`target_class_ids` is wrong"),
    (lambda: metrics.MeanIoU(2)(np.zeros(4), np.zeros((4, 2))), ValueError, "sparse_y_pred=False"),
    (lambda: metrics.TopKCategoricalAccuracy(k=0), ValueError, "`k` is wrong"),
    (lambda: metrics.CategoricalAccuracy()(np.zeros(4), np.zeros((4, 3))), ValueError, "sparse_categorical_accuracy"),
    (
        lambda: metrics.SparseCategoricalAccuracy()(np.zeros((4, 3)), np.zeros((4, 3))),
        ValueError,
        "use categorical_acc",
    ),
    (lambda: metrics.MeanSquaredError()(np.zeros(4), np.zeros((4, 3))), ValueError, "one unit, or y_true 3 columns"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The oracle itself ----------------------------------------------------------------------------------------------------


def forget_weights(metric):
    update = metric.update_state
    metric.update_state = lambda y_true, y_pred, sample_weight=None: update(y_true, y_pred)


def forget_batches(metric):
    update = metric.update_state
    metric.update_state = lambda *batch: (metric.reset_state(), update(*batch))


def shift_thresholds(metric):
    metric.thresholds = [t + 0.06 for t in metric.thresholds]


PLANTED = [
    ("MeanSquaredError", "numbers", forget_weights),
    ("R2Score", "numbers", forget_batches),
    ("AUC", "many", forget_batches),
    ("Precision", "many", shift_thresholds),
    ("AUC", "many", lambda metric: setattr(metric, "summation_method", "minoring")),
]


@pytest.mark.parametrize(("name", "data", "spoil"), PLANTED)
def test_the_comparison_catches_a_planted_error(name, data, spoil):
    ours, theirs = both(name, {"num_thresholds": 20} if name == "AUC" else {})
    spoil(ours)
    arrays = samples(name, data, True)
    with pytest.raises(AssertionError):
        agree(feed(ours, arrays), feed(theirs, arrays))


def test_a_result_may_be_a_variable(capsys):
    class Seen(cornu.metrics.Metric):
        def __init__(self):
            super().__init__(name="seen")
            self.number = self.add_variable((), "zeros", name="number")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.number.assign_add(y_true.shape[0])

        def result(self):
            return self.number

    model = cornu.Sequential([cornu.Input((2,)), cornu.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Seen()])
    assert model.fit(np.ones((6, 2)), np.ones(6), batch_size=2, epochs=2, verbose=0).history["seen"] == [6.0, 6.0]
    assert model.evaluate(np.ones((4, 2)), np.ones(4), verbose=0)[1] == 4
