"""A recurrent cell of one's own in keras.layers.RNN: an echo task, stacked with a GRU cell, with state kept."""

import numpy as np

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("rnn")
class MinimalRNNCell(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), initializer="orthogonal", name="recurrent_kernel"
        )

    def call(self, inputs, states):
        prev_output = states[0]
        output = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(prev_output, self.recurrent_kernel))
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


keras.utils.set_random_seed(15)
rng = np.random.default_rng(15)
x = rng.choice([-1.0, 1.0], size=(600, 10, 1)).astype("float32")
y = np.roll(x, 2, axis=1)
y[:, :2] = 0  # what came two steps before

model = keras.Sequential(
    [keras.Input((None, 1)), layers.RNN(MinimalRNNCell(16), return_sequences=True), layers.Dense(1)]
)
model.compile(keras.optimizers.Adam(0.01), "mse")
model.fit(x[:500], y[:500], epochs=20, batch_size=50, verbose=0)
print("echo error %.3f" % model.evaluate(x[500:], y[500:], verbose=0), "parameters", model.count_params())
print("weights", [(w.name, tuple(w.shape)) for w in model.weights])

model.save("echo.keras")
again = keras.models.load_model("echo.keras")
print("loaded:", np.allclose(model.predict(x[:5], verbose=0), again.predict(x[:5], verbose=0), atol=1e-6))
print(type(again.layers[0].cell).__name__, "longer series:", again.predict(np.ones((1, 25, 1)), verbose=0).shape)

# By hand
cell = model.layers[0].cell
k, r = np.array(cell.kernel), np.array(cell.recurrent_kernel)
state, outputs = np.zeros((1, 16)), []
for t in range(10):
    state = np.tanh(x[:1, t] @ k + state @ r)
    outputs.append(state)
inner = keras.Model(model.inputs, model.layers[0].output)
print("as by hand:", np.allclose(inner.predict(x[:1], verbose=0)[0], np.concatenate(outputs), atol=1e-4))

# Several cells, states given and returned, backwards, masks.
stacked = layers.RNN([MinimalRNNCell(4), layers.GRUCell(3)], return_state=True)
out = stacked(x[:2])
print("stacked", [tuple(o.shape) for o in keras.tree.flatten(out)])
lstm = layers.LSTM(5, return_sequences=True, return_state=True)
seq, h, c = lstm(x[:2])
print("lstm", tuple(seq.shape), np.allclose(seq[:, -1], h, atol=1e-6), tuple(c.shape))
first, h1, c1 = lstm(x[:2, :6])
rest, h2, c2 = lstm(x[:2, 6:], initial_state=[h1, c1])
print("in two parts:", np.allclose(h, h2, atol=1e-5))
masked = layers.Masking(mask_value=0.0)
padded = np.concatenate([x[:2], np.zeros((2, 3, 1), "float32")], axis=1)
print("masked:", np.allclose(lstm(masked(padded))[1], h, atol=1e-5))
kept = layers.SimpleRNN(3, stateful=True)
one, two = np.array(kept(x[:2])), np.array(kept(x[:2]))
kept.reset_state()
print("stateful:", not np.allclose(one, two), np.allclose(one, kept(x[:2]), atol=1e-6))

# prints: echo error <0..0.1> parameters 289
# prints: weights [('kernel', (1, 16)), ('recurrent_kernel', (16, 16)), ('kernel', (16, 1)), ('bias', (1,))]
# prints: loaded: True
# prints: MinimalRNNCell longer series: (1, 25, 1)
# prints: as by hand: True
# prints: stacked [(2, 3), (2, 4), (2, 3)]
# prints: lstm (2, 10, 5) True (2, 5)
# prints: in two parts: True
# prints: masked: True
# prints: stateful: True True
# slow
