"""Models that the tests of saving share: each made by cornu or by Keras, given the library."""

from __future__ import annotations

import numpy as np


def stack(k):
    return k.Sequential(
        [
            k.Input((5, 4)),
            k.layers.Dense(3, activation="relu"),
            k.layers.Dropout(0.1),
            k.layers.Conv1D(3, 2),
            k.layers.BatchNormalization(),
            k.layers.Flatten(),
            k.layers.Dense(2, activation="softmax", kernel_regularizer="l2"),
        ]
    )


def graph(k):
    """A shared layer, nested models, operations, slices, several inputs and outputs."""
    a, b, x = k.Input((6,), name="a"), k.Input((4,), name="b"), k.Input((4,))
    shared = k.layers.Dense(4)
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(4)], name="inner")
    function = k.Model(x, k.layers.Dense(4)(x) * 2, name="function")
    joined = k.layers.Concatenate()([shared(a), b * 2.0 + 1, inner(b), function(b), function(inner(b))])
    again = shared(a)
    return k.Model({"a": a, "b": b}, [joined + 1, k.ops.mean(again, axis=-1), again[:, 1:3]])


def recurrent(k):
    both_ways = k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True, dropout=0.1))
    backward = k.layers.GRU(2, go_backwards=True)
    cells = [k.layers.GRUCell(3), k.layers.LSTMCell(2)]
    return k.Sequential(
        [
            k.Input((5, 4)),
            both_ways,
            k.layers.TimeDistributed(k.layers.Dense(4)),
            k.layers.RNN(cells, return_sequences=True),
            k.layers.Bidirectional(k.layers.GRU(2), merge_mode="sum", backward_layer=backward),
        ]
    )


def attention(k):
    tokens = k.Input((5,), dtype="int32")
    x = k.layers.Embedding(10, 8, mask_zero=True)(tokens)
    x = k.layers.LayerNormalization()(x + k.layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x))
    return k.Model(tokens, k.layers.GlobalAveragePooling1D()(k.layers.PReLU()(x)))


def images(k):
    return k.Sequential(
        [
            k.Input((8, 8, 3)),
            k.layers.SeparableConv2D(4, 3),
            k.layers.Conv2DTranspose(2, 3),
            k.layers.SpectralNormalization(k.layers.Conv2D(3, 3)),
            k.layers.GlobalMaxPooling2D(),
            k.layers.EinsumDense("ab,bc->ac", output_shape=4, bias_axes="c"),
        ]
    )


def halves(k):
    return k.Sequential([k.Input((4,)), k.layers.Dense(3, dtype="bfloat16"), k.layers.Dense(2)])


def subclass(k):
    """Layers in lists, tuples, dicts, nested; under two names; private; with weights of its own."""

    @k.saving.register_keras_serializable("tests")
    class Block(k.layers.Layer):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense, self._hidden = k.layers.Dense(units), k.layers.Dense(units)
            self.noise = k.layers.Dropout(0.1)

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), name="scale", initializer="ones")
            self.count = self.add_weight(shape=(), name="count", trainable=False, initializer="zeros")
            self.shift = self.add_weight(shape=(input_shape[-1],), name="shift", initializer="zeros")
            self.dense.build(input_shape)
            self._hidden.build((*input_shape[:-1], self.units))
            self.built = True

        def call(self, x):
            return self._hidden(self.dense(self.noise(x * self.scale + self.shift)))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @k.saving.register_keras_serializable("tests")
    class Net(k.Model):
        def __init__(self, width=3, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.blocks = [Block(width), Block(width)]
            self.nested = [[k.layers.Dense(width)], [k.layers.Dense(width), k.layers.Dense(width)]]
            self.named = {"b": k.layers.Dense(width), "a": k.layers.LayerNormalization()}
            self.alias, self.pair = self.blocks[1], (k.layers.Dense(width),)
            self.zoo = k.Sequential([k.layers.Dense(4), k.layers.Dense(width)])
            self.total = k.metrics.Mean(name="total")
            self._private = k.layers.Dense(width)

        def call(self, x):
            for layer in (*self.blocks, *self.nested[0], *self.nested[1], *self.named.values(), *self.pair):
                x = layer(x)
            return self._private(self.zoo(x))

        def get_config(self):
            return {**super().get_config(), "width": self.width}

    model = Net(3)
    model(np.zeros((2, 4), "float32"))
    return model


MODELS = {f.__name__: f for f in (stack, graph, recurrent, attention, images, halves, subclass)}


def inputs(name: str):
    draw = np.random.default_rng(0)
    if name == "graph":
        return {"a": draw.random((5, 6), "float32"), "b": draw.random((5, 4), "float32")}
    if name == "attention":
        return draw.integers(0, 10, (5, 5))
    shapes = {"stack": (5, 4), "recurrent": (5, 4), "images": (8, 8, 3), "halves": (4,), "subclass": (4,)}
    return draw.random((5, *shapes[name]), "float32")


def flat(outputs) -> list[np.ndarray]:
    return [np.asarray(y, "float32") for y in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
