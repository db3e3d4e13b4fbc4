'''Classify points on three spirals with a multi-layer perceptron.

Every Dense layer is told how to initialise itself, what to penalise and what to
constrain. The weights are then read back to see that the constraints held.
'''
from __future__ import print_function
import numpy as np
np.random.seed(1337)  # for reproducibility

from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.optimizers import Adam
from keras.regularizers import l2, l1l2, activity_l2
from keras.constraints import maxnorm, nonneg
from keras.utils import np_utils

batch_size = 32
nb_classes = 3
nb_per_class = 150
nb_epoch = 60

# the data: three arms, each a third of a turn away from the last
X_train = np.zeros((nb_classes * nb_per_class, 2))
y_train = np.zeros(nb_classes * nb_per_class, dtype='uint8')
for k in range(nb_classes):
    rows = range(nb_per_class * k, nb_per_class * (k + 1))
    r = np.linspace(0.05, 1, nb_per_class)
    t = np.linspace(k * 4, k * 4 + 3, nb_per_class) + np.random.randn(nb_per_class) * 0.1
    X_train[rows] = np.c_[r * np.sin(t), r * np.cos(t)]
    y_train[rows] = k
shuffled = np.random.permutation(len(X_train))
X_train, y_train = X_train[shuffled].astype('float32') * 2, y_train[shuffled]
Y_train = np_utils.to_categorical(y_train, nb_classes)
print(X_train.shape[0], 'train samples')

model = Sequential()
model.add(Dense(48, input_shape=(2,), init='he_normal', W_constraint=maxnorm(3), b_regularizer=l2(1e-5)))
model.add(Activation('relu'))
model.add(Dense(output_dim=32, init='glorot_uniform', activation='relu', W_regularizer=l1l2(l1=1e-6, l2=1e-5),
                b_constraint=nonneg()))
model.add(Dropout(0.05))
model.add(Dense(nb_classes, init='lecun_uniform', activity_regularizer=activity_l2(1e-6), bias=True))
model.add(Activation('softmax'))
model.summary()

model.compile(loss='categorical_crossentropy', optimizer=Adam(lr=0.02, epsilon=1e-08), metrics=['accuracy'])
hist = model.fit(X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epoch, verbose=0)
score = model.evaluate(X_train, Y_train, verbose=0)
print('Train score: %.4f' % score[0])
print('Train accuracy: %.4f' % score[1])
print('Loss fell by', hist.history['loss'][0] - hist.history['loss'][-1])
print('Metrics:', model.metrics_names, 'epochs:', hist.epoch[-1] + 1)

first, second = model.layers[0], model.layers[2]
W = first.W.get_value()
print('W', W.shape, 'largest norm', np.sqrt((W ** 2).sum(axis=0)).max())
print('b of the second', second.b.get_value().min(), second.b.get_value().shape)
print('dims', first.input_dim, first.output_dim, second.output_dim, second.input_shape, second.output_shape)
print('weights', [w.shape for w in model.get_weights()], sum(w.size for w in model.get_weights()))

# prints: 450 train samples
# prints: dense_1 (Dense)...(None, 48)...144
# prints: activation_1 (Activation)...(None, 48)...0
# prints: dense_2 (Dense)...(None, 32)...1...568
# prints: dropout_1 (Dropout)
# prints: Total params: 1,811
# prints: Train score: <0.0..0.4>
# prints: Train accuracy: <0.93..1.0>
# prints: Loss fell by <0.5..3.0>
# prints: Metrics: ['loss', 'acc'] epochs: 60
# prints: W (2, 48) largest norm <0.5..3.0001>
# prints: b of the second <0.0..0.5> (32,)
# prints: dims 2 48 32 (None, 48) (None, 32)
# prints: weights [(2, 48), (48,), (48, 32), (32,), (32, 3), (3,)] 1811
# notice: Dense(W_regularizer=...)  ...kernel_regularizer=...
# notice: Dense(b_constraint=...)  ...bias_constraint=...
# notice: layer.W...layer.kernel
# slow
