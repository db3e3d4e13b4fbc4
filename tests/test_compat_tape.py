"""`tf.GradientTape` against JAX's own gradients, PyTorch and closed forms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cornu
from cornu.compat.tensorflow import backward
from cornu.compat.tensorflow.tape import GradientTape
from cornu.variables import Variable

X = jnp.asarray([0.5, -1.0, 2.0])


def functions():
    @jax.custom_jvp
    def clipped(x):
        return jnp.clip(x, 0.0, 1.0)

    clipped.defjvps(lambda tangent, result, x: 3.0 * tangent)

    @jax.custom_vjp
    def reversed_gradient(x):
        return x

    reversed_gradient.defvjp(lambda x: (x, None), lambda _, g: (-g,))
    compiled = jax.jit(lambda x: jnp.tanh(x) * x)
    return {
        "square": lambda x: x * x,
        "compiled twice": lambda x: compiled(compiled(x)) + compiled(x),
        "indexing": lambda x: x[0] * x[1:] + jnp.stack(list(x))[::-1][:2],
        "relu at zero": lambda x: jax.nn.relu(x - 0.5),
        "custom_jvp": clipped,
        "custom_vjp": lambda x: reversed_gradient(x) * x,
        "stop_gradient": lambda x: jax.lax.stop_gradient(x) * x + x,
        "forwarded": lambda x: jax.jit(lambda a: (a, a * 2))(x)[0] + x,
        "scan": lambda x: jax.lax.scan(lambda c, v: (c * v + x[0], c), 1.0, x)[0],
        "cond": lambda x: jax.lax.cond(x[0] > 0, lambda a: a * a, lambda a: a, x),
        "vmap": lambda x: jax.vmap(lambda v: v * x.sum())(x),
        "grad inside": lambda x: jax.grad(lambda v: jnp.sum(v**3))(x),
        "checkpoint": jax.checkpoint(lambda x: jnp.sin(x) * x),
        "integers": lambda x: x[jnp.argsort(x)] * jnp.arange(3),
        "softmax": lambda x: jax.nn.softmax(x) ** 2,
        "logsumexp": lambda x: jax.nn.logsumexp(x) * x,
        "captured": lambda x: jax.jit(lambda a: jax.jit(lambda b: b * x)(a) + x)(jnp.ones(3)),
        "sort": lambda x: jnp.sort(x) * jnp.cumsum(x),
        "matrix": lambda x: jnp.linalg.inv(jnp.outer(x, x) + jnp.eye(3)),
    }


FUNCTIONS = functions()


def reference(function, x=X):
    return jax.grad(lambda v: jnp.sum(function(v)))(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_equals_jax(name):
    function = FUNCTIONS[name]
    for _ in range(2):
        with GradientTape() as tape:
            tape.watch(X)
            y = function(X)
        np.testing.assert_array_equal(y, function(X))
        assert not isinstance(y, jax.core.Tracer)
        np.testing.assert_allclose(tape.gradient(y, X), reference(function), rtol=2e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_in_a_compiled_function_equals_jax(name):
    def compiled(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = FUNCTIONS[name](x)
        return tape.gradient(y, x)

    np.testing.assert_allclose(jax.jit(compiled)(X), reference(FUNCTIONS[name]), rtol=2e-6)


TWICE = ("compiled twice", "indexing", "stop_gradient", "scan", "grad inside", "captured")


@pytest.mark.parametrize(("name", "compiled"), [(n, c) for n in TWICE for c in (False, True)])
def test_second_derivative_equals_jax(name, compiled):
    function = FUNCTIONS[name]

    def second(x):
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            first = inner.gradient(y, x)
        return outer.gradient(first, x, unconnected_gradients="zero")

    found = (jax.jit(second) if compiled else second)(X)
    np.testing.assert_allclose(found, reference(lambda v: reference(function, v)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", ["wrong derivative", "skipped call"])
def test_a_planted_error_is_seen(rule, monkeypatch):
    function = FUNCTIONS["square"]
    if rule == "wrong derivative":
        real = backward.Call.linearize
        wrong = lambda self, *a: (real(self, *a)[0], lambda g: tuple(2 * v for v in real(self, *a)[1](g)))  # noqa: E731
        monkeypatch.setattr(backward.Call, "linearize", wrong)
        monkeypatch.setattr(backward, "_programs", backward.Programs())
    with GradientTape() as tape:
        tape.watch(X)
        y = function(X)
    if rule == "skipped call":
        tape._calls.clear()
    found = tape.gradient(y, X, unconnected_gradients="zero")
    assert not np.allclose(found, reference(function))


def test_values_inside_are_concrete():
    v, history = Variable([1.0, 2.0]), []
    with GradientTape() as tape:
        loss = (v * v).sum()
        history.append(float(loss))
        if loss > 1:
            loss = loss * 3
    assert history == [5.0]
    np.testing.assert_allclose(tape.gradient(loss, v), [6.0, 12.0])


@pytest.mark.parametrize("operator", ["__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__matmul__"])
def test_operators_between_numpy_and_variables_are_recorded(operator):
    array, v = np.array([1.0, 3.0], "float32"), Variable([2.0, 0.5])
    with GradientTape() as tape:
        y = getattr(__import__("operator"), operator)(array, v)
    assert isinstance(y, jax.Array)
    assert tape.gradient(y, v) is not None


def test_sources_keep_their_structure():
    a, b, unused = Variable(2.0), Variable(3.0), Variable(1.0)
    with GradientTape() as tape:
        y = a * b + b
    found = tape.gradient(y, {"first": a, "rest": [b, (unused,)]})
    assert (float(found["first"]), float(found["rest"][0])) == (3.0, 3.0)
    assert found["rest"][1] == (None,)


def test_intermediate_tensors_are_sources_too():
    v = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = jnp.sin(y)
    np.testing.assert_allclose(tape.gradient(z, y), np.cos(4.0), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(z, [v, y]), [4 * np.cos(4.0), np.cos(4.0)], rtol=1e-6)
    assert tape.gradient(y, z) is None


def test_a_variable_assigned_after_its_reading():
    v = Variable(2.0)
    with GradientTape() as tape:
        first = v * v
        v.assign(10.0)
        y = first + 5 * v
    v.assign(100.0)
    assert float(tape.gradient(y, v)) == 9.0


def test_two_variables_of_one_array_are_two():
    array = jnp.asarray([1.0, 2.0])
    a, b = Variable(array), Variable(array)
    with GradientTape() as tape:
        y = (a * 3 + b * b).sum()
    first, second = tape.gradient(y, [a, b])
    np.testing.assert_allclose(first, [3, 3])
    np.testing.assert_allclose(second, [2, 4])


def test_trainable_variables_are_watched_and_others_on_request():
    trained, fixed = Variable(2.0), Variable(3.0, trainable=False)
    with GradientTape() as tape:
        y = trained * fixed
    assert tape.watched_variables() == (trained,)
    assert tape.gradient(y, fixed) is None
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(fixed)
        y = trained * fixed
    found = tape.gradient(y, [trained, fixed])
    assert found[0] is None
    assert float(found[1]) == 2.0


def test_stop_recording_and_reset():
    v = Variable(2.0)
    with GradientTape() as tape:
        with tape.stop_recording():
            constant = v * v
        y = constant * v
    assert float(tape.gradient(y, v)) == 4.0
    with GradientTape() as tape:
        before = v * v
        tape.reset()
        y = v * 3
    assert tape.gradient(before, v) is None
    with GradientTape() as tape:
        v * v
        tape.reset()
        y = v * 3
    assert float(tape.gradient(y, v)) == 3.0


def test_persistence():
    v = Variable(2.0)
    with GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, v)
    with GradientTape(persistent=True) as tape:
        y = v * v
        first = tape.gradient(y, v)
    assert float(first) == float(tape.gradient(y, v)) == 4.0
    assert float(tape.gradient(first, v)) == 2.0


def test_weights_of_targets_and_several_targets():
    with GradientTape(persistent=True) as tape:
        tape.watch(X)
        y, z = X * X, X * 3
    np.testing.assert_allclose(tape.gradient(y, X, output_gradients=jnp.asarray([1.0, 0.0, 2.0])), [1, 0, 8])
    np.testing.assert_allclose(tape.gradient([y, z], X), 2 * X + 3)
    np.testing.assert_allclose(tape.gradient([y, z], X, output_gradients=[None, jnp.zeros(3)]), 2 * X)


def test_unconnected():
    v, w = Variable([1.0, 2.0]), Variable([3.0])
    with GradientTape(persistent=True) as tape:
        y = v * v
    assert tape.gradient(y, w) is None
    assert tape.gradient(y, w, unconnected_gradients="zero").tolist() == [0.0]
    assert tape.gradient(jnp.asarray(1.0), v) is None


def test_jacobians():
    matrix = jnp.arange(6.0).reshape(2, 3)
    with GradientTape(persistent=True) as tape:
        tape.watch(X)
        y = matrix @ (X * X)
    np.testing.assert_allclose(tape.jacobian(y, X), matrix * 2 * X, rtol=1e-6)
    with GradientTape() as tape:
        tape.watch(matrix)
        y = matrix**2 @ jnp.arange(12.0).reshape(3, 4)
    expected = 2 * matrix[:, None, :] * jnp.arange(12.0).reshape(3, 4).T
    np.testing.assert_allclose(tape.batch_jacobian(y, matrix), expected, rtol=1e-6)


def test_clear_errors():
    with GradientTape() as tape, pytest.raises(TypeError, match="convert_to_tensor"):
        tape.watch(np.ones(3))
    with GradientTape() as tape, pytest.raises(TypeError, match="symbolic"):
        tape.watch(cornu.Input((3,)))
    with pytest.raises(ValueError, match="already"), GradientTape() as tape, tape:
        pass


def test_an_error_inside_leaves_nothing_behind():
    with pytest.raises(KeyError), GradientTape() as tape:
        raise KeyError
    jnp.sin(X)
    assert tape._calls == []


def network():
    cornu.utils.set_random_seed(3)
    layers = cornu.layers
    model = cornu.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Reshape((4, 3)),
            layers.LSTM(5),
            layers.Dense(3),
        ]
    )
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(4, 6, 6, 2)).astype("float32"), np.array([0, 1, 2, 0])
    return model, jnp.asarray(x), jnp.asarray(y), cornu.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.slow
def test_a_network_against_jax_plain_and_compiled():
    model, x, y, loss = network()
    before = [v.numpy() for v in model.variables]

    def reset():
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)

    def step():
        with GradientTape() as tape:
            value = loss(y, model(x, training=True))
        return tape.gradient(value, model.trainable_variables)

    gradient = cornu.grad(lambda: loss(y, model(x, training=True)), model.trainable_variables)
    expected = cornu.jit(gradient)()
    moved = [v.numpy() for v in model.variables]
    for run in (step, cornu.jit(step)):
        reset()
        for found, wanted in zip(run(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
        for variable, value in zip(model.variables, moved, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=1e-5, atol=1e-6)


def test_a_network_against_torch():
    torch = pytest.importorskip("torch")
    layers = cornu.layers
    cornu.utils.set_random_seed(5)
    model = cornu.Sequential(
        [layers.Input((5, 5, 2)), layers.Conv2D(3, 3, activation="relu"), layers.Flatten(), layers.Dense(4)]
    )
    x = np.random.default_rng(1).normal(size=(3, 5, 5, 2)).astype("float32")
    with GradientTape() as tape:
        loss = (model(x) ** 2).sum()
    found = tape.gradient(loss, model.trainable_variables)
    kernel, bias, dense, offset = (torch.tensor(v.numpy(), requires_grad=True) for v in model.trainable_variables)
    hidden = torch.relu(
        torch.nn.functional.conv2d(torch.tensor(x).permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias)
    )
    ((hidden.permute(0, 2, 3, 1).flatten(1) @ dense + offset) ** 2).sum().backward()
    for gradient, wanted in zip(found, (kernel, bias, dense, offset), strict=True):
        np.testing.assert_allclose(gradient, wanted.grad.numpy(), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_gradient_penalty(compiled):
    """The discriminator's step of WGAN-GP: the norm of a gradient is differentiated."""
    cornu.utils.set_random_seed(2)
    critic = cornu.Sequential(
        [cornu.layers.Input((3,)), cornu.layers.Dense(4, activation="tanh"), cornu.layers.Dense(1)]
    )
    x = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)), "float32")

    def step(x):
        with GradientTape() as tape:
            with GradientTape() as inner:
                inner.watch(x)
                score = critic(x, training=True)
            slope = inner.gradient(score, [x])[0]
            penalty = jnp.mean((jnp.sqrt(jnp.sum(slope**2, axis=1)) - 1.0) ** 2)
            loss = jnp.mean(score) + 10 * penalty
        return tape.gradient(loss, critic.trainable_variables)

    def plain(values, x):
        (kernel, bias, last, offset) = values
        score = lambda row: (jnp.tanh(row @ kernel + bias) @ last + offset)[0]  # noqa: E731
        slope = jax.vmap(jax.grad(score))(x)
        penalty = jnp.mean((jnp.sqrt(jnp.sum(slope**2, axis=1)) - 1.0) ** 2)
        return jnp.mean(jax.vmap(score)(x)) + 10 * penalty

    expected = jax.grad(plain)([v.value for v in critic.trainable_variables], x)
    found = (cornu.jit(step) if compiled else step)(x)
    for gradient, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(0 if gradient is None else gradient, wanted, rtol=1e-4, atol=1e-6)


