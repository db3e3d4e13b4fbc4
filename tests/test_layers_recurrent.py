"""Recurrent layers against Keras's and PyTorch's: outputs, gradients, masks, states, dropout, cells of one's own."""

from __future__ import annotations

import functools
import inspect

import jax
import jax.numpy as jnp
import keras
import layer_harness
import numpy as np
import pytest
from layer_harness import Row, assert_close, normal, table

from cornu import activations, layers, registry, tags
from cornu import variables as state
from cornu.kernels import recurrent
from cornu.random import SeedGenerator

quick = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
some = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]], bool)
"""A mask with padding on the left, on the right and in the middle."""


def plain_cell(library):
    """A cell that a person writes: no output_size, no get_initial_state, no training."""

    class Cell(library.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = self.state_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="uniform", name="kernel")
            self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

        def call(self, inputs, states):
            output = inputs @ self.kernel.value + states[0] @ self.recurrent_kernel.value
            return output, [output]

    return Cell


inner = lambda L: L._module if isinstance(L, layer_harness.Library) else L  # noqa: E731
brief = ("weights", "inference", "symbolic", "precision")  # the same for every way to make a layer
drawn = brief  # and Keras counts its generators up in inference, too
own = (*brief, "config")  # a person's class isn't in the registry
NAMED = {"initial_state": [normal(2, 3), normal(2, 3, seed=1)]}

ROWS = [
    Row(lambda L: L.SimpleRNN(3, return_state=True), (2, 5, 4), {"initial_state": [normal(2, 3)]}),
    Row(
        lambda L: L.SimpleRNN(3, "relu", return_sequences=True),
        (2, 5, 4),
        mask=some,
        skip=brief,
        name="SimpleRNN-masked",
    ),
    Row(lambda L: L.SimpleRNN(3, use_bias=False, go_backwards=True, unroll=True), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.SimpleRNN(3, dropout=0.4, recurrent_dropout=0.3, seed=1), (2, 5, 4), unlike=("seed",), skip=drawn),
    Row(lambda L: L.LSTM(3, kernel_regularizer="l2"), (2, 5, 4)),
    Row(lambda L: L.LSTM(3, return_sequences=True, return_state=True), (2, 5, 4), mask=some, name="LSTM-masked"),
    Row(lambda L: L.LSTM(3, "relu", "linear", use_bias=False), (2, 5, 4), NAMED, skip=brief),
    Row(lambda L: L.LSTM(3, "elu", "hard_sigmoid", unroll=True), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.LSTM(3, unit_forget_bias=False, go_backwards=True, return_sequences=True), (2, 5, 4), skip=brief),
    Row(lambda L: L.LSTM(3, dropout=0.4, seed=1, activity_regularizer="l2"), (2, 5, 4), skip=drawn),
    Row(lambda L: L.LSTM(3, dropout=0.4, recurrent_dropout=0.3, seed=1), (2, 5, 4), skip=drawn, mask=some),
    Row(lambda L: L.LSTM(3, return_sequences=True, zero_output_for_mask=True), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.GRU(3), (2, 5, 4)),
    Row(lambda L: L.GRU(3, return_sequences=True, return_state=True), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.GRU(3, use_bias=False, return_sequences=True, go_backwards=True), (2, 5, 4), skip=brief),
    Row(lambda L: L.GRU(3, reset_after=False, return_sequences=True), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.GRU(3, dropout=0.4, seed=1, recurrent_activation="relu"), (2, 5, 4), skip=drawn),
    Row(lambda L: L.GRU(3, recurrent_dropout=0.3, dropout=0.2, seed=1), (2, 5, 4), skip=drawn),
    Row(lambda L: L.GRU(3, recurrent_dropout=0.3, reset_after=False, seed=1), (2, 5, 4), skip=drawn),
    Row(  # Keras can't run a stack in mixed precision
        lambda L: L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True),
        (2, 5, 4),
        name="RNN-stack",
        skip=("precision",),
    ),
    Row(
        lambda L: L.RNN(
            [L.SimpleRNNCell(2), L.GRUCell(3, reset_after=False)], go_backwards=True, return_sequences=True
        ),
        (2, 5, 4),
        name="RNN-stack-backwards",
        skip=brief,
    ),
    Row(lambda L: L.RNN(plain_cell(inner(L))(3)), (2, 5, 4), mask=some, name="RNN-own", skip=("config", "precision")),
    Row(lambda L: L.RNN([plain_cell(inner(L))(3), L.LSTMCell(2)], return_state=True), (2, 5, 4), skip=own),
    Row(lambda L: L.ConvLSTM1D(3, 2), (2, 3, 5, 4)),
    Row(
        lambda L: L.ConvLSTM2D(3, 2, strides=2, padding="same", return_sequences=True, return_state=True),
        (2, 3, 4, 5, 2),
        skip=brief,
    ),
    Row(
        lambda L: L.ConvLSTM2D(2, 2, data_format="channels_first", dilation_rate=2, go_backwards=True),
        (2, 3, 2, 4, 5),
        name="ConvLSTM2D-channels-first",
        skip=("precision",),
    ),
    Row(lambda L: L.ConvLSTM2D(2, 2, dropout=0.3, recurrent_dropout=0.2, seed=1), (2, 3, 3, 4, 2), skip=drawn),
    Row(lambda L: L.ConvLSTM3D(2, 2, use_bias=False), (1, 2, 3, 3, 3, 2), skip=brief),
]


