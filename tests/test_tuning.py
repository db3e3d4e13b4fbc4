"""Variations trained at once have the curves of separate fits."""

from __future__ import annotations

import functools
import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest

import cornu
from cornu import regularizers
from cornu.layers import BatchNormalization, Conv1D, Dense, Dropout, Flatten
from cornu.optimizers import SGD, Adam
from cornu.tuning import many, side_by_side, train_many

RNG = np.random.default_rng(5)
X = RNG.normal(size=(50, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype("int32")
HELD_OUT = (RNG.normal(size=(32, 6)).astype("float32"), RNG.integers(0, 2, 32))


def network(optimizer, *layers, loss="sparse_categorical_crossentropy", width=5, penalty=None):
    """A small classifier with layers between its two products."""
    penalty = None if penalty is None else regularizers.L2(penalty)
    first = Dense(width, activation="relu", kernel_regularizer=penalty)
    model = cornu.Sequential([cornu.Input((6,)), first, *layers, Dense(2, activation="softmax")])
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def separately(build, variations, x=X, y=Y, **fit):
    """The models that fit trains one by one, and their histories."""
    models, histories = [], []
    for variation in variations:
        arguments = dict(variation)
        cornu.utils.set_random_seed(arguments.pop("seed", 0))
        models.append(build(**arguments))
        histories.append(models[-1].fit(x, y, verbose=0, **fit))
    return models, histories


def distance(histories, others) -> float:
    """The largest relative difference between curves."""
    return max(
        float(np.max(np.abs(np.subtract(found, wanted)) / (np.abs(wanted) + 1e-3)))
        for one, other in zip(histories, others, strict=True)
        for found, wanted in zip(one.history.values(), other.history.values(), strict=True)
    )


def vary(*names, **columns):
    """Variations that each differ from the first one in one argument: [first values], then one other value each."""
    first = {name: values[0] for name, values in columns.items()}
    return [first, *({**first, name: value} for name, values in columns.items() for value in values[1:])]


def sgd(rate=0.1, momentum=0.5, dropout=0.2, penalty=1e-3, moving=0.9, epsilon=0.1, smoothing=0.1, clip=1.0):
    """A model with many numbers that aren't state."""
    optimizer = SGD(rate, momentum=momentum, clipnorm=clip)
    loss = cornu.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    return network(
        optimizer, BatchNormalization(momentum=moving, epsilon=epsilon), Dropout(dropout), loss=loss, penalty=penalty
    )


def adam(rate=0.01, beta_1=0.5, beta_2=0.9, decay=0.01, falling=0.9, ema=0.9):
    schedule = cornu.optimizers.schedules.ExponentialDecay(rate, 4, falling)
    return network(
        Adam(schedule, beta_1, beta_2, weight_decay=decay, use_ema=True, ema_momentum=ema, ema_overwrite_frequency=2)
    )


class Witness(cornu.Layer):
    """Remembers which elements passed in training, and in which order: a whole number, the same only if all are."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            passed = cornu.ops.sum(cornu.ops.round(100 * cornu.ops.sign(x) * cornu.ops.minimum(cornu.ops.abs(x), 1)))
            self.seen.assign((31 * self.seen + passed) % 65521)
        return x


def simple(rate=0.1, dropout=0.3, width=5):
    model = cornu.Sequential(
        [
            cornu.Input((6,)),
            Dropout(dropout),
            Witness(),
            Dense(width, activation="relu"),
            Dense(2, activation="softmax"),
        ]
    )
    model.compile(SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def witnesses(models):
    """What the witnesses of models remember."""
    return [float(model.layers[1].seen.value) for model in models]


def accumulating(rate=0.1):
    return network(SGD(rate, gradient_accumulation_steps=2))


def convolutional(rate=0.1, dropout=0.2):
    layers = [cornu.layers.Reshape((3, 2)), Conv1D(3, 2, activation="relu"), Dropout(dropout), Flatten()]
    model = cornu.Sequential([cornu.Input((6,)), *layers, Dense(2, activation="softmax")])
    model.compile(SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


ONE_HOT = np.eye(2, dtype="float32")[Y]
SEEDS = [{"rate": 0.1, "seed": 1}, {"rate": 0.2, "seed": 2}, {"dropout": 0.1, "seed": 1}]
CASES = {
    # name: (build, variations, y, arguments of fit)
    "seeds": (simple, SEEDS, Y, {"validation_data": HELD_OUT}),
    "sgd": (
        sgd, vary(rate=(0.1, 0.3), momentum=(0.5, 0.9), dropout=(0.2, 0.5), penalty=(1e-3, 0.1), moving=(0.9, 0.5),
                  epsilon=(0.1, 0.5), smoothing=(0.1, 0.3), clip=(1.0, 0.1)), ONE_HOT, {"validation_split": 0.3},
    ),
    "adam": (
        adam, vary(rate=(0.05, 0.1), beta_1=(0.5, 0.8), beta_2=(0.9, 0.3), decay=(0.01, 3.0), falling=(0.9, 0.5),
                   ema=(0.9, 0.5)), Y, {"class_weight": {0: 3.0}, "shuffle": False},
    ),
    "gradient accumulation": (accumulating, vary(rate=(0.1, 0.5)), Y, {"sample_weight": np.linspace(0, 1, 50)}),
    "convolutions": (convolutional, SEEDS, Y, {"validation_data": HELD_OUT}),
}  # fmt: skip
SLOW = ("sgd", "adam", "gradient accumulation", "convolutions")


@functools.cache
def case(name):
    """The models and histories of separate fits."""
    build, variations, y, options = CASES[name]
    return separately(build, variations, X, y, batch_size=16, epochs=2, **options)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in CASES])
def test_curves_are_those_of_separate_fits(name):
    build, variations, y, options = CASES[name]
    models, histories = case(name)
    result = train_many(
        build, variations, X, y, 16, 2, verbose=0, at_once=3 if variations is SEEDS else None, **options
    )
    assert len(result.groups) == 1
    assert [list(h.history) for h in result.histories] == [list(h.history) for h in histories]
    assert distance(result.histories, histories) < 1e-4
    for one, other in itertools.combinations(histories, 2):
        assert distance([one], [other]) > 1e-3, "every number moves the curves"
    for model, wanted in zip(result.models, models, strict=True):
        np.testing.assert_allclose(model.predict(X, verbose=0), wanted.predict(X, verbose=0), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_orders_and_masks_are_those_of_separate_fits_bit_by_bit():
    models, _ = case("seeds")
    found = witnesses(train_many(simple, SEEDS, X, Y, 16, 2, verbose=0, validation_data=HELD_OUT).models)
    assert found == witnesses(models)
    assert len(set(found)) == 3


def test_a_number_that_is_not_lifted_is_seen(monkeypatch):
    _, histories = case("seeds")
    monkeypatch.setattr(side_by_side, "differing", lambda forms: {})
    result = train_many(simple, SEEDS, X, Y, 16, 2, verbose=0, validation_data=HELD_OUT)
    assert distance(result.histories[:2], histories[:2]) < 1e-4
    assert distance(result.histories[2:], histories[2:]) > 1e-3


@pytest.mark.parametrize(
    ("orders", "width"), [([1] * 5, 4), ([1, 2, 3], 1), ([1, 2] * 3, 3), ([1, 2] * 4, 4), ([1], 4)]
)
def test_calls_on_a_cpu_share_their_batches(orders, width):
    assert many._width([SimpleNamespace(order=order) for order in orders]) == width


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_how_many_are_trained_at_once_changes_nothing(at_once):
    variations = [{"rate": 0.1 * (i + 1), "seed": i % 2} for i in range(5)]
    _, histories = separately(simple, variations, batch_size=16, epochs=2)
    result = train_many(simple, variations, X, Y, 16, 2, verbose=0, at_once=at_once)
    assert distance(result.histories, histories) < 1e-4


@pytest.mark.slow
def test_other_forms_are_other_groups(capsys):
    variations = [{"width": 5}, {"width": 4, "dropout": 0.1}, {"dropout": 0.2}, {"width": 4}, {"dropout": 0.0}]
    result = train_many(simple, variations, X, Y, 25)
    assert result.groups == [[0, 2], [1, 3], [4]]
    assert [model.layers[2].units for model in result.models] == [5, 4, 5, 4, 5]
    printed = capsys.readouterr().out
    assert "Variations 0, 2\n" in printed
    told = (
        "Variations 1, 3: another program than that of variation 0: variable 'sequential/dense/kernel' of shape (6, 5)"
    )
    assert told in re.sub(r"_\d+", "", printed)
    assert "seed_generator_state" in printed
    assert printed.count("Epoch 1/1") == 3


def test_a_result_is_ranked():
    result = train_many(simple, [{"rate": r} for r in (1e-4, 0.3, 1e30)], X, Y, 25, 8, verbose=0)
    assert [trial.number for trial in result.ranked("loss")] == [1, 0, 2]
    best = result.best("loss")
    assert (best.variation, best.value("loss")) == ({"rate": 0.3}, result.histories[1].history["loss"][-1])
    assert best.model.evaluate(X, Y, verbose=0, return_dict=True)["loss"] < 0.7
    assert result.best("accuracy", mode="min") is not None
    assert len(str(result).splitlines()) == 3
    assert "rate=0.3" in str(result)
    with pytest.raises(ValueError, match="Did you mean 'loss'"):
        result.best("los")
    with pytest.raises(ValueError, match="mode"):
        result.best("loss", mode="up")


@pytest.mark.slow
def test_models_go_on_after_it(tmp_path):
    variations = [{"dropout": 0.1, "seed": 1}, {"dropout": 0.2, "seed": 2}]
    models, _ = separately(simple, variations, batch_size=25, epochs=1)
    result = train_many(simple, variations, X, Y, 25, 1, verbose=0)
    for model, other in zip(result.models, models, strict=True):
        for one in (model, other):
            one.fit(X, Y, batch_size=25, verbose=0)
        np.testing.assert_allclose(model.history.history["loss"], other.history.history["loss"], rtol=1e-4)
    result[0].model.save(tmp_path / "model.keras")
    loaded = cornu.saving.load_model(tmp_path / "model.keras", custom_objects={"Witness": Witness})
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), result[0].model.predict(X, verbose=0))


def test_variations_without_a_seed_begin_alike():
    cornu.utils.set_random_seed(11)
    result = train_many(simple, [{}, {}, {"seed": 11}, {"seed": 12}], X, Y, 25, 0, verbose=0)
    kernels = [model.layers[2].kernel.numpy() for model in result.models]
    assert (kernels[0] == kernels[1]).all()
    assert (kernels[0] == kernels[2]).all()
    assert not (kernels[0] == kernels[3]).all()


def shared_layer():
    layer = Dense(2, activation="softmax")

    def build():
        model = cornu.Sequential([cornu.Input((6,)), layer])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    return build


def compiled(**options):
    def build():
        model = cornu.Sequential([cornu.Input((6,)), Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", **options)
        return model

    return build


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (compiled(engine="reference"), {}, "runs on the engine 'jax' only"),
        (compiled(run_eagerly=True), {}, "runs eagerly"),
        (shared_layer(), {}, "variations 0 and 1 share variable"),
        (lambda: None, {}, "gave no model"),
        (compiled(), {"callbacks": [cornu.callbacks.History()]}, "takes no callbacks"),
        (compiled(), {"variations": []}, "nothing to vary"),
        (compiled(), {"at_once": 0}, "`at_once`"),
        (compiled(), {"x": iter([(X, Y)]), "y": None}, "needs the data as a whole"),
        (compiled(), {"y": Y[:-1]}, "number of samples"),
    ],
)
def test_what_cannot_be_trained_so_is_told(build, options, message):
    arguments = {"variations": [{}, {}], "x": X, "y": Y, "verbose": 0, **options}
    with pytest.raises(ValueError, match=message):
        train_many(build, **arguments)