def test_a_written_train_step_equals_fit():
    class Written(cornu.Sequential):
        def train_step(self, data):
            x, y = data
            with GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    x, y = np.random.default_rng(0).normal(size=(32, 3)), np.random.default_rng(1).normal(size=(32, 1))
    weights = []
    for kind in (cornu.Sequential, Written):
        cornu.utils.set_random_seed(1)
        model = kind([cornu.layers.Input((3,)), cornu.layers.Dense(4, activation="relu"), cornu.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for found, wanted in zip(*weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_written_train_step_in_plain_python_gets_tensors():
    seen = []

    class Written(cornu.Sequential):
        def train_step(self, data):
            x, _ = data
            with GradientTape() as tape:
                tape.watch(x)
                y = self(x, training=True)
            seen.append(tape.gradient(y, x))
            return {"loss": 0.0}

    model = Written([cornu.layers.Input((3,)), cornu.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(np.ones((4, 3)), np.ones((4, 1)), epochs=1, verbose=0)
    np.testing.assert_allclose(seen[0], np.broadcast_to(model.get_weights()[0].T, (4, 3)))


def test_backward_passes_are_compiled_once(monkeypatch):
    programs = backward.Programs()
    monkeypatch.setattr(backward, "_programs", programs)
    v = Variable([1.0, 2.0])
    for factor in (1.0, 2.0, 3.0):
        with GradientTape() as tape:
            y = jax.nn.relu(v * factor).sum()
        assert tape.gradient(y, v).tolist() == [factor, factor]
    assert len(programs._compiled) == 1
