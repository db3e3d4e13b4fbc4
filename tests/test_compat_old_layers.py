"""The layers of old eras against their equations in NumPy."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cornu
from cornu import registry
from cornu.compat.old import activations, initializations, layers, recurrent
from cornu.compat.old import local as local_layers
from cornu.compat.old.recurrent_base import Recurrent, time_distributed_dense
from cornu.layers.input_spec import InputSpec

generator = np.random.default_rng(3)


def draw(*shape: int) -> np.ndarray:
    return generator.normal(size=shape).astype("float32")


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def highway(x, kernel, carry_kernel, bias, carry_bias):
    t = sigmoid(x @ carry_kernel + carry_bias)
    return t * np.tanh(x @ kernel + bias) + (1 - t) * x


def maxout(x, kernel, bias):
    return np.max([x @ k + b for k, b in zip(kernel, bias, strict=True)], axis=0)


def s_relu(x, t_left, a_left, t_right, a_right):
    right = t_left + abs(t_right)
    above = np.where(x >= right, right + a_right * (x - right), x)
    return np.where(x <= t_left, t_left + a_left * (x - t_left), above)


def local(x, kernel, bias, window, strides, first=False):
    """The places one by one, as Keras 2 lays their windows out."""
    places = bias.shape[:-1]
    out = np.zeros((len(x), *places, bias.shape[-1]), "float32")
    for number, place in enumerate(np.ndindex(*places)):
        cut = tuple(slice(i * s, i * s + w) for i, s, w in zip(place, strides, window, strict=True))
        patch = x[(slice(None), slice(None), *cut)] if first else x[(slice(None), *cut)]
        out[(slice(None), *place)] = patch.reshape(len(x), -1) @ kernel[number] + bias[place]
    return np.moveaxis(out, -1, 1) if first else out


LAYERS = {
    "Highway": (layers.Highway(activation="tanh"), (5, 4), highway),
    "Highway without bias": (
        layers.Highway(activation="tanh", use_bias=False), (5, 4), lambda x, w, c: highway(x, w, c, 0, 0)),
    "MaxoutDense": (layers.MaxoutDense(3, nb_feature=2), (5, 4), maxout),
    "TimeDistributedDense": (layers.TimeDistributedDense(3), (5, 2, 4), lambda x, w, b: x @ w + b),
    "TimeDistributedMerge": (layers.TimeDistributedMerge("mul"), (5, 2, 4), lambda x: x.prod(1)),
    "SReLU": (layers.SReLU(), (5, 2, 4), s_relu),
    "SReLU, shared": (layers.SReLU(shared_axes=[1]), (5, 2, 4), s_relu),
    "ParametricSoftplus": (
        layers.ParametricSoftplus(), (5, 4), lambda x, alpha, beta: alpha * np.log(1 + np.exp(beta * x))),
    "ThresholdedReLU": (layers.ThresholdedReLU(0.3), (5, 4), lambda x: x * (x > 0.3)),
    "LocallyConnected1D": (
        layers.LocallyConnected1D(3, 2, strides=2), (5, 7, 4), lambda x, w, b: local(x, w, b, (2,), (2,))),
    "LocallyConnected2D": (
        layers.LocallyConnected2D(3, (2, 3), data_format="channels_last"), (5, 4, 6, 2),
        lambda x, w, b: local(x, w, b, (2, 3), (1, 1))),
    "LocallyConnected2D, channels first": (
        layers.LocallyConnected2D(3, (2, 3), strides=(2, 1), data_format="channels_first"), (5, 2, 4, 6),
        lambda x, w, b: local(x, w, b, (2, 3), (2, 1), True)),
    "BatchNormalization of samples": (
        layers.BatchNormalization(mode=1), (5, 4),
        lambda x, gamma, beta, *_: gamma * (x - x.mean(-1, keepdims=True)) / (
            np.sqrt(x.var(-1, keepdims=True) + 1e-3) + 1e-3) + beta),
    "BatchNormalization of batches": (
        layers.BatchNormalization(mode=2, axis=1), (5, 2, 3),
        lambda x, gamma, beta, *_: gamma[:, None] * (x - x.mean((0, 2), keepdims=True)) / np.sqrt(
            x.var((0, 2), keepdims=True) + 1e-3) + beta[:, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_equations(case):
    layer, shape, equation = LAYERS[case]
    layer.build(shape)
    layer.set_weights([draw(*w.shape) for w in layer.get_weights()])
    x = draw(*shape)
    expected = equation(x, *layer.get_weights())
    np.testing.assert_allclose(layer(x), expected, rtol=2e-5, atol=2e-5)
    assert not np.allclose(layer(x[::-1]), expected)


@pytest.mark.parametrize("case", LAYERS)
def test_configs(case):
    layer, _shape, _ = LAYERS[case]
    again = registry.deserialize(json.loads(json.dumps(registry.serialize(layer))))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


def test_first_weights():
    highway = layers.Highway()
    highway.build((None, 3))
    assert highway.carry_bias.numpy().tolist() == [1.0, 1.0, 1.0]
    kernel = layers.MaxoutDense(50, nb_feature=4)
    kernel.build((None, 100))
    assert abs(kernel.kernel.numpy()).max() == pytest.approx(np.sqrt(3 / np.sqrt(4 * 100 * 50)), rel=1e-3)


def test_local_layers_need_sizes():
    with pytest.raises(ValueError, match="sizes of the inputs"):
        layers.LocallyConnected2D(3, 2).build((None, None, 5, 1))


@pytest.mark.parametrize(("form", "space"), [("channels_last", (1, 2)), ("channels_first", (2, 3))])
def test_full_padding(form, space):
    x = draw(2, 5, 6, 3)
    old = local_layers.FullConvolution2D(4, (3, 2), padding="full", data_format=form)
    new = cornu.layers.Conv2D(4, (3, 2), data_format=form)
    old.build(x.shape), new.build(x.shape)
    new.set_weights(old.get_weights())
    zeros = [(0, 0)] * 4
    zeros[space[0]], zeros[space[1]] = (2, 2), (1, 1)
    np.testing.assert_allclose(old(x), new(np.pad(x, zeros)), rtol=1e-5, atol=1e-5)
    assert registry.deserialize(registry.serialize(old)).padding == "full"


def test_dilated_convolutions():
    x = draw(2, 8, 8, 3)
    old, new = layers.AtrousConvolution2D(4, 3, dilation_rate=2), cornu.layers.Conv2D(4, 3, dilation_rate=2)
    old.build(x.shape), new.build(x.shape)
    new.set_weights(old.get_weights())
    np.testing.assert_array_equal(old(x), new(x))


def test_words_are_dropped_for_the_whole_batch():
    layer = layers.Embedding(50, 4, dropout=0.5, seed=1)
    words = np.tile(np.arange(50), (3, 1))
    rows, dropped = np.asarray(layer(words)), np.asarray(layer(words, training=True))
    whole = np.all(dropped == 0, axis=-1)
    assert 10 < whole[0].sum() < 40
    assert (whole == whole[0]).all()
    np.testing.assert_allclose(dropped[~whole], 2 * rows[~whole], rtol=1e-6)


def test_batch_statistics_leave_the_moving_averages_alone():
    layer = layers.BatchNormalization(mode=2)
    layer(draw(5, 4), training=True)
    assert layer.moving_mean.numpy().tolist() == [0.0] * 4


# Recurrence ----------------------------------------------------------------------------------------------------------


def hard(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x, kernel, recurrent_kernel, bias):
    h = c = np.zeros((len(x), len(recurrent_kernel)), "float32")
    for step in np.moveaxis(x, 1, 0):
        i, f, g, o = np.split(step @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
        c = hard(f) * c + hard(i) * np.tanh(g)
        h = hard(o) * np.tanh(c)
    return h


def gru(x, kernel, recurrent_kernel, bias):
    h, n = np.zeros((len(x), len(recurrent_kernel)), "float32"), len(recurrent_kernel)
    for step in np.moveaxis(x, 1, 0):
        xz, xr, xg = np.split(step @ kernel + bias, 3, axis=-1)
        z, r = hard(xz + h @ recurrent_kernel[:, :n]), hard(xr + h @ recurrent_kernel[:, n : 2 * n])
        h = z * h + (1 - z) * np.tanh(xg + (r * h) @ recurrent_kernel[:, 2 * n :])
    return h


@pytest.mark.parametrize(("name", "equation"), [("LSTM", lstm), ("GRU", gru)])
def test_recurrent_defaults(name, equation):
    layer = getattr(cornu.layers, name)(3, **recurrent.DEFAULTS["keras2"][name])
    x = draw(5, 6, 4)
    layer.build(x.shape)
    layer.set_weights([draw(*w.shape) for w in layer.get_weights()])
    np.testing.assert_allclose(layer(x), equation(x, *layer.get_weights()), rtol=1e-4, atol=1e-5)
    assert type(layer).from_config(layer.get_config()).recurrent_activation is activations.hard_sigmoid


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_weights_are_drawn_gate_by_gate(name):
    layer = getattr(cornu.layers, name)(**recurrent.gate_by_gate(name, {"units": 20}))
    layer.build((None, 5, 40))
    kernel, recurrent_kernel = layer.get_weights()[:2]
    gates = kernel.shape[1] // 20
    assert abs(kernel).max() == pytest.approx(np.sqrt(6 / 60), rel=0.02)
    for gate in np.split(recurrent_kernel, gates, axis=1):
        np.testing.assert_allclose(gate @ gate.T, 1.21 * np.eye(20), atol=1e-4)


def test_layers_for_cudnn():
    x = draw(2, 5, 4)
    for old, new in ((layers.CuDNNLSTM(3), cornu.layers.LSTM(3)), (layers.CuDNNGRU(3), cornu.layers.GRU(3))):
        new.build(x.shape), old.build(x.shape)
        old.set_weights(new.get_weights())
        np.testing.assert_array_equal(old(x), new(x))
        assert type(old).from_config(old.get_config()).units == 3
    assert layers.CuDNNGRU(3).reset_after
    with pytest.raises((ValueError, TypeError), match="recurrent_dropout"):
        layers.CuDNNLSTM(3, recurrent_dropout=0.5)


def test_old_initial_values_serve_layers():
    def own(shape, name=None):
        return initializations.normal(shape, scale=0.01, name=name)

    for given in ("he_normal", initializations.uniform, own):
        layer = cornu.layers.Dense(300, kernel_initializer=initializations.get(given))
        layer.build((None, 200))
    assert layer.kernel.numpy().std() == pytest.approx(0.01, rel=0.05)


def test_initializers_that_give_variables():
    from cornu.compat.old.initializations import normal
    from cornu.compat.values import modern
    from cornu.layers import Dense
    from cornu.models import Sequential

    for function in (normal, lambda shape, name: normal(shape, scale=0.05, name=name)):
        model = Sequential(
            [Dense(50, input_shape=(40,), kernel_initializer=modern("init", "kernel_initializer", function))]
        )
        assert np.isclose(model.get_weights()[0].std(), 0.05, rtol=0.1)


class Accumulator(Recurrent):
    """y_t = h_t W, h_t = h_{t-1} + x_t: as programs of Keras 1 wrote it."""

    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec, self.states = [InputSpec(shape=input_shape)], [None]
        self.W = self.add_weight(shape=(self.output_dim, self.output_dim))

    def preprocess_input(self, x):
        return time_distributed_dense(x, np.ones((3, self.output_dim), "float32"))

    def step(self, x, states):
        h = states[0] + x
        return h @ self.W, [h]


@pytest.mark.parametrize("sequences", [False, True])
def test_recurrent_layers_of_ones_own(sequences):
    x = np.arange(24.0, dtype="float32").reshape(2, 4, 3)
    mask = np.array([[True, True, False, True]] * 2)
    layer = Accumulator(2, return_sequences=sequences)
    found = np.asarray(layer(x, mask=mask))
    sums = np.cumsum(np.where(mask, x.sum(-1), 0), 1)[:, :, None].repeat(2, -1) @ layer.get_weights()[0]
    assert np.allclose(found, sums if sequences else sums[:, -1], rtol=1e-4)
    assert layer.get_config()["return_sequences"] is sequences
    with pytest.raises(NotImplementedError, match="step"):
        Recurrent.step(layer, x, [])