@table(ROWS)
def test_layer(row, check):
    check(row)


@pytest.mark.parametrize(
    "name",
    [
        "SimpleRNN",
        "LSTM",
        "GRU",
        "RNN",
        "StackedRNNCells",
        "SimpleRNNCell",
        "LSTMCell",
        "GRUCell",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
    ],
)
def test_signature(name):
    """Names, order and defaults of the arguments."""
    theirs, ours = (inspect.signature(getattr(library, name).__init__) for library in (keras.layers, layers))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]


# PyTorch --------------------------------------------------------------------------------------------------------------


def reordered(array, order, gates):
    """The gates of a weight, along its last axis, in another order."""
    parts = np.split(array, gates, axis=-1)
    return np.concatenate([parts[i] for i in order], axis=-1)


@pytest.mark.parametrize(("name", "order", "gates"), [("LSTM", (0, 1, 2, 3), 4), ("GRU", (1, 0, 2), 3)])
def test_pytorch_agrees(name, order, gates):
    """Outputs and gradients of all weights and of the inputs, by code that shares nothing with JAX."""
    torch = pytest.importorskip("torch")
    layer, x = getattr(layers, name)(5, return_sequences=True), normal(3, 6, 4)
    layer.build(x.shape)
    values = [normal(*v.shape, seed=i) for i, v in enumerate(layer.weights)]
    pure = state.functional(layer, layer.variables[:3])

    def run(values, x):
        gradients = jax.grad(lambda values, x: (pure(values, x)[0] ** 2).sum(), (0, 1))(values, x)
        return pure(values, x)[0], *jax.tree.leaves(gradients)

    ours = quick(run)(values, x)

    peer = getattr(torch.nn, name)(4, 5, batch_first=True)
    kernel, recurrent_kernel, bias = (reordered(v, order, gates) for v in values)
    first, second = bias if name == "GRU" else (bias, np.zeros_like(bias))
    with torch.no_grad():
        for parameter, value in zip(peer.parameters(), (kernel.T, recurrent_kernel.T, first, second), strict=True):
            parameter.copy_(torch.tensor(value))
    inputs = torch.tensor(x, requires_grad=True)
    outputs, _ = peer(inputs)
    (outputs**2).sum().backward()
    w, r, b, c = (p.grad.numpy() for p in peer.parameters())
    bias = np.stack([b, c]) if name == "GRU" else b
    back = np.argsort(order)
    theirs = [outputs.detach().numpy(), *(reordered(v, back, gates) for v in (w.T, r.T, bias)), inputs.grad.numpy()]
    for what, mine, other in zip(("output", "kernel", "recurrent", "bias", "input"), ours, theirs, strict=True):
        assert_close(mine, other, what)


# The kernels ----------------------------------------------------------------------------------------------------------

KERNELS = [
    lambda: layers.SimpleRNN(3, return_sequences=True),
    lambda: layers.LSTM(3, return_sequences=True, return_state=True),
    lambda: layers.GRU(3, return_sequences=True, go_backwards=True),
    lambda: layers.LSTM(3, zero_output_for_mask=True, return_sequences=True, unroll=True),
    lambda: layers.GRU(3, use_bias=False, return_state=True),
]


