"""What somebody meets who comes from Keras, JAX or PyTorch: their mistakes, and the programs that they know."""

from __future__ import annotations

import traceback

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cornu

layers = cornu.layers
X = np.linspace(0, 1, 32 * 8, dtype="float32").reshape(32, 8)
Y = np.arange(32) % 3
ONE_HOT = np.eye(3, dtype="float32")[Y]


@pytest.fixture(autouse=True)
def short_tracebacks():
    """As a person sees them."""
    before = cornu.config.is_traceback_filtering_enabled()
    cornu.config.enable_traceback_filtering()
    yield
    if not before:
        cornu.config.disable_traceback_filtering()


def classifier(loss="sparse_categorical_crossentropy", units=3, **compile_arguments):
    model = cornu.Sequential([layers.Dense(units, activation="softmax", name="last")], name="model")
    model.compile(compile_arguments.pop("optimizer", "sgd"), loss, **compile_arguments)
    return model


def fit(model=None, x=X, y=Y, **arguments):
    return (model or classifier()).fit(x, y, **{"verbose": 0, **arguments})


def two_inputs():
    a, b = cornu.Input((3,), name="a"), cornu.Input((4,), name="b")
    both = layers.Concatenate()([a, b])
    model = cornu.Model([a, b], [layers.Dense(1, name="p")(both), layers.Dense(2, name="q")(both)], name="model")
    model.compile("sgd", "mse")
    return model


class Wrong(layers.Layer):
    """Multiplies what can't be multiplied."""

    def call(self, inputs):
        return jnp.dot(inputs, jnp.ones((3, 3)))


def batches(*parts):
    yield parts


A, B, P, Q = X[:, :3], X[:, :4], X[:, :1], X[:, :2]

MISTAKES = {
    "one-hot targets, sparse loss": (lambda: fit(y=ONE_HOT), ValueError, "one-hot targets, use categorical_cross"),
    "labels, one-hot loss": (lambda: fit(classifier("categorical_crossentropy")), ValueError, "to_categorical"),
    "labels from 1": (lambda: fit(y=Y + 1), ValueError, "Label 3 (at index 2)|from 0 to 2|y - 1"),
    "labels below 0": (lambda: fit(y=Y - 1), ValueError, "Label -1"),
    "validation labels": (lambda: fit(validation_data=(X, Y + 1)), ValueError, "Label 3|In the validation data"),
    "validation shape": (lambda: fit(validation_data=(A, Y)), ValueError, "(None, 8)|(32, 3)|In the validation data"),
    "validation without targets": (lambda: fit(validation_data=X), ValueError, "no targets|In the validation data"),
    "not compiled": (lambda: cornu.Sequential([layers.Dense(1)]).fit(X, Y), RuntimeError, "model.compile(optimizer"),
    "no targets": (lambda: fit(y=None), ValueError, "'model'|Pass `y`"),
    "no samples": (lambda: fit(x=X[:0], y=Y[:0]), ValueError, "no samples"),
    "lengths": (lambda: fit(y=Y[:30]), ValueError, "x: 32, y: 30"),
    "text as targets": (lambda: fit(y=np.array(["cat"] * 32)), ValueError, "y holds|'cat'"),
    "features": (lambda: (m := classifier(), fit(m), m.predict(A)), ValueError, "'model'|(None, 8)|(32, 3)"),
    "one sample": (lambda: (m := classifier(), fit(m), m.predict(X[0])), ValueError, "(None, 8)|(8,)|x[None]"),
    "number of inputs": (lambda: fit(two_inputs(), A, [P, Q]), ValueError, "2: a, b|array of shape (32, 3)"),
    "name of an input": (lambda: fit(two_inputs(), {"a": A, "c": B}, [P, Q]), ValueError, "'b' is missing"),
    "inputs exchanged": (lambda: fit(two_inputs(), [B, A], [P, Q]), ValueError, "input 'a'|(None, 3)|(32, 4)"),
    "number of targets": (lambda: fit(two_inputs(), [A, B], P), ValueError, "`y`|2 outputs|(p, q)|(32, 1)"),
    "name of a target": (lambda: fit(two_inputs(), [A, B], {"p": P, "r": Q}), ValueError, "`y` names 'r'|p, q"),
    "name of a loss": (lambda: classifier("sparse_categorial_crossentropy"), ValueError, "Did you mean 'sparse_categ"),
    "name of a metric": (lambda: classifier(metrics=["acuracy"]), ValueError, "Did you mean 'accuracy'"),
    "name of an optimizer": (lambda: classifier(optimizer="adamm"), ValueError, "Did you mean 'adam'"),
    "name of an activation": (lambda: layers.Dense(3, activation="rellu"), ValueError, "Did you mean 'relu'"),
    "name of a policy": (lambda: layers.Dense(3, dtype="mixed_fp16"), ValueError, "mixed_float16, mixed_bfloat16"),
    "name of an argument": (lambda: layers.Dense(3, activatoin="relu"), ValueError, "Did you mean 'activation'"),
    "lr": (lambda: cornu.optimizers.Adam(lr=0.1), ValueError, "Did you mean 'learning_rate'"),
    "units": (lambda: layers.Dense(-3), ValueError, "`units`|a positive integer|-3"),
    "epochs below 0": (lambda: fit(epochs=-1), ValueError, "`epochs`|0 or more|-1"),
    "epochs a fraction": (lambda: fit(epochs=1.5), ValueError, "`epochs`|1.5"),
    "verbose": (lambda: fit(verbose="loud"), ValueError, "`verbose`|'auto'|loud"),
    "batch size": (lambda: fit(batch_size=0), ValueError, "`batch_size`"),
    "a class as a callback": (
        lambda: fit(callbacks=[cornu.callbacks.EarlyStopping]), TypeError, "EarlyStopping(...)",
    ),
    "a batch of four": (lambda: fit(x=batches(X, Y, Y, Y), y=None), ValueError, "4 parts|ndarray of shape (32, 8)"),
    "rank": (lambda: layers.LSTM(3, name="r")(cornu.Input((8,))), ValueError, "'r'|3 axes|(None, 8)"),
    "two layers of one name": (
        lambda: cornu.Sequential([layers.Dense(2, name="d"), layers.Dense(2, name="d")]), ValueError, "'d'",
    ),
    "disconnected": (
        lambda: cornu.Model(cornu.Input((3,), name="a"), layers.Dense(2)(cornu.Input((3,), name="b"))),
        ValueError, "'b' is needed|['a']",
    ),
    "jnp on a symbolic tensor": (lambda: jnp.exp(cornu.Input((3,))), ValueError, "no value|Lambda"),
    "a comparison's truth": (lambda: bool(cornu.Input((3,)) > 0), TypeError, "no value|cornu.ops"),
    "an error in a layer": (lambda: Wrong(name="w")(X), TypeError, "contracting|'w' (Wrong)|(32, 8)"),
    "an error in a model": (
        lambda: cornu.Sequential([layers.Dense(4), Wrong(name="w")])(X), TypeError, "'w' (Wrong)|(32, 4)",
    ),
    "a file that isn't there": (lambda: cornu.models.load_model("none.keras"), FileNotFoundError, "none.keras"),
    "a file's ending": (lambda: (m := classifier(), m.build((None, 8)), m.save("x.foo")), ValueError, ".keras"),
}  # fmt: skip

