"""A stateful LSTM forecasts a wave from one value at a time; its picture is drawn where Graphviz is installed."""
from __future__ import print_function

import numpy as np
from keras.layers import Dense, LSTM
from keras.models import Sequential
from keras.utils import plot_model

np.random.seed(2)
batch_size = 1
tsteps = 1
epochs = 12

series = np.sin(np.arange(121) * 0.3)
X, y = series[:-1].reshape(-1, 1, 1), series[1:].reshape(-1, 1)

model = Sequential()
model.add(LSTM(12, batch_input_shape=(batch_size, tsteps, 1), stateful=True))
model.add(Dense(1))
model.compile(loss='mean_squared_error', optimizer='adam')
print(model.input_shape, model.output_shape, model.stateful)
for i in range(epochs):
    model.fit(X, y, epochs=1, batch_size=batch_size, verbose=0, shuffle=False)
    model.reset_states()

print('mse', model.evaluate(X, y, batch_size=batch_size, verbose=0))
model.reset_states()
one = model.predict(X[:1], batch_size=batch_size)
two = model.predict(X[:1], batch_size=batch_size)
model.reset_states()
three = model.predict(X[:1], batch_size=batch_size)
print('the state moves', not np.allclose(one, two, atol=1e-5), 'and starts anew', np.allclose(one, three, atol=1e-6))

# the same weights for any number of sequences
free = Sequential()
free.add(LSTM(12, input_shape=(None, 1)))
free.add(Dense(1))
free.set_weights(model.get_weights())
model.reset_states()
stepwise = model.predict(X[:7], batch_size=batch_size)[-1, 0]
print('same', np.isclose(free.predict(series[:7].reshape(1, 7, 1))[0, 0], stepwise, atol=1e-4))

try:
    plot_model(model, to_file='model.png', show_shapes=True)
    print('picture drawn')
except (ImportError, OSError):
    print('picture not drawn')

# prints: (1, 1, 1) (1, 1) True
# prints: mse <0..0.05>
# prints: the state moves True and starts anew True
# prints: same True
# prints: picture ...drawn
