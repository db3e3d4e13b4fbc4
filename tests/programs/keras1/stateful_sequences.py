'''Use a stateful RNN to follow a cosine wave that is fed piece by piece.'''
from __future__ import print_function
import numpy as np
np.random.seed(2)
from keras.models import Sequential
from keras.layers import Dense, LSTM, GRU, SimpleRNN, TimeDistributed

# since we are using stateful rnn tsteps can be set to 1
tsteps = 1
batch_size = 25
epochs = 8
# number of elements ahead that are used to make the prediction
lahead = 1

# 25 waves side by side, each with a phase of its own
t = np.arange(60)
phase = np.linspace(0, 2 * np.pi, batch_size, endpoint=False)
waves = np.cos(2 * np.pi * t[:, None] / 15. + phase[None, :])  # time, wave
inputs, targets = waves[:-lahead], waves[lahead:]
# batch i holds step i of every wave
cos = inputs.reshape(-1, tsteps, 1)
expected_output = targets.reshape(-1, 1)
print('Input shape:', cos.shape)
print('Output shape:', expected_output.shape)

print('Creating Model')
model = Sequential()
model.add(LSTM(12,
               batch_input_shape=(batch_size, tsteps, 1),
               return_sequences=True,
               stateful=True))
model.add(GRU(12,
              return_sequences=False,
              stateful=True))
model.add(Dense(1))
model.compile(loss='mse', optimizer='rmsprop')
print('shapes', [layer.output_shape for layer in model.layers], model.stateful)

print('Training')
losses = []
for i in range(epochs):
    hist = model.fit(cos, expected_output, batch_size=batch_size, verbose=0, nb_epoch=1, shuffle=False)
    losses.append(hist.history['loss'][0])
    model.reset_states()
print('loss fell to', losses[-1] / losses[0])

print('Predicting')
predicted_output = model.predict(cos, batch_size=batch_size)
model.reset_states()
again = model.predict(cos, batch_size=batch_size)
without = model.predict(cos, batch_size=batch_size)  # the state goes on
print('same from the start', np.allclose(predicted_output, again, atol=1e-6), 'goes on', not np.allclose(again, without))

late = slice(20 * batch_size, None)
error = np.mean((predicted_output[late] - expected_output[late]) ** 2)
print('error', error, 'of', expected_output.var())

# one batch after the other is one long sequence
whole = Sequential([SimpleRNN(3, stateful=True, batch_input_shape=(2, 4, 1), return_sequences=True)])
parts = Sequential([SimpleRNN(3, stateful=True, batch_input_shape=(2, 2, 1), return_sequences=True)])
parts.set_weights(whole.get_weights())
x = np.random.rand(2, 4, 1)
first, second = parts.predict(x[:, :2], batch_size=2), parts.predict(x[:, 2:], batch_size=2)
print('parts are the whole', np.allclose(whole.predict(x, batch_size=2), np.concatenate([first, second], axis=1), atol=1e-6))
parts.layers[0].reset_states()
print('reset', np.allclose(first, parts.predict(x[:, :2], batch_size=2), atol=1e-6))

# prints: Input shape: (1475, 1, 1)
# prints: Output shape: (1475, 1)
# prints: Creating Model
# prints: shapes [(25, 1, 12), (25, 12), (25, 1)] True
# prints: loss fell to <0.0..0.5>
# prints: same from the start True goes on True
# prints: error <0.0..0.1> of <0.4..0.6>
# prints: parts are the whole True
# prints: reset True
# slow
