'''Layers that went away later, each in a small network: Highway, MaxoutDense, SReLU, TimeDistributedDense...'''
from __future__ import print_function
import numpy as np
np.random.seed(12)

from keras.models import Sequential
from keras.layers.core import Activation, Dense, Dropout, Flatten, Highway, Lambda, MaxoutDense, Masking, Permute
from keras.layers.core import RepeatVector, Reshape, ActivityRegularization, TimeDistributedDense
from keras.layers.advanced_activations import ELU, LeakyReLU, ParametricSoftplus, PReLU, SReLU, ThresholdedReLU
from keras.layers.normalization import BatchNormalization
from keras.layers.noise import GaussianDropout, GaussianNoise
from keras.layers.recurrent import GRU, LSTM, SimpleRNN
from keras.layers.wrappers import Bidirectional, TimeDistributed

# 1. dense networks on two rings
radius = np.concatenate([np.random.uniform(0, 1, 150), np.random.uniform(1.3, 2.3, 150)])
angle = np.random.uniform(0, 2 * np.pi, 300)
X = np.c_[radius * np.cos(angle), radius * np.sin(angle)].astype('float32')
y = np.repeat([0, 1], 150)


def accuracy(hidden, epochs=25):
    model = Sequential()
    model.add(Dense(12, input_shape=(2,)))
    for layer in hidden:
        model.add(layer)
    model.add(Dense(1, activation='sigmoid'))
    model.compile('adam', 'binary_crossentropy', metrics=['accuracy'])
    model.optimizer.lr.set_value(0.02)
    model.fit(X, y, nb_epoch=epochs, batch_size=30, verbose=0)
    return model.evaluate(X, y, verbose=0)[1], model


acc, model = accuracy([PReLU(), Highway(activation='relu'), Dropout(0.)])
print('highway', acc, [w.shape for w in model.layers[2].get_weights()])
acc, model = accuracy([BatchNormalization(mode=1), MaxoutDense(8, nb_feature=3), ELU(alpha=1.0)])
print('maxout', acc, model.layers[2].output_shape, model.layers[2].count_params(), 'bn', len(model.layers[1].get_weights()))
acc, model = accuracy([BatchNormalization(mode=0, epsilon=1e-6), SReLU(), GaussianNoise(0.01)])
print('srelu', acc, len(model.layers[2].trainable_weights), model.layers[2].get_weights()[0].shape)
acc, model = accuracy([ParametricSoftplus(), GaussianDropout(0.01), ActivityRegularization(l2=1e-6)])
print('softplus', acc, [w.shape for w in model.layers[1].get_weights()])

# 2. what some of them compute
x = np.array([[-2., -0.5, 0.5, 2.]])


def output(layer):
    return [float('%.3f' % v) for v in Sequential([layer]).predict(x)[0]]


print('leaky', output(LeakyReLU(input_shape=(4,))), output(ThresholdedReLU(theta=1.0, input_shape=(4,))))
print('elu', output(ELU(input_shape=(4,))), output(PReLU(input_shape=(4,), weights=[np.array([.1, .2, .3, .4])])))
print('lambda', output(Lambda(lambda v: v ** 2, output_shape=(4,), input_shape=(4,))))
print('hard sigmoid', output(Activation('hard_sigmoid', input_shape=(4,))))

# 3. sequences: say at every step whether there were more ones than zeros so far
bits = np.random.randint(0, 2, size=(200, 8))
more = (np.cumsum(bits * 2 - 1, axis=1) > 0).astype('float32')[:, :, None]
onehot = np.eye(2)[bits]
seq = Sequential()
seq.add(GRU(output_dim=16, input_dim=2, input_length=8, return_sequences=True))
seq.add(TimeDistributedDense(8, activation='relu'))
seq.add(TimeDistributed(Dense(1, activation='sigmoid')))
seq.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
seq.optimizer.lr.set_value(0.02)
seq.fit(onehot, more, nb_epoch=25, batch_size=25, verbose=0)
print('at every step', seq.evaluate(onehot, more, verbose=0)[1], [l.output_shape for l in seq.layers])

# 4. both directions: was the first bit the same as the last?
label = (bits[:, 0] == bits[:, -1]).astype('int')
both = Sequential()
both.add(Bidirectional(LSTM(8, return_sequences=True), input_shape=(8, 2)))
both.add(Bidirectional(SimpleRNN(6), merge_mode='sum'))
both.add(Dense(2))
both.add(Activation('softmax'))
both.compile('rmsprop', 'sparse_categorical_crossentropy')
print('both', [l.output_shape for l in both.layers], both.count_params())

# 5. an encoder and a decoder: give back the sequence, reversed
coder = Sequential()
coder.add(Masking(mask_value=-1., input_shape=(4, 2)))
coder.add(LSTM(24))
coder.add(RepeatVector(4))
coder.add(LSTM(24, return_sequences=True))
coder.add(TimeDistributed(Dense(2)))
coder.add(Activation('softmax'))
coder.compile('adam', 'categorical_crossentropy', metrics=['accuracy'])
coder.optimizer.lr.set_value(0.02)
short = onehot[:, :4]
coder.fit(short, short[:, ::-1], nb_epoch=30, batch_size=20, verbose=0)
print('reversed', coder.evaluate(short, short[:, ::-1], verbose=0)[1])
shapes = Sequential([Reshape((4, 2), input_shape=(8,)), Permute((2, 1)), Flatten()])
print('permuted', shapes.predict(np.arange(8.).reshape(1, 8)).tolist())

# prints: highway <0.95..1.0> [(12, 12), (12, 12), (12,), (12,)]
# prints: maxout <0.95..1.0> (None, 8) 312 bn 4
# prints: srelu <0.95..1.0> 4 (12,)
# prints: softplus <0.9..1.0> [(12,), (12,)]
# prints: leaky [<-0.61..-0.59>, <-0.16..-0.14>, 0.5, 2.0] [0.0, 0.0, 0.0, 2.0]
# prints: elu [<-0.87..-0.86>, <-0.4..-0.39>, 0.5, 2.0] [<-0.21..-0.19>, <-0.11..-0.09>, 0.5, 2.0]
# prints: lambda [4.0, 0.25, 0.25, 4.0]
# prints: hard sigmoid [<0.09..0.11>, <0.39..0.41>, <0.59..0.61>, <0.89..0.91>]
# prints: at every step <0.95..1.0> [(None, 8, 16), (None, 8, 8), (None, 8, 1)]
# prints: both [(None, 8, 16), (None, 6), (None, 2), (None, 2)] 994
# prints: reversed <0.9..1.0>
# prints: permuted [[0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]]
# slow