OWN_CALL_OF_JAX = ("jnp on a symbolic tensor",)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gives_one_clear_error(mistake):
    call, kind, words = MISTAKES[mistake]
    with pytest.raises(kind) as caught:
        call()
    text = "".join(traceback.format_exception(caught.value))
    assert [word for word in words.split("|") if word not in text] == []
    assert "During handling" not in text
    assert "direct cause" not in text
    assert text.count("\n") < 40
    assert "JAX_TRACEBACK_FILTERING" not in text or mistake in OWN_CALL_OF_JAX


def test_whole_tracebacks_on_request():
    def frames():
        with pytest.raises(ValueError) as caught:
            fit(y=ONE_HOT)
        return len(traceback.extract_tb(caught.value.__traceback__))

    short = frames()
    cornu.config.disable_traceback_filtering()
    assert frames() > short + 5


def test_validation_is_checked_before_the_first_epoch():
    model = classifier()
    with pytest.raises(ValueError):
        fit(model, validation_data=(A, Y))
    assert not model.optimizer.iterations


def test_nothing_to_train_is_said():
    model = classifier()
    model.build((None, 8))
    model.trainable = False
    with pytest.warns(UserWarning, match="no trainable weights"):
        fit(model)


# Programs ------------------------------------------------------------------------------------------------------------


def test_jax_functions_take_variables():
    kernel = cornu.Variable(np.ones((8, 3), "float32"))
    assert np.allclose(jnp.exp(kernel), np.e)
    assert jnp.dot(X, kernel).shape == (32, 3)
    assert jax.jit(jnp.sum)(kernel) == 24
    assert jax.tree.leaves([kernel])[0].shape == (8, 3)
    gradient = jax.grad(lambda values: jnp.sum(values[0] ** 2))([kernel])[0]
    assert np.allclose(gradient, 2)


