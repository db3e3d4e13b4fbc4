"""fit, evaluate, predict: against Keras, and every way of running against every other."""

from __future__ import annotations

import os
import signal

import keras
import numpy as np
import pytest

import cornu

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 6)).astype("float32")
Y = RNG.integers(0, 3, 70).astype("int32")
IMAGES = RNG.normal(size=(50, 8, 8, 2)).astype("float32")
SERIES = RNG.normal(size=(50, 5, 4)).astype("float32")


def mlp(k, **kwargs):
    return k.Sequential(
        [k.Input((6,)), k.layers.Dense(16, activation="tanh"), k.layers.Dense(3, activation="softmax")], **kwargs
    )


def conv(k):
    return k.Sequential(
        [
            k.Input((8, 8, 2)),
            k.layers.Conv2D(4, 3, activation="relu"),
            k.layers.BatchNormalization(),
            k.layers.MaxPooling2D(2),
            k.layers.Flatten(),
            k.layers.Dense(3, activation="softmax"),
        ]
    )


def recurrent(k):
    return k.Sequential(
        [k.Input((5, 4)), k.layers.Masking(), k.layers.LSTM(6), k.layers.Dense(3, activation="softmax")]
    )


def regularized(k):
    dense = k.layers.Dense(8, activation="relu", kernel_regularizer="l2", activity_regularizer="l1")
    return k.Sequential([k.Input((6,)), dense, k.layers.Dense(3, activation="softmax")])


def compiled(model, optimizer="adam", loss="sparse_categorical_crossentropy", **kwargs):
    model.compile(optimizer, loss, metrics=["accuracy"], **kwargs)
    return model


MODELS = [(mlp, X), (conv, IMAGES), (recurrent, SERIES), (regularized, X)]


@pytest.mark.parametrize(("build", "x"), MODELS, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"sample_weight": True}, marks=pytest.mark.slow),
        pytest.param({"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}, marks=pytest.mark.slow),
    ],
)
def test_the_curve_is_keras(build, x, options):
    y = Y[: len(x)]
    options = dict(options)
    if options.pop("sample_weight", False):
        options["sample_weight"] = np.linspace(0.5, 2, len(x)).astype("float32")
    ours, theirs = compiled(build(cornu)), compiled(build(keras))
    ours.set_weights(theirs.get_weights())
    fit = {
        "batch_size": 16,
        "epochs": 3,
        "shuffle": False,
        "verbose": 0,
        "validation_data": (x[:20], y[:20]),
        **options,
    }
    found, wanted = ours.fit(x, y, **fit).history, theirs.fit(x, y, **fit).history
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-4, atol=1e-5, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=2e-4, atol=1e-5)


def test_the_curve_shows_a_planted_error():
    ours, theirs = compiled(mlp(cornu), optimizer=cornu.optimizers.Adam(1.1e-3)), compiled(mlp(keras))
    ours.set_weights(theirs.get_weights())
    fit = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    found, wanted = ours.fit(X, Y, **fit).history, theirs.fit(X, Y, **fit).history
    assert not np.allclose(found["loss"], wanted["loss"], rtol=2e-4, atol=1e-5)


# Ways of running -----------------------------------------------------------------------------------


class LooksAtEveryBatch(cornu.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs["loss"]))


class Batches(cornu.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        piece = slice(index * self.size, (index + 1) * self.size)
        return self.x[piece], self.y[piece]


def dropout_model():
    return cornu.Sequential(
        [
            cornu.Input((6,)),
            cornu.layers.Dense(16, activation="relu"),
            cornu.layers.BatchNormalization(),
            cornu.layers.Dropout(0.3),
            cornu.layers.Dense(3, activation="softmax"),
        ]
    )


def trained(way: str, epochs: int = 2):
    cornu.utils.set_random_seed(3)
    model = compiled(dropout_model(), run_eagerly=way == "eager")
    fit = {"epochs": epochs, "shuffle": False, "verbose": 0}
    if way == "dataset":
        history = model.fit(Batches(X, Y, 16), **fit)
    elif way == "generator":
        endless = ((X[i : i + 16], Y[i : i + 16]) for _ in range(9) for i in range(0, len(X), 16))
        history = model.fit(endless, steps_per_epoch=5, **fit)
    elif way == "batches":
        history = model.fit(X, Y, batch_size=16, callbacks=[LooksAtEveryBatch()], **fit)
    else:
        history = model.fit(X, Y, batch_size=16, **fit)
    return model, history.history


@pytest.mark.parametrize(
    "way", ["batches", *(pytest.param(way, marks=pytest.mark.slow) for way in ("eager", "dataset", "generator"))]
)
def test_every_way_of_running_gives_the_same_curve(way):
    model, history = trained("arrays")
    other, found = trained(way)
    exact = way == "batches"
    for name, values in history.items():
        np.testing.assert_allclose(found[name], values, rtol=0 if exact else 2e-5, err_msg=name)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-6)


