"""`K.function` and `K.gradients`: graphs, derivatives against `jax.grad`, updates, learning phases; `get_updates`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import cornu
from cornu import layers, optimizers, random
from cornu.compat import backend as K
from cornu.compat import symbolic_losses
from cornu.compat.optimizers import Optimizer, get_updates
from cornu.models.graph import Graph

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 5)).astype("float32")
Y = X.sum(1, keepdims=True)
IMAGES = RNG.random((2, 8, 8, 1)).astype("float32")


@pytest.fixture(autouse=True)
def fresh():
    random.set_root_seed(1)
    yield
    K.clear_session()


def dense():
    return cornu.Sequential([layers.Input((5,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])


def convolutional():
    return cornu.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )


# Derivatives ---------------------------------------------------------------------------------------------------------


def test_gradients_of_a_placeholder():
    x = K.placeholder((None, 5))
    (gradient,) = K.function([x], K.gradients(K.sum(K.square(x) * x), x))([X])
    assert_allclose(gradient, 3 * X**2, rtol=1e-5)


def test_gradients_of_weights_and_inputs():
    model = dense()
    targets = [*model.trainable_weights, model.input]
    found = K.function([model.input], K.gradients(K.mean(K.square(model.output)), targets))([X])

    def loss(values):
        *weights, x = values
        hidden = jnp.tanh(x @ weights[0] + weights[1])
        return jnp.mean((hidden @ weights[2] + weights[3]) ** 2)

    expected = jax.grad(loss)([*(w.value for w in model.trainable_weights), jnp.asarray(X)])
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_class_activation_maps():
    model = convolutional()
    conv = model.get_layer("conv")
    gradient = K.gradients(model.output[:, 1], conv.output)[0]
    weights = K.mean(gradient, axis=(1, 2))
    run = K.function([model.input, K.learning_phase()], [conv.output, weights])
    maps, found = run([IMAGES, 0])

    def score(maps):
        x = maps
        for layer in model.layers[1:]:
            x = layer(x, training=False) if isinstance(layer, layers.Dropout) else layer(x)
        return x[:, 1].sum()

    assert_allclose(maps, conv(IMAGES), rtol=1e-4, atol=1e-6)
    assert_allclose(found, jax.grad(score)(jnp.asarray(maps)).mean((1, 2)), rtol=1e-3, atol=1e-6)


def test_a_wrong_derivative_is_seen():
    x = K.placeholder((None, 5))
    (gradient,) = K.function([x], K.gradients(K.sum(K.stop_gradient(x) * x), x))([X])
    with pytest.raises(AssertionError):
        assert_allclose(gradient, 2 * X, rtol=1e-3)


def test_filters_are_visualized():
    model = convolutional()
    loss = K.mean(model.get_layer("conv").output[:, :, :, 0])
    gradient = K.gradients(loss, model.input)[0]
    gradient /= K.sqrt(K.mean(K.square(gradient))) + 1e-5
    iterate = K.function([model.input], [loss, gradient])
    image, losses = np.full((1, 8, 8, 1), 0.5, "float32"), []
    for _ in range(5):
        value, step = iterate([image])
        image += step * 0.1
        losses.append(float(value))
    assert losses == sorted(losses)
    assert losses[-1] > losses[0]
    assert_allclose((step**2).mean(), 1, rtol=1e-2)


def test_tensors_that_depend_on_each_other_get_whole_gradients():
    x = K.placeholder((None, 5))
    middle = K.square(x)
    last = middle * 3.0
    found = K.function([x], K.gradients(K.sum(last * x), [x, middle, last]))([X])
    for one, other in zip(found, (9 * X**2, 3 * X, X), strict=True):
        assert_allclose(one, other, rtol=1e-5)


def test_gradients_of_gradients():
    x = K.placeholder((None, 5))
    first = K.gradients(K.sum(x**4), x)[0]
    second = K.gradients(first, x)[0]
    assert_allclose(K.function([x], [second])([X])[0], 12 * X**2, rtol=1e-4)


def test_gradients_of_styles_and_variables():
    base, mixed = K.variable(IMAGES[:1]), K.placeholder((1, 8, 8, 1))
    model = convolutional()
    features = model.get_layer("conv")(K.concatenate([base, mixed], axis=0))

    def gram(x):
        rows = K.batch_flatten(K.permute_dimensions(x, (2, 0, 1)))
        return K.dot(rows, K.transpose(rows))

    loss = K.variable(0.0)
    loss = loss + 0.5 * K.sum(K.square(gram(features[0]) - gram(features[1])))
    run = K.function([mixed], [loss, *K.gradients(loss, mixed)])
    value, gradient = run([IMAGES[1:]])
    assert value > 0
    assert gradient.shape == (1, 8, 8, 1)
    K.set_value(base, IMAGES[1:])
    value, gradient = run([IMAGES[1:]])
    assert_allclose([value, np.abs(gradient).max()], [0, 0], atol=1e-5)


def test_what_has_no_gradient():
    x, y = K.placeholder((2,)), K.placeholder((2,))
    assert K.gradients(K.sum(x), [y]) == [None]
    with pytest.raises(ValueError, match="isn't symbolic"):
        K.gradients(K.sum(K.variable([1.0])), [K.variable([1.0])])
    i = K.placeholder((2,), dtype="int32")
    with pytest.raises(ValueError, match="real numbers"):
        K.gradients(K.sum(K.cast(i, "float32")), [i])


def test_an_unknown_size_that_meets_a_fixed_one_is_taken_for_it():
    x = K.placeholder((None, 5))
    assert (x * np.ones((6, 1), "float32")).shape == (6, 5)
    with pytest.raises(TypeError, match="incompatible"):
        _ = x * np.ones((6, 7), "float32")


# Functions -----------------------------------------------------------------------------------------------------------


def test_a_function_reads_variables_when_it_is_called():
    model = dense()
    run = K.function([model.input], [model.layers[0].output, model.output])
    hidden, output = run([X])
    assert_allclose(output, model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    model.set_weights([w * 0 for w in model.get_weights()])
    assert_allclose(run([X])[1], 0)
    assert hidden.shape == (6, 4)
    assert isinstance(hidden, np.ndarray)
    assert run([X[:2]])[0].shape == (2, 4)


def test_a_function_of_the_middle_of_a_graph():
    model = dense()
    hidden = RNG.normal(size=(2, 4)).astype("float32")
    found = K.function([model.layers[0].output], model.output)([hidden])
    kernel, bias = model.get_weights()[2:]
    assert_allclose(found, hidden @ kernel + bias, rtol=1e-4, atol=1e-6)


def test_the_learning_phase_is_an_input():
    model = convolutional()
    run = K.function([model.input, K.learning_phase()], [model.output])
    assert_allclose(run([IMAGES, 0])[0], model.predict(IMAGES, verbose=0), rtol=1e-4)
    draws = [run([IMAGES, 1])[0] for _ in range(2)]
    assert np.abs(draws[0] - draws[1]).max() > 1e-4


def test_in_train_phase():
    x = K.placeholder((None, 5))
    run = K.function([x, K.learning_phase()], [K.in_train_phase(x * 2, lambda: x)])
    assert_allclose(run([X, 1])[0], 2 * X)
    assert_allclose(run([X, 0])[0], X)

    class Doubles(layers.Layer):
        def call(self, inputs):
            return K.in_train_phase(lambda: inputs * 2, inputs)

    layer = Doubles()
    assert_allclose(layer(X, training=True), 2 * X)
    assert_allclose(layer(X), X)
    K.set_learning_phase(1)
    assert_allclose(layer(X), 2 * X)
    with pytest.raises(ValueError, match="0 or 1"):
        K.set_learning_phase(2)


def test_layers_keep_the_learning_phase_in_which_they_were_put_into_a_graph():
    K.set_learning_phase(1)
    x = layers.Input((5,))
    model = cornu.Model(x, layers.Dropout(0.5)(x))
    K.set_learning_phase(0)
    assert (model.predict(np.ones((4, 5)), verbose=0) == 0).any()


def test_updates_come_after_the_outputs():
    x, total = K.placeholder((None,)), K.variable(0.0)
    run = K.function([x], [total + K.sum(x)], updates=[(total, total + K.sum(x))])
    assert [float(run([np.array([1.0, 2.0])])[0]) for _ in range(2)] == [3, 6]
    assert K.get_value(total) == 6
    run = K.function([x], [], updates=[K.update_sub(total, K.sum(x))])
    assert run([np.array([4.0])]) == []
    assert K.get_value(total) == 2


def test_moving_averages_stay_where_they_are():
    x = layers.Input((5,))
    model = cornu.Model(x, layers.BatchNormalization()(x))
    before = model.get_weights()
    K.function([x, K.learning_phase()], [model.output])([X, 1])
    for one, other in zip(before, model.get_weights(), strict=True):
        assert_allclose(one, other)


def test_functions_explain():
    x, y = K.placeholder((None, 5), name="first"), K.placeholder((None, 5), name="second")
    with pytest.raises(ValueError, match="second"):
        K.function([x], [x + y])
    with pytest.raises(ValueError, match="first"):
        K.function([x], [x * 2])([X[:, :3]])
    with pytest.raises(ValueError, match="number of values"):
        K.function([x], [x * 2])([X, X])
    with pytest.raises(TypeError, match="givings"):
        K.function([x], [x * 2], givings=[])
    with pytest.raises(ValueError, match="disconnected"):
        K.eval(x * 2)
    assert K.get_session().run(x * 2, feed_dict={x: X}).shape == (6, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [lambda: jnp.ones(3), lambda: np.ones(3), lambda: K.variable(np.ones(3)), lambda: 1.0]
)
@pytest.mark.parametrize("operate", [lambda a, b: a + b, lambda a, b: b - a, lambda a, b: a * b, lambda a, b: a / b])
def test_values_stand_beside_symbolic_tensors(first, operate):
    x = K.placeholder((None, 3))
    value = np.full((2, 3), 2.0, "float32")
    assert_allclose(K.function([x], operate(first(), x))([value]), operate(1.0, value))


def test_a_loss_takes_the_gradient_of_a_model_s_output(monkeypatch):
    """The penalty of Gulrajani et al. (2017), which wants to know how the critic's value follows from its input."""
    monkeypatch.setattr(Graph, "run", symbolic_losses.ON_GRAPHS["run"])
    x = layers.Input((5,))
    between = layers.Lambda(lambda t: K.ones((6, 1)) * t * 0.5)(x)
    critic = dense()

    @symbolic_losses.closed
    def penalty(y_true, y_pred):
        gradient = K.gradients(y_pred, between)[0]
        return K.mean(K.square(1 - K.sqrt(K.sum(K.square(gradient), axis=1))))

    model = cornu.Model(x, critic(between))
    model.compile("sgd", penalty)
    found = model.evaluate(X, Y, verbose=0)
    slopes = jax.grad(lambda x: critic(x).sum())(jnp.asarray(X) / 2)
    assert_allclose(found, np.mean((1 - np.linalg.norm(slopes, axis=1)) ** 2), rtol=1e-3)


