"""TimeDistributed and Bidirectional against Keras's: steps, directions, masks, states, configs."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import keras
import layer_harness
import numpy as np
import pytest
from layer_harness import Row, assert_close, normal, table

from cornu import layers, registry, tags, utils
from cornu import variables as state

some = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]], bool)
steps = np.stack([some, some[::-1], ~some], axis=1)
brief = ("weights", "inference", "symbolic", "precision")  # the same for every way to make a layer
starts = {"initial_state": [normal(2, 3, seed=i) for i in range(4)]}

ROWS = [
    Row(lambda L: L.TimeDistributed(L.Dense(3, activation="relu")), (2, 5, 4), mask=some),
    Row(lambda L: L.TimeDistributed(L.Conv1D(2, 3)), (2, 3, 5, 4), skip=("precision",), name="TimeDistributed-Conv1D"),
    Row(lambda L: L.TimeDistributed(L.GRU(3)), (2, 3, 5, 4), skip=("precision",), name="TimeDistributed-GRU"),
    Row(lambda L: L.TimeDistributed(L.BatchNormalization()), (2, 5, 4), skip=("precision",), name="TimeDistributed-BN"),
    Row(lambda L: L.TimeDistributed(L.LSTM(3), trainable=False), (2, 3, 5, 4), skip=(*brief, "training")),
    Row(lambda L: L.Bidirectional(L.LSTM(3)), (2, 5, 4)),
    Row(
        lambda L: L.Bidirectional(L.LSTM(3, return_sequences=True, return_state=True), merge_mode="sum"),
        (2, 5, 4),
        mask=some,
        name="Bidirectional-sequences",
        skip=("precision",),
    ),
    Row(lambda L: L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode=None), (2, 5, 4), mask=some, skip=brief),
    Row(lambda L: L.Bidirectional(L.GRU(3, return_state=True), merge_mode=None), (2, 5, 4), skip=brief),
    Row(lambda L: L.Bidirectional(L.SimpleRNN(3), "mul"), (2, 5, 4), mask=some, skip=brief, unlike=("seed",)),
    Row(lambda L: L.Bidirectional(L.LSTM(3, return_state=True), "ave"), (2, 5, 4), starts, skip=brief),
    Row(
        lambda L: L.Bidirectional(L.GRU(3), backward_layer=L.LSTM(2, go_backwards=True)),
        (2, 5, 4),
        mask=some,
        skip=brief,
    ),
    Row(lambda L: L.Bidirectional(L.RNN([L.LSTMCell(3), L.GRUCell(2)])), (2, 5, 4), skip=brief),
    Row(lambda L: L.Bidirectional(L.ConvLSTM1D(2, 2, return_sequences=True)), (1, 3, 4, 2), skip=brief),
    Row(lambda L: L.Bidirectional(L.LSTM(3, dropout=0.4, recurrent_dropout=0.2, seed=1)), (2, 5, 4), skip=brief),
]


@table(ROWS)
def test_layer(row, check):
    check(row)


@pytest.mark.parametrize("name", ["Wrapper", "TimeDistributed", "Bidirectional"])
def test_signature(name):
    theirs, ours = (inspect.signature(getattr(library, name).__init__) for library in (keras.layers, layers))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]


def test_a_planted_error_is_seen():
    class Wrong(layers.Bidirectional):
        """Forgets to turn the backward outputs round."""

        def call(self, sequences, **given):
            outputs = super().call(sequences, **given)
            return jnp.concatenate([outputs[..., :3], outputs[:, ::-1, 3:]], -1)

    def make(library):
        made = Wrong if library._module is layers else library.Bidirectional
        return made(library.GRU(3, return_sequences=True))

    with pytest.raises(AssertionError):
        layer_harness.check_inference(Row(make, (2, 5, 4)))


# TimeDistributed ------------------------------------------------------------------------------------------------------


def test_each_step_is_what_the_layer_gives():
    inner = layers.Dense(3)
    layer, x = layers.TimeDistributed(inner), normal(2, 5, 4, 6)
    outputs = layer(x)
    for t in range(5):
        assert_close(outputs[:, t], inner(x[:, t]), f"step {t}")
    assert layer.compute_output_shape((None, None, 4, 6)) == (None, None, 4, 3)


def test_the_masks_of_steps_go_to_the_layer_and_come_out():
    """Sentences of words: the inner layer passes over padding words, the outer one over empty sentences."""
    words = np.array([[[1, 2, 0], [3, 0, 0], [0, 0, 0]], [[4, 4, 4], [0, 0, 0], [0, 0, 0]]])
    embedded = layers.Embedding(5, 4, mask_zero=True)(words)
    sentences, document = layers.TimeDistributed(layers.LSTM(3)), layers.GRU(2)
    read = sentences(embedded)
    assert tags.get_mask(read).tolist() == [[True, True, False], [True, False, False]]
    assert_close(sentences.layer(embedded[:1, 0, :2])[0], read[0, 0], "a sentence alone")
    assert_close(document(read)[1], document(read[1:, :1])[0], "a document of one sentence")
    dense = layers.TimeDistributed(layers.Dense(3))
    assert tags.get_mask(dense(embedded)).tolist() == (words != 0).tolist()


def test_dropout_draws_for_every_step_and_compiles():
    layer, x = layers.TimeDistributed(layers.Dropout(0.5, seed=1)), np.ones((4, 6, 32), "float32")
    outputs = np.asarray(state.jit(lambda x: layer(x, training=True))(x))
    assert len({step.tobytes() for row in outputs for step in row}) == 24
    assert 0.3 < (outputs == 0).mean() < 0.7
    assert_close(layer(x), x, "inference")


class Counting(layers.Layer):
    """Counts its calls, and adds a loss in each."""

    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, inputs):
        self.calls.assign_add(1)
        self.add_loss(jnp.mean(inputs**2))
        return inputs + self.calls


def test_a_layer_that_changes_state_runs_step_by_step():
    layer, x = layers.TimeDistributed(Counting()), normal(2, 5, 4)
    assert_close(layer(x), x + np.arange(1, 6, dtype="float32")[:, None], "outputs")
    assert float(layer.layer.calls) == 5
    assert_close(sum(layer.losses), (x**2).sum() / 8, "losses")
    compiled = state.jit(lambda x: layer(x))
    assert_close(compiled(x), x + np.arange(6, 11, dtype="float32")[:, None], "compiled")


# Bidirectional --------------------------------------------------------------------------------------------------------


def test_the_parts_have_keras_names():
    layer = layers.Bidirectional(layers.LSTM(3, name="memory"), name="both")
    layer(normal(2, 5, 4))
    assert (layer.forward_layer.name, layer.backward_layer.name) == ("forward_memory", "backward_memory")
    assert (layer.forward_layer.go_backwards, layer.backward_layer.go_backwards) == (False, True)
    assert layer.weights[0].path == "both/forward_memory/lstm_cell/kernel"
    assert layer.weights[3].path == "both/backward_memory/lstm_cell/kernel"
    again = registry.deserialize(registry.serialize(layer))
    assert again.forward_layer.name == "forward_memory"


def test_directions_have_weights_and_seeds_of_their_own():
    layer = layers.Bidirectional(layers.GRU(3, dropout=0.5, use_cudnn=False))
    layer(normal(2, 5, 4))
    first, second = layer.forward_layer, layer.backward_layer
    assert not np.array_equal(first.cell.kernel.numpy(), second.cell.kernel.numpy())
    assert first.cell.seed_generator.seed != second.cell.seed_generator.seed
    assert first.use_cudnn is second.use_cudnn is False


def test_initial_weights():
    weights = [normal(*shape) for shape in [(4, 3), (3, 3), (3,)] * 2]
    layer = layers.Bidirectional(layers.SimpleRNN(3), weights=weights)
    layer(normal(2, 5, 4))
    layer_harness.compare(layer.get_weights(), weights, "weights")
    assert "weights" not in layer.get_config()


def test_a_layer_made_of_unregistered_parts_is_copied():
    def squash(x):
        return jnp.tanh(x)

    class Cell(layers.GRUCell):
        pass

    class Own(layers.RNN):
        pass

    layer = layers.Bidirectional(Own(Cell(3, activation=squash)))
    assert isinstance(layer.backward_layer, Own)
    assert isinstance(layer.backward_layer.cell, Cell)
    assert layer.backward_layer.cell.activation is squash
    assert layer(normal(2, 5, 4)).shape == (2, 6)


def test_padding_on_any_side_gives_what_the_sequence_gives_alone():
    layer, x = layers.Bidirectional(layers.LSTM(3, return_sequences=True)), normal(2, 5, 4)
    together = np.asarray(layer(x, mask=some))
    for row, mask, result in zip(x, some, together, strict=True):
        assert_close(layer(row[None, mask])[0], result[mask], "alone")
        assert not result[~mask].any()


def test_masks_of_the_outputs():
    x = normal(2, 5, 4)
    for merge, number in (("concat", 1), (None, 2)):
        outputs = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True), merge)(x, mask=some)
        found = [tags.get_mask(output) for output in outputs]
        assert all(mask.tolist() == some.tolist() for mask in found[:number])
        assert found[number:] == [None, None]


def test_stateful_directions():
    layer, x = layers.Bidirectional(layers.LSTM(3, stateful=True)), normal(2, 5, 4)
    first = layer(x)
    assert len(layer.states) == 4
    assert not np.allclose(layer(x), first)
    layer.reset_state()
    assert_close(layer(x), first, "after a reset")
    with pytest.raises(AttributeError, match="has no states to reset"):
        layers.Bidirectional(layers.LSTM(3)).reset_state()


def test_gradients_are_compiled_with_masks():
    """The whole of a text classifier's first layers, traced and differentiated."""
    ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0]])
    embedding, layer = layers.Embedding(5, 4, mask_zero=True), layers.Bidirectional(layers.LSTM(3))
    layer(embedding(ids))
    variables = [*embedding.trainable_variables, *layer.trainable_variables]
    loss = state.functional(lambda: (layer(embedding(ids)) ** 2).sum(), variables)
    gradients = jax.jit(jax.grad(lambda values: loss(values)[0]))([v.value for v in variables])
    assert not np.asarray(gradients[0][0]).any()
    assert all(np.asarray(gradient).any() for gradient in gradients)