def test_batch_callbacks_see_every_batch():
    look = LooksAtEveryBatch()
    compiled(mlp(cornu)).fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=[look])
    assert [batch for batch, _ in look.seen] == [0, 1, 2, 3, 4] * 2


@pytest.mark.parametrize("size", [1, 16, 32, 69, 70, 100])
def test_predict_gives_every_row_once(size):
    model = mlp(cornu)
    found = model.predict(X, batch_size=size, verbose=0)
    np.testing.assert_allclose(found, np.asarray(model(X)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [7, 32, 70, 200])
def test_evaluate_is_exact_whatever_the_batch_size(size):
    model = compiled(mlp(cornu))
    p = np.asarray(model(X))
    loss, accuracy = model.evaluate(X, Y, batch_size=size, verbose=0)
    np.testing.assert_allclose(loss, -np.log(p[np.arange(70), Y]).mean(), rtol=1e-5)
    np.testing.assert_allclose(accuracy, (p.argmax(-1) == Y).mean(), rtol=1e-6)


# Reproducible -----------------------------------------------------------------------------------


def run(seed, epochs, build=dropout_model):
    cornu.utils.set_random_seed(seed)
    model = compiled(build())
    losses = []
    for count in epochs:
        losses += model.fit(X, Y, batch_size=16, epochs=count, verbose=0).history["loss"]
    return losses, model.get_weights()


def same(a, b):
    return a[0] == b[0] and all(np.array_equal(u, v) for u, v in zip(a[1], b[1], strict=True))


def test_same_seed_same_bits_and_another_seed_others():
    assert same(run(1, [3]), run(1, [3]))
    assert not same(run(1, [3]), run(2, [3]))


def test_two_epochs_are_one_and_one():
    assert same(run(1, [2]), run(1, [1, 1]))


def test_epochs_differ_in_their_order():
    first = cornu.training.feed.permutation(70, 5, 0)
    assert sorted(first) == list(range(70))
    assert not np.array_equal(first, cornu.training.feed.permutation(70, 5, 1))


def test_a_layer_at_the_end_leaves_the_others_weights():
    def longer():
        model = dropout_model()
        model.add(cornu.layers.Dense(2))
        return model

    cornu.utils.set_random_seed(1)
    short = dropout_model().get_weights()
    cornu.utils.set_random_seed(1)
    assert all(np.array_equal(a, b) for a, b in zip(short, longer().get_weights()[: len(short)], strict=True))


# Custom training -----------------------------------------------------------------------------------


class WithTrainStep(cornu.Model):
    """A training step written as in plain Python, with a metric of its own."""

    def __init__(self):
        super().__init__()
        self.dense = cornu.layers.Dense(3, activation="softmax")
        self.seen = cornu.metrics.Sum(name="seen")

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        x, y = data

        def loss():
            return cornu.losses.sparse_categorical_crossentropy(y, self(x, training=True)).mean()

        value, gradients = cornu.value_and_grad(loss, self.trainable_variables)()
        self.optimizer.apply(gradients, self.trainable_variables)
        self.seen.update_state(cornu.ops.ones((x.shape[0],)))
        return {"loss": value, "seen": self.seen.result()}


def test_a_written_train_step_is_compiled():
    cornu.utils.set_random_seed(0)
    model = WithTrainStep()
    model.compile(cornu.optimizers.SGD(0.5))
    history = model.fit(X, Y, batch_size=16, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["seen"] == [70.0] * 4


class Gan(cornu.Model):
    """Two networks and two optimizers in one step."""

    def __init__(self):
        super().__init__()
        self.generator = cornu.Sequential([cornu.Input((2,)), cornu.layers.Dense(6)])
        self.discriminator = cornu.Sequential([cornu.Input((6,)), cornu.layers.Dense(1)])
        self.seeds = cornu.random.SeedGenerator(1)
        self.g_optimizer, self.d_optimizer = cornu.optimizers.Adam(0.01), cornu.optimizers.SGD(0.1)

    def call(self, inputs):
        return self.discriminator(inputs)

    def train_step(self, x):
        noise = cornu.random.normal((x.shape[0], 2), seed=self.seeds)
        bce = cornu.losses.BinaryCrossentropy(from_logits=True)
        ones, zeros = np.ones((x.shape[0], 1), "float32"), np.zeros((x.shape[0], 1), "float32")

        def d_loss():
            return bce(ones, self.discriminator(x)) + bce(zeros, self.discriminator(self.generator(noise)))

        def g_loss():
            return bce(ones, self.discriminator(self.generator(noise)))

        d_value, d_gradients = cornu.value_and_grad(d_loss, self.discriminator.trainable_variables)()
        self.d_optimizer.apply(d_gradients, self.discriminator.trainable_variables)
        g_value, g_gradients = cornu.value_and_grad(g_loss, self.generator.trainable_variables)()
        self.g_optimizer.apply(g_gradients, self.generator.trainable_variables)
        return {"d_loss": d_value, "g_loss": g_value}


def test_a_gan_reads_like_plain_python():
    model = Gan()
    model.compile()
    before = [w.copy() for w in model.get_weights()]
    history = model.fit(X, batch_size=16, epochs=2, verbose=0).history
    assert set(history) == {"d_loss", "g_loss"}
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


class CountsInCall(cornu.Model):
    """A metric updated, and a loss added, inside of call."""

    def __init__(self):
        super().__init__()
        self.dense = cornu.layers.Dense(3, activation="softmax")
        self.rows = cornu.metrics.Sum(name="rows")

    def call(self, inputs):
        self.rows.update_state(cornu.ops.ones((inputs.shape[0],)))
        self.add_loss(0.01 * cornu.ops.sum(inputs**2))
        return self.dense(inputs)


@pytest.mark.parametrize("eager", [False, True])
def test_metrics_and_losses_inside_of_call(eager):
    model = CountsInCall()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=eager)
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0).history
    assert history["rows"] == [70.0, 70.0]
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["rows"] == 70.0