# Optimizers ----------------------------------------------------------------------------------------------------------


class Adam(Optimizer):
    """As scripts of Keras 2 write it."""

    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
        self.epsilon = epsilon

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        t = K.cast(self.iterations, K.floatx()) + 1
        lr_t = self.lr * (K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t)))
        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        vs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations, *ms, *vs]
        for p, g, m, v in zip(params, grads, ms, vs, strict=True):
            m_t = self.beta_1 * m + (1.0 - self.beta_1) * g
            v_t = self.beta_2 * v + (1.0 - self.beta_2) * K.square(g)
            self.updates.append(K.update(m, m_t))
            self.updates.append(K.update(v, v_t))
            self.updates.append(K.update(p, p - lr_t * m_t / (K.sqrt(v_t) + self.epsilon)))
        return self.updates


class Momentum(Optimizer):
    """As scripts of Keras 1 write it."""

    def get_updates(self, params, constraints, loss):
        grads = self.get_gradients(loss, params)
        moments = [K.zeros(shape) for shape in [K.get_variable_shape(p) for p in params]]
        self.updates = []
        for p, g, m in zip(params, grads, moments, strict=True):
            v = 0.9 * m - self.lr * g
            self.updates.append((m, v))
            self.updates.append((p, constraints[p](p + v) if p in constraints else p + v))
        return self.updates