@pytest.mark.parametrize(("make", "mask"), list(zip(KERNELS, [some, None, some, some, some], strict=True)))
def test_the_gradients_of_the_kernels_are_those_of_the_loop(make, mask):
    layer, x = make(), jnp.asarray(normal(2, 5, 4))
    layer.build(x.shape)
    weights = [normal(*v.shape, seed=i) for i, v in enumerate(layer.weights)]

    def loss(weights, x):
        outputs, _ = state.functional(lambda: layer(x, mask=mask), layer.weights)(weights)
        return sum((o * normal(*o.shape, seed=3)).sum() for o in jax.tree.leaves(outputs))

    results = []
    for layer.cell.has_kernel in (True, False):
        results.append(jax.tree.leaves(quick(lambda *given: jax.value_and_grad(loss, (0, 1))(*given))(weights, x)))
    layer_harness.compare(*results, "")


def test_a_planted_wrong_gradient_is_seen(monkeypatch):
    monkeypatch.setitem(recurrent.SLOPES, activations.tanh, lambda y: 1 - 0.99 * y * y)
    recurrent._lstm.cache_clear()
    with pytest.raises(AssertionError):
        layer_harness.check_training(Row(lambda L: L.LSTM(3, recurrent_activation="tanh"), (2, 5, 4)))
    recurrent._lstm.cache_clear()


def test_a_planted_wrong_mask_is_seen(monkeypatch):
    monkeypatch.setattr(recurrent, "_choose", lambda counts, new, old: new)
    with pytest.raises(AssertionError):
        layer_harness.check_inference(Row(lambda L: L.RNN(plain_cell(inner(L))(3)), (2, 5, 4), mask=some))


def test_gradients_of_gradients():
    """The kernels' backward pass can be differentiated again."""
    layer, x, step = layers.LSTM(2), jnp.asarray(normal(1, 3, 2)), 1e-2
    layer.build(x.shape)
    second = quick(jax.hessian(lambda x: layer(x).sum()))(x)
    slope = quick(jax.grad(lambda x: layer(x).sum()))
    numeric = (slope(x.at[0, 1, 0].add(step)) - slope(x.at[0, 1, 0].add(-step))) / (2 * step)
    np.testing.assert_allclose(second[0, 1, 0], numeric, atol=1e-4)


# Masks ----------------------------------------------------------------------------------------------------------------

LAYERS = {
    "SimpleRNN": lambda **how: layers.SimpleRNN(3, **how),
    "LSTM": lambda **how: layers.LSTM(3, **how),
    "GRU": lambda **how: layers.GRU(3, **how),
    "GRU-before": lambda **how: layers.GRU(3, reset_after=False, **how),
    "stack": lambda **how: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], **how),
    "own": lambda **how: layers.RNN(plain_cell(layers)(3), **how),
    "Bidirectional": lambda **how: layers.Bidirectional(layers.LSTM(3, **how)),
}


@pytest.mark.parametrize(("name", "backwards"), [*((name, False) for name in LAYERS), ("LSTM", True), ("own", True)])
def test_a_padded_sequence_gives_what_it_gives_alone(name, backwards):
    """Wherever the padding stands, and whatever is in it: left, right, middle."""
    layer = LAYERS[name](go_backwards=backwards)
    x = normal(2, 5, 4)
    together = layer(x, mask=some)
    for row, mask, result in zip(x, some, together, strict=True):
        assert_close(layer(row[None, mask])[0], result, "alone")
    noise = np.where(some[..., None], x, 99).astype("float32")
    assert_close(layer(noise, mask=some), together, "padding of another value")


@pytest.mark.parametrize("name", ["LSTM", "GRU-before", "own", "stack"])
def test_outputs_of_masked_steps(name):
    """Repeated, or 0; and those that count are what they are without padding."""
    layer, x = LAYERS[name](return_sequences=True), normal(2, 5, 4)
    outputs = np.asarray(layer(x, mask=some))
    alone = np.asarray(layer(x[:1, some[0]]))[0]
    assert_close(outputs[0][some[0]], alone, "steps that count")
    assert_close(outputs[0, 2], outputs[0, 1], "repeated")
    assert_close(outputs[0, 4], outputs[0, 3], "repeated")
    assert outputs[1, 0].tolist() == [0.0] * outputs.shape[-1]
    layer.zero_output_for_mask = True
    zeros = np.asarray(layer(x, mask=some))
    assert_close(zeros, np.where(some[..., None], outputs, 0), "zeros")
    layer.return_sequences = False
    assert_close(layer(x, mask=some), outputs[:, -1], "the last output is the last one that counts")