def test_train_on_batch_gives_this_batch_alone():
    model = compiled(mlp(cornu))
    first = model.train_on_batch(X[:16], Y[:16])
    p = np.asarray(model(X[16:32]))
    second = model.test_on_batch(X[16:32], Y[16:32], return_dict=True)
    assert len(first) == 2
    np.testing.assert_allclose(second["loss"], -np.log(p[np.arange(16), Y[16:32]]).mean(), rtol=1e-5)
    assert model.predict_on_batch(X[:5]).shape == (5, 3)


# Forms of data and models -----------------------------------------------------------------------------------


def two_by_two(k):
    a, b = k.Input((6,), name="a"), k.Input((4,), name="b")
    h = k.layers.Concatenate()([k.layers.Dense(5, activation="relu")(a), b])
    kind = k.layers.Dense(3, activation="softmax", name="kind")(h)
    return k.Model({"a": a, "b": b}, {"kind": kind, "size": k.layers.Dense(1, name="size")(h)})


def test_many_inputs_and_outputs_by_name():
    x = {"a": X, "b": RNG.normal(size=(70, 4)).astype("float32")}
    y = {"kind": Y, "size": X[:, :1]}
    ours, theirs = two_by_two(cornu), two_by_two(keras)
    for model in (ours, theirs):
        model.compile(
            "sgd",
            {"kind": "sparse_categorical_crossentropy", "size": "mse"},
            loss_weights={"kind": 1.0, "size": 0.5},
            metrics={"kind": "accuracy", "size": ["mae"]},
        )
    ours.set_weights(theirs.get_weights())
    fit = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    found, wanted = ours.fit(x, y, **fit).history, theirs.fit(x, y, **fit).history
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)
    outputs = ours.predict(x, verbose=0)
    assert {name: value.shape for name, value in outputs.items()} == {"kind": (70, 3), "size": (70, 1)}


def test_raw_bytes_are_cast_inside():
    raw = RNG.integers(0, 255, (70, 6)).astype("uint8")
    model = compiled(mlp(cornu))
    wanted = model.predict(raw.astype("float32"), verbose=0)
    np.testing.assert_allclose(model.predict(raw, verbose=0), wanted, rtol=1e-5)


def test_an_unbuilt_model_is_built_by_fit():
    model = compiled(cornu.Sequential([cornu.layers.Dense(4), cornu.layers.Dense(3, activation="softmax")]))
    model.fit(X, Y, verbose=0)
    assert model.count_params() == 6 * 4 + 4 + 4 * 3 + 3