class OnJax(cornu.Model):
    """Keras's form of a written step on JAX: a function of the state."""

    def train_step(self, state, data):
        trainable, others, optimizer, metrics = state
        x, y = data[:2]

        def loss(trainable):
            prediction, new = self.stateless_call(trainable, others, x, training=True)
            value, (_, new, _) = self.stateless_compute_loss(trainable, new, metrics, x, y, prediction, training=True)
            return value, (prediction, new)

        (value, (prediction, others)), gradients = jax.value_and_grad(loss, has_aux=True)(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        logs, new = {}, []
        for metric in self.metrics:
            own = metrics[len(new) : len(new) + len(metric.variables)]
            arguments = (value,) if metric.name == "loss" else (y, prediction)
            own = metric.stateless_update_state(own, *arguments)
            logs[metric.name] = metric.stateless_result(own)
            new += own
        return logs, (trainable, others, optimizer, new)

    def test_step(self, state, data):
        trainable, others, metrics = state
        prediction, others = self.stateless_call(trainable, others, data[0], training=False)
        return {"size": jnp.sum(prediction)}, (trainable, others, metrics)

    def predict_step(self, state, data):
        x = data[0] if isinstance(data, tuple) else data
        outputs, others = self.stateless_call(*state, x, training=False)
        return outputs + 1, others


def test_written_steps_over_a_state():
    losses = []
    for cls in (OnJax, cornu.Model):
        inputs = cornu.Input((8,))
        cornu.utils.set_random_seed(1)
        model = cls(inputs, layers.Dense(3, activation="softmax", name="d")(layers.BatchNormalization()(inputs)))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[cornu.metrics.SparseCategoricalAccuracy()])
        history = fit(model, epochs=2, batch_size=16).history
        losses.append((history["loss"], history["sparse_categorical_accuracy"], model.get_weights()))
        if cls is OnJax:
            assert np.isclose(model.evaluate(X, Y, batch_size=32, verbose=0), 32, rtol=1e-5)
            assert model.predict(X[:4], verbose=0).min() > 1
    for written, built_in in zip(*losses, strict=True):
        for a, b in zip(written, built_in, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


class Gan(cornu.Model):
    """Two models and two optimizers, and no `call`."""

    def __init__(self):
        super().__init__()
        self.critic = cornu.Sequential([cornu.Input((8,)), layers.Dense(1)])
        self.maker = cornu.Sequential([cornu.Input((4,)), layers.Dense(8)])
        self.seed = cornu.random.SeedGenerator(1)
        self.mean = cornu.metrics.Mean(name="critic_loss")

    def compile(self, first, second):
        super().compile()
        self.optimizers = {"critic": first, "maker": second}

    @property
    def metrics(self):
        return [self.mean]

    def train_step(self, real):
        noise = cornu.random.normal((len(real), 4), seed=self.seed)
        for name, sign in (("critic", 1), ("maker", -1)):
            weights = getattr(self, name).trainable_variables
            loss, gradients = cornu.value_and_grad(
                lambda sign=sign: sign * jnp.mean(self.critic(self.maker(noise)) - self.critic(real)), weights
            )()
            self.optimizers[name].apply(gradients, weights)
            if name == "critic":
                self.mean.update_state(loss)
        return {"critic_loss": self.mean.result()}


def test_a_model_without_call_trains():
    model = Gan()
    model.compile(cornu.optimizers.SGD(0.1), cornu.optimizers.SGD(0.1))
    before = [w.copy() for w in model.get_weights()]
    assert np.isfinite(model.fit(X, epochs=2, verbose=0).history["critic_loss"]).all()
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed.count(True) >= 3  # the critic's bias drops out of the difference


class Walking(cornu.Model):
    """A written step that goes through the metrics, those of `compile` among them."""

    def train_step(self, data):
        x, y = data

        def forward():
            prediction = self(x, training=True)
            return self.compute_loss(y=y, y_pred=prediction), prediction

        (loss, prediction), gradients = cornu.value_and_grad(forward, self.trainable_variables, has_aux=True)()
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            metric.update_state(*((loss,) if metric.name == "loss" else (y, prediction)))
        return {metric.name: metric.result() for metric in self.metrics}


def test_a_written_step_sees_the_metrics_of_compile():
    inputs = cornu.Input((8,))
    model = Walking(inputs, layers.Dense(3, activation="softmax")(inputs))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert list(fit(model).history) == ["loss", "accuracy"]


def test_stateless_call_takes_variables():
    inputs = cornu.Input((8,))
    model = cornu.Model(inputs, layers.Dense(3)(inputs))
    outputs, _ = model.stateless_call(model.trainable_variables, model.non_trainable_variables, X)
    np.testing.assert_allclose(outputs, model(X), rtol=1e-6)


def test_model_from_config():
    inputs = cornu.Input((8,))
    model = cornu.Model(inputs, layers.Dense(3)(inputs))
    assert cornu.Model.from_config(model.get_config()).count_params() == 27


def test_config_knows_the_policy():
    cornu.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert cornu.config.dtype_policy().name == "mixed_bfloat16"
        assert layers.Dense(1).compute_dtype == "bfloat16"
    finally:
        cornu.config.set_dtype_policy("float32")


class Triplets(cornu.Model):
    """A written step whose batches are no (x, y, sample_weight)."""

    def __init__(self):
        super().__init__()
        a, b, c = inputs = [cornu.Input((8,)) for _ in range(3)]
        embed = layers.Dense(2)
        self.network = cornu.Model(inputs, [embed(a), embed(b), embed(c)])

    def call(self, inputs):
        return self.network(inputs)

    def train_step(self, data):
        def loss():
            a, b, c = self.network(data)
            return jnp.mean(jnp.square(a - b)) - jnp.mean(jnp.tanh(jnp.square(a - c)))

        value, gradients = cornu.value_and_grad(loss, self.trainable_variables)()
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": value}


def test_a_written_step_says_what_its_batches_are():
    model = Triplets()
    model.compile(cornu.optimizers.Adam(0.05))
    batches = [(X[:10], X[10:20], X[20:30])] * 4
    losses = model.fit(iter(batches * 3), epochs=3, steps_per_epoch=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