def test_masks_go_on_and_turn_round():
    x = np.array([[1, 2, 0, 3], [4, 0, 0, 0]])
    embedded = layers.Embedding(5, 4, mask_zero=True)(x)
    assert tags.get_mask(layers.LSTM(3)(embedded)) is None
    for backwards, expected in ((False, x != 0), (True, (x != 0)[:, ::-1])):
        outputs, h, _ = layers.LSTM(3, return_sequences=True, return_state=True, go_backwards=backwards)(embedded)
        assert tags.get_mask(outputs).tolist() == expected.tolist()
        assert tags.get_mask(h) is None


def test_a_mask_of_features_counts_a_step_where_any_does():
    layer, x = layers.GRU(3), normal(2, 5, 4)
    features = np.zeros((2, 5, 4), bool)
    features[..., 1] = some
    assert_close(layer(x, mask=features), layer(x, mask=some), "mask")


def test_convolutional_lstm_keeps_states_of_masked_steps():
    layer, x = layers.ConvLSTM1D(2, 3, padding="same"), normal(2, 5, 4, 3)
    together = layer(x, mask=some)
    for row, mask, result in zip(x, some, together, strict=True):
        assert_close(layer(row[None, mask])[0], result, "alone")


# States ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LSTM", "stack", "own"])
def test_a_stateful_layer_goes_on_where_it_ended(name):
    layer, x = LAYERS[name](stateful=True, return_sequences=True), normal(2, 6, 4)
    whole = LAYERS[name](return_sequences=True)
    first, second = layer(x[:, :2]), layer(x[:, 2:])
    whole(x)
    whole.set_weights(layer.get_weights())
    assert_close(np.concatenate([first, second], 1), whole(x), "in two parts")
    layer.reset_state()
    assert_close(layer(x), whole(x), "after a reset")
    counts = [[v.name for v in some].count("rnn_state") for some in (layer.weights, layer.variables)]
    assert counts == [0, len(jax.tree.leaves(layer.states))]


def test_states_are_carried_by_compiled_functions():
    layer, x = layers.GRU(3, stateful=True), normal(2, 4, 4)
    layer(x[:, :2])
    compiled = state.jit(lambda x: layer(x))
    together = compiled(x[:, 2:])
    layer.reset_state()
    assert_close(layer(x), together, "state")
    layer.reset_state([np.full((2, 3), 0.5, "float32")])
    assert_close(layer(x), layer(x, initial_state=jnp.full((2, 3), 0.5)), "given states")


def test_the_states_that_come_out_go_in_again():
    layer, x = layers.LSTM(3, return_state=True), normal(2, 6, 4)
    _, *states = layer(x[:, :4])
    assert_close(layer(x[:, 4:], initial_state=states)[0], layer(x)[0], "continued")


# Cells of one's own ---------------------------------------------------------------------------------------------------