def test_validation_split_takes_the_end():
    model = compiled(mlp(cornu))
    history = model.fit(X, Y, validation_split=0.2, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["val_loss"][0], model.evaluate(X[56:], Y[56:], verbose=0)[0], rtol=1e-5)


def test_frozen_layers_stay():
    model = compiled(mlp(cornu))
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    frozen, free = model.layers[0].get_weights()[0], model.layers[1].get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert np.array_equal(frozen, model.layers[0].get_weights()[0])
    assert not np.array_equal(free, model.layers[1].get_weights()[0])


@pytest.mark.parametrize("nested", [False, True])
def test_a_stack_that_grows_or_shrinks_is_compiled_anew(nested):
    inner = cornu.Sequential([cornu.Input((6,)), cornu.layers.Dense(5)])

    class Around(cornu.Model):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, inputs):
            return self.inner(inputs)

    model = Around() if nested else inner
    assert model.predict(X, verbose=0).shape == (70, 5)
    inner.add(cornu.layers.Dense(2))
    assert model.predict(X, verbose=0).shape == (70, 2)
    inner.pop()
    assert model.predict(X, verbose=0).shape == (70, 5)


def test_a_value_read_before_fit_stays_readable():
    model = compiled(mlp(cornu))
    value = model.layers[0].kernel.value
    before = np.array(value)
    model.fit(X, Y, verbose=0)
    assert np.array_equal(np.asarray(value), before)


def test_raw_pixels_never_lose_a_class():
    """A class whose probability falls under Keras's clip gets no gradient; from the logits it does."""
    x = RNG.integers(0, 255, (200, 20)).astype("float32")
    y = (x[:, 0] > 127).astype("int32") + (x[:, 1] > 127)
    model = cornu.Sequential([cornu.Input((20,)), cornu.layers.Dense(3, activation="softmax")])
    compiled(model, cornu.optimizers.RMSprop(1e-3))
    p = np.asarray(model(x))
    assert (p[np.arange(200), y] < 1e-7).any(), "the case must be one where clipping would matter"
    loss, _ = model.evaluate(x, y, verbose=0)
    logits = x @ model.layers[0].kernel.numpy().astype("float64") + model.layers[0].bias.numpy()
    exact = (np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)) + logits.max(-1))[:, None] - logits
    np.testing.assert_allclose(loss, exact[np.arange(200), y].mean(), rtol=1e-5)


# Interrupts and errors -----------------------------------------------------------------------------------


class PressesCtrlC(cornu.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def usual_ctrl_c():
    """Python's own handler: a test runner's workers ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_the_state(usual_ctrl_c):
    model = compiled(mlp(cornu))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[PressesCtrlC()])
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    model.fit(X, Y, epochs=1, verbose=0)


def test_a_callback_that_fails_gives_the_state_back():
    class Fails(cornu.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise OSError("disk full")

    model = compiled(mlp(cornu))
    with pytest.raises(OSError, match="disk full"):
        model.fit(X, Y, verbose=0, callbacks=[Fails()])
    assert all(v._lease is None for v in model.all_variables())


def broken(what):
    model = mlp(cornu)
    if what == "uncompiled":
        return lambda: model.fit(X, Y), RuntimeError, "compile"
    compiled(model)
    return {
        "wrong width": (lambda: model.fit(X[:, :5], Y, verbose=0), ValueError, "shape"),
        "lengths": (lambda: model.fit(X, Y[:60], verbose=0), ValueError, "60"),
        "empty": (lambda: model.fit(X[:0], Y[:0], verbose=0), ValueError, "no samples"),
        "labels": (lambda: model.fit(X, Y + 1, verbose=0), ValueError, "3"),
        "no targets": (lambda: model.fit(X, verbose=0), ValueError, "target"),
        "text": (lambda: model.fit(np.array([["a"] * 6] * 70), Y, verbose=0), (TypeError, ValueError), "number"),
        "batch size": (lambda: model.fit(X, Y, batch_size=0, verbose=0), ValueError, "batch_size"),
        "predict width": (lambda: model.predict(X[:, :5], verbose=0), ValueError, "shape"),
    }[what]


WRONG = [
    "uncompiled", "wrong width", "lengths", "empty", "labels", "no targets", "text", "batch size", "predict width",
]  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_errors_say_what_is_wrong(what):
    call, kind, words = broken(what)
    with pytest.raises(kind, match=words):
        call()


def test_nan_in_the_data_is_named():
    bad = X.copy()
    bad[7, 2] = np.nan
    with pytest.warns(RuntimeWarning, match="7"):
        compiled(mlp(cornu)).fit(bad, Y, verbose=0)