PAIRS = {
    "keras 2": (lambda: Adam(lr=0.01), lambda: optimizers.Adam(0.01, epsilon=1e-8)),
    "keras 1": (lambda: Momentum(lr=0.01), lambda: optimizers.SGD(0.01, momentum=0.9)),
}


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
def test_an_old_optimizer_trains_as_the_new_one(pair):
    histories = []
    for make in PAIRS[pair]:
        random.set_root_seed(2)
        model = dense()
        model.compile(make(), "mse")
        histories.append(model.fit(X, Y, batch_size=3, epochs=3, shuffle=False, verbose=0).history["loss"])
    assert_allclose(*histories, rtol=1e-3)
    assert histories[0][-1] < histories[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("make", [PAIRS["keras 2"][0], PAIRS["keras 2"][1]])
def test_an_optimizer_gives_updates_to_a_function(make):
    model, wanted, optimizer = dense(), K.placeholder((None, 1)), make()
    loss = K.mean(K.square(model.output - wanted))
    updates = get_updates(optimizer, params=model.trainable_weights, constraints=[], loss=loss)
    run = K.function([model.input, wanted], [loss], updates=updates)
    found = [float(run([X, Y])[0]) for _ in range(5)]
    assert found == sorted(found, reverse=True)
    assert int(optimizer.iterations) == 5


def test_old_optimizers_clip_and_show_their_rate():
    optimizer = Momentum(lr=0.5, clipnorm=1.0)
    w = K.variable([0.0, 0.0])
    optimizer.apply([np.array([3.0, 4.0], "float32")], [w])
    assert_allclose(w.numpy(), [-0.3, -0.4], rtol=1e-5)
    K.set_value(optimizer.lr, 0.25)
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.get_config() == {"clipnorm": 1.0}