class Noisy(layers.Layer):
    """Draws at every step, counts the steps, and adds a loss for each."""

    state_size = 4

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = SeedGenerator(5)
        self.dropout = layers.Dropout(0.5, seed=3)

    def build(self, input_shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

    def call(self, inputs, states, training=False):
        self.steps.assign_add(1)
        self.add_loss(jnp.mean(inputs**2))
        noise = jax.random.normal(self.generator.next(), inputs.shape)
        output = self.dropout(inputs, training=training) + states[0] + 0.1 * noise
        return output, (output,)

    def get_initial_state(self, batch_size=None):
        return jnp.zeros((batch_size, 4))


@pytest.mark.parametrize("unroll", [False, True])
def test_what_a_cell_changes_goes_from_step_to_step(unroll):
    """Random draws, counts and losses; the same compiled, and by hand."""
    layer, x = layers.RNN(Noisy(), return_sequences=True, unroll=unroll), normal(2, 5, 4)
    outputs = layer(x, training=True)
    after = [np.asarray(v.value) for v in layer.variables]
    assert float(layer.cell.steps) == 5
    assert np.asarray(layer.cell.generator.state).tolist() == [5, 5]
    assert_close(sum(layer.losses), (x**2).sum() / 8, "losses")

    again = layers.RNN(Noisy(), return_sequences=True, unroll=unroll)
    compiled = state.jit(lambda x: (again(x, training=True), again.losses))
    traced, losses = compiled(x)
    assert_close(traced, outputs, "compiled")
    assert_close(sum(losses), (x**2).sum() / 8, "losses")
    layer_harness.compare([v.value for v in again.variables], after, "variables")

    by_hand, states = Noisy(), [jnp.zeros((2, 4))]
    for t in range(5):
        output, states = by_hand(x[:, t], states, training=True)
        assert_close(outputs[:, t], output, f"step {t}")


def test_a_cell_without_build_and_with_an_output_of_its_own_size():
    class Projected(layers.Layer):
        state_size, output_size = (4,), 7

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.update, self.show = layers.Dense(4), layers.Dense(7)

        def call(self, inputs, states):
            new = jnp.tanh(self.update(jnp.concatenate([inputs, states[0]], -1)))
            return self.show(new), new

    layer = layers.RNN(Projected(), return_sequences=True)
    assert layer.compute_output_shape((None, None, 3)) == (None, None, 7)
    layer = layers.RNN(Projected(), return_sequences=True, return_state=True)
    layer.build((None, 5, 3))
    assert len(layer.weights) == 4
    outputs, last = layer(normal(2, 5, 3), mask=some)
    assert (outputs.shape, last.shape) == ((2, 5, 7), (2, 4))
    assert_close(outputs[0, 2], outputs[0, 1], "repeated")
    assert np.asarray(outputs[1, 0]).tolist() == [0.0] * 7


def test_a_cell_that_is_no_layer():
    class Sum:
        state_size = 4

        def call(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    x = normal(2, 5, 4)
    assert_close(layers.RNN(Sum())(x), x.sum(1), "sum")
    assert_close(layers.RNN([Sum(), layers.SimpleRNNCell(4)])(x).shape, (2, 4), "stack")


def test_dropout_is_the_same_at_every_step_of_any_cell():
    """In a cell that comes with cornu, in one that is derived from it, and in one that holds it."""

    class Derived(layers.GRUCell):
        def call(self, inputs, states, training=False):
            return super().call(inputs, states, training=training)

    class Holding(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.held = layers.GRUCell(3, dropout=0.5, recurrent_dropout=0.5, seed=2)
            self.state_size = 3

        def build(self, input_shape):
            self.held.build(input_shape)

        def call(self, inputs, states, training=False):
            return self.held(inputs, states, training=training)

    x = normal(2, 5, 4)
    cells = [Derived(3, dropout=0.5, recurrent_dropout=0.5, seed=2), Holding()]
    expected = layers.GRU(3, dropout=0.5, recurrent_dropout=0.5, seed=2)
    expected(x)
    for cell in cells:
        layer = layers.RNN(cell)
        layer.build(x.shape)
        layer.set_weights(expected.get_weights())
        for generator in (expected.cell.seed_generator, getattr(cell, "held", cell).seed_generator):
            generator.state.assign(np.array([2, 0], "uint32"))
        assert_close(layer(x, training=True), expected(x, training=True), type(cell).__name__)
        assert_close(layer(x), expected(x), "inference")


def test_a_cell_of_ones_own_comes_back_from_its_config():
    Cell = plain_cell(layers)
    layer = layers.RNN([Cell(3), layers.LSTMCell(2)], return_sequences=True)
    again = registry.deserialize(registry.serialize(layer), custom_objects={"Cell": Cell})
    assert isinstance(again.cell.cells[0], Cell)
    assert again.get_config() == layer.get_config()
    again(normal(2, 5, 4))
    layer(normal(2, 5, 4))
    again.set_weights(layer.get_weights())
    assert_close(again(normal(2, 5, 4)), layer(normal(2, 5, 4)), "restored")


# Shapes, attributes, errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_unknown_batch_and_time(name):
    width = {"stack": 2, "Bidirectional": 6}.get(name, 3)
    assert LAYERS[name]().compute_output_shape((None, None, 4)) == (None, width)
    assert LAYERS[name](return_sequences=True).compute_output_shape((None, None, 4)) == (None, None, width)


def test_what_the_cell_was_made_with_is_at_hand():
    layer = layers.LSTM(3, dropout=0.2, kernel_regularizer="l2", implementation=1, use_cudnn=False)
    assert (layer.units, layer.dropout, layer.implementation, layer.use_cudnn) == (3, 0.2, 1, False)
    assert layer.kernel_regularizer is layer.cell.kernel_regularizer
    assert not hasattr(layer, "kernel_size")
    assert (layer.cell.name, layers.ConvLSTM1D(2, 2).cell.name) == ("lstm_cell", "conv_lstm_cell")
    layer(normal(2, 5, 4))
    assert [v.path for v in layer.weights] == [
        f"{layer.name}/lstm_cell/{n}" for n in ("kernel", "recurrent_kernel", "bias")
    ]
    assert layer.get_build_config() == {"input_shape": (2, 5, 4)}


ERRORS = [
    (lambda: layers.LSTM(0), "LSTM: argument `units`"),
    (lambda: layers.LSTM(3, dropout=1.5, name="r"), "LSTM 'r': argument `dropout`"),
    (lambda: layers.GRU(3, recurrent_dropout=-1), "GRU: argument `recurrent_dropout`"),
    (lambda: layers.GRU(3, reset_after="no"), "GRU: argument `reset_after`"),
    (lambda: layers.SimpleRNN(3, return_sequences=1), "SimpleRNN: argument `return_sequences`"),
    (lambda: layers.LSTM(3, use_cudnn="yes"), "LSTM: argument `use_cudnn`"),
    (lambda: layers.LSTM(3, unit=4), "`unit`.* Did you mean 'units'"),
    (lambda: layers.LSTM(3, name="r")(normal(2, 4)), "'r'.*shape"),
    (lambda: layers.RNN(layers.Dense(3)), "RNN: argument `cell`"),
    (lambda: layers.RNN([]), "RNN: argument `cell`"),
    (lambda: layers.StackedRNNCells([layers.LSTMCell(2), 3]), "StackedRNNCells: argument `cells`"),
    (
        lambda: layers.LSTM(3, name="r")(normal(2, 5, 4), initial_state=[normal(2, 3)]),
        "LSTM 'r': argument `initial_state`",
    ),
    (
        lambda: layers.GRU(3, name="r")(normal(2, 5, 4), initial_state=normal(1, 3)),
        "(?s)'r': .*initial_state.*\\(1, 3\\)",
    ),
    (lambda: layers.GRU(3, name="r")(normal(2, 5, 4), mask=some[:, :4]), "GRU 'r': argument `mask`"),
    (lambda: layers.GRU(3, name="r", stateful=True).build((None, 5, 4)), "'r' is stateful.*batches"),
    (lambda: layers.ConvLSTM2D(3, 2, padding="causal"), "ConvLSTM2D: argument `padding`"),
    (lambda: layers.ConvLSTM2D(3, 2, strides=2, dilation_rate=2), "`strides` and `dilation_rate`"),
    (lambda: layers.ConvLSTM2D(3, 5)(normal(1, 2, 3, 3, 1)), "the window is larger"),
    (lambda: layers.ConvLSTM2D(3, 2, name="r").build((None, None, None, 3, 1)), "sizes of space must be known"),
]


@pytest.mark.parametrize(("use", "message"), ERRORS)
def test_error(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_a_stateful_layer_refuses_another_batch_size():
    layer = layers.LSTM(3, stateful=True, name="r")
    layer(normal(2, 5, 4))
    with pytest.raises(ValueError, match=r"(?s)LSTM 'r': argument `initial_state`.*batch size"):
        layer(normal(3, 5, 4))


def test_a_cell_that_changes_the_form_of_its_states_is_refused():
    class Wrong(layers.Layer):
        state_size = 4

        def call(self, inputs, states):
            return inputs, [inputs, inputs]

    with pytest.raises(ValueError, match="RNN 'r': the cell's new states"):
        layers.RNN(Wrong(), name="r")(normal(2, 5, 4))