# Errors ---------------------------------------------------------------------------------------------------------------

ERRORS = [
    (lambda: layers.TimeDistributed("dense"), "TimeDistributed: argument `layer`"),
    (lambda: layers.TimeDistributed(layers.Dense(3), name="w")(normal(2, 4)), "'w': the shape of the inputs is wrong"),
    (
        lambda: layers.TimeDistributed(layers.Dense(3), name="w")(normal(2, 5, 4), mask=some[:, :3]),
        "'w': the shape of the mask is wrong",
    ),
    (lambda: layers.Bidirectional(layers.Dense(3)), "Bidirectional: argument `layer`"),
    (lambda: layers.Bidirectional(layers.LSTM(3), "max", name="w"), "Bidirectional 'w': argument `merge_mode`"),
    (lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3), name="w"), "'w': .*`go_backwards`"),
    (
        lambda: layers.Bidirectional(
            layers.LSTM(3), backward_layer=layers.LSTM(3, go_backwards=True, return_sequences=True)
        ),
        "`return_sequences`",
    ),
]


@pytest.mark.parametrize(("use", "message"), ERRORS)
def test_error(use, message):
    with pytest.raises(ValueError, match=message):
        use()


@pytest.mark.parametrize(
    "make", [lambda: layers.Bidirectional(layers.LSTM(2)), lambda: layers.TimeDistributed(layers.Dense(2))]
)
def test_the_same_seed_gives_the_same_weights_however_many_layers_came_before(make):
    def weights():
        utils.set_random_seed(5)
        layer = make()
        layer(np.zeros((1, 3, 2), "float32"))
        return layer.get_weights()

    for first, second in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_both_directions_start_differently():
    layer = layers.Bidirectional(layers.LSTM(2))
    layer(np.zeros((1, 3, 2), "float32"))
    assert (layer.forward_layer.get_weights()[0] != layer.backward_layer.get_weights()[0]).all()
