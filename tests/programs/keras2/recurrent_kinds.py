"""Recurrent layers of many kinds on small films and signals: cuDNN's, ConvLSTM2D, a convnet at every step."""
from __future__ import print_function

import numpy as np
from keras import layers, models
from keras.layers import (BatchNormalization, Bidirectional, Conv2D, Conv3D, ConvLSTM2D, CuDNNGRU, CuDNNLSTM, Dense,
                          Dropout, Flatten, GRU, GlobalAveragePooling1D, Input, LSTM, MaxPooling2D, SimpleRNN,
                          TimeDistributed)
from keras.models import Model, Sequential
from keras.optimizers import RMSprop

np.random.seed(8)

# --- a film of 5 frames: does the dot go left or right?
frames, size = 5, 8


def films(n):
    x = np.zeros((n, frames, size, size, 1), dtype='float32')
    y = np.random.randint(0, 2, n)
    for film, right in zip(x, y):
        row, column = np.random.randint(0, size, 2)
        for frame in film:
            frame[row, column % size, 0] = 1
            column += 1 if right else -1
    return x, y


x, y = films(240)

cnn = Sequential()
cnn.add(Conv2D(4, (3, 3), activation='relu', padding='same', input_shape=(size, size, 1)))
cnn.add(Flatten())
cnn.add(Dense(16, activation='relu'))

video = Input(shape=(frames, size, size, 1))
encoded = TimeDistributed(cnn)(video)
print('encoded', encoded._keras_shape)
state = GRU(16)(encoded)
model = Model(video, Dense(1, activation='sigmoid')(state))
model.compile(RMSprop(lr=0.005), 'binary_crossentropy', metrics=['accuracy'])
history = model.fit(x, y, epochs=8, batch_size=24, verbose=0)
print('TimeDistributed(cnn) acc', max(history.history['acc']), model.count_params())

# --- next frame by ConvLSTM2D
seq = Sequential()
seq.add(ConvLSTM2D(filters=4, kernel_size=(3, 3), input_shape=(None, size, size, 1), padding='same',
                   return_sequences=True))
seq.add(BatchNormalization())
seq.add(Conv3D(filters=1, kernel_size=(3, 3, 3), activation='sigmoid', padding='same', data_format='channels_last'))
seq.compile(loss='binary_crossentropy', optimizer='adadelta')
print([layer.name for layer in seq.layers], seq.count_params(), seq.output_shape)
h = seq.fit(x[:, :-1], x[:, 1:], batch_size=24, epochs=4, verbose=0)
print('next frame', h.history['loss'][0] > h.history['loss'][-1], h.history['loss'][-1])
track = x[:1, :3]
for j in range(2):
    new_pos = seq.predict(track[:, ::, ::, ::, ::])
    new = new_pos[::, -1:, ::, ::, ::]
    track = np.concatenate((track, new), axis=1)
print('track', track.shape)

# --- a signal: the sum of the marked numbers
n, steps = 600, 10
numbers = np.random.rand(n, steps, 1)
marks = (np.random.rand(n, steps, 1) < 0.3).astype('float32')
signal = np.concatenate([numbers, marks], axis=-1)
total = (numbers * marks).sum(axis=1)


def train(layer):
    model = models.Sequential([layer, layers.Dense(1)])
    model.build((None, steps, 2)) if not model.built else None
    model.compile(optimizer=RMSprop(lr=0.01), loss='mse', metrics=['mae'])
    history = model.fit(signal, total, epochs=12, batch_size=16, verbose=0, validation_split=0.2)
    return model, history.history['val_mean_absolute_error'][-1]


model, error = train(CuDNNLSTM(12, input_shape=(steps, 2)))
print('CuDNNLSTM %.3f' % error, model.layers[0].count_params(), model.layers[0].name)
model, error = train(CuDNNGRU(12, input_shape=(steps, 2)))
print('CuDNNGRU %.3f' % error, model.layers[0].count_params(), model.layers[0].name)
model, error = train(Bidirectional(LSTM(6), merge_mode='sum', input_shape=(steps, 2)))
print('Bidirectional %.3f' % error, model.layers[0].count_params(), model.layers[0].name)
print('plain GRU', GRU(12, input_shape=(steps, 2)).get_config()['reset_after'], 'hard_sigmoid' in
      str(LSTM(3).get_config()['recurrent_activation']))
print('baseline %.3f' % np.abs(total - total.mean()).mean())

# prints: encoded (None, 5, 16)
# prints: TimeDistributed(cnn) acc <0.9..1> 5753
# prints: ['conv_lst_m2d_1', 'batch_normalization_1', 'conv3d_1'] 861 (None, None, 8, 8, 1)
# prints: next frame True <0..0.5>
# prints: track (1, 5, 8, 8, 1)
# prints: CuDNNLSTM <0..0.35> ... cu_dnnlstm_1
# prints: CuDNNGRU <0..0.35> 576 cu_dnngru_1
# prints: Bidirectional <0..0.5> 432 bidirectional_1
# prints: plain GRU False True
# prints: baseline <0.45..1>
# notice: CuDNNLSTM
# slow
