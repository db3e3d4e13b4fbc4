"""What counts how much: class weights, sample weights, weights of time steps; multi-label outputs; old activations."""
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import Activation, Dense, Dropout, LSTM, TimeDistributed
from keras.layers.advanced_activations import ELU, LeakyReLU, PReLU, ThresholdedReLU
from keras.layers.noise import GaussianDropout, GaussianNoise
from keras.models import Sequential
from sklearn.utils import class_weight

np.random.seed(17)

# --- a rare class
x = np.random.randn(800, 2)
y = (x.sum(axis=1) + 0.7 * np.random.randn(800) > 2.2).astype(int)
print('rare %.3f' % y.mean())


def classifier():
    model = Sequential()
    model.add(Dense(8, input_dim=2))
    model.add(PReLU())
    model.add(Dense(1, activation='sigmoid'))
    model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model


def recall(model):
    return model.predict_classes(x)[y == 1].mean()


plain = classifier()
plain.fit(x, y, epochs=15, batch_size=32, verbose=0)
weights = class_weight.compute_class_weight('balanced', classes=np.unique(y), y=y)
balanced = classifier()
balanced.fit(x, y, epochs=15, batch_size=32, verbose=0, class_weight={0: weights[0], 1: weights[1]})
print('recall of the rare', recall(plain), 'and balanced', recall(balanced), recall(balanced) > recall(plain))
by_sample = classifier()
by_sample.fit(x, y, epochs=15, batch_size=32, verbose=0, sample_weight=np.where(y == 1, weights[1], weights[0]))
print('by sample', recall(by_sample) > recall(plain))
print('weighted loss', by_sample.evaluate(x, y, verbose=0, sample_weight=np.zeros(800))[0])

# --- sequences whose last steps are only filled up
steps = 6
X = np.random.randn(300, steps, 2)
Y = np.cumsum(X[..., :1], axis=1)
weights = np.ones((300, steps))
for row, length in zip(range(300), np.random.randint(2, steps + 1, 300)):
    Y[row, length:] = 50.  # nonsense
    weights[row, length:] = 0
model = Sequential()
model.add(LSTM(16, return_sequences=True, input_shape=(steps, 2)))
model.add(TimeDistributed(Dense(1)))
model.compile(loss='mse', optimizer='rmsprop', sample_weight_mode='temporal')
h = model.fit(X, Y, sample_weight=weights, epochs=25, batch_size=16, verbose=0)
error = (model.predict(X) - Y)[..., 0] ** 2
print('temporal', (error * weights).sum() / weights.sum(), h.history['loss'][-1] < 1)

# --- several labels at once
labels = np.stack([x[:, 0] > 0, x[:, 1] > 0, x[:, 0] > x[:, 1]], axis=1).astype('float32')
model = Sequential()
model.add(GaussianNoise(0.05, input_shape=(2,)))
model.add(Dense(16))
model.add(LeakyReLU(alpha=0.1))
model.add(Dense(16))
model.add(ELU(alpha=0.5))
model.add(GaussianDropout(0.05))
model.add(Dense(3))
model.add(Activation('sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(x, labels, epochs=10, batch_size=16, verbose=0)
score = model.evaluate(x, labels, verbose=0)
exact = np.mean((model.predict(x) > 0.5) == (labels > 0.5))
print('multi-label acc %.4f' % score[1], 'of single labels', abs(score[1] - exact) < 1e-3)
print([layer.name for layer in model.layers])

# --- activations by themselves
values = np.array([[-2., -0.5, 0.5, 2.]])
for layer in (LeakyReLU(), ELU(), ThresholdedReLU(theta=1.0), PReLU(alpha_initializer='ones'),
              Activation('hard_sigmoid'), Activation('softsign'), Activation('selu')):
    probe = Sequential()
    probe.add(layer)
    probe.build((None, 4))
    print(type(layer).__name__, probe.predict(values)[0].round(3).tolist())

# prints: rare <0.02..0.12>
# prints: recall of the rare <0..0.7> and balanced <0.7..1> True
# prints: by sample True
# prints: weighted loss 0.0
# prints: temporal <0..0.8> True
# prints: multi-label acc <0.93..1> of single labels True
# prints: ['gaussian_noise_1', 'dense_8', 'leaky_re_lu_1', 'dense_9', 'elu_1', 'gaussian_dropout_1', 'dense_10', 'activation_1']
# prints: LeakyReLU [-0.6...-0.15...0.5, 2.0]
# prints: ELU [-0.865...-0.393...0.5, 2.0]
# prints: ThresholdedReLU [...0.0, 2.0]
# prints: PReLU [-2.0, -0.5, 0.5, 2.0]
# prints: Activation [<0.09..0.11>, <0.39..0.41>, <0.59..0.61>, <0.89..0.91>]
# prints: Activation [<-0.67..-0.66>, <-0.34..-0.33>, <0.33..0.34>, <0.66..0.67>]
# prints: Activation [<-1.53..-1.51>, <-0.7..-0.69>, <0.52..0.53>, <2.09..2.11>]
# slow
