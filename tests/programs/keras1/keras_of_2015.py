'''As programs were before Keras 1.0: accuracy is asked for in fit and evaluate, and compile knows a class_mode.'''
from __future__ import absolute_import
from __future__ import print_function
import numpy as np
np.random.seed(20)

from keras.models import Sequential
from keras.layers import containers
from keras.layers.core import Dense, Dropout, Activation, Merge, Flatten, MaxoutDense
from keras.layers.embeddings import Embedding
from keras.layers.recurrent import GRU
from keras.layers.convolutional import Convolution1D, MaxPooling1D
from keras.optimizers import SGD, Adagrad
from keras.utils import np_utils, generic_utils
from keras.regularizers import l2

# binary
X = np.random.randn(400, 12)
y = (X[:, :3].sum(axis=1) > 0).astype('int')
model = Sequential()
model.add(Dense(24, input_dim=12, init='uniform', W_regularizer=l2(1e-6)))
model.add(Activation('tanh'))
model.add(Dropout(0.2))
model.add(Dense(1, init='uniform'))
model.add(Activation('sigmoid'))
sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='binary_crossentropy', optimizer=sgd, class_mode="binary")
hist = model.fit(X, y, nb_epoch=15, batch_size=16, show_accuracy=True, verbose=0, validation_split=0.2)
print('history', sorted(hist.history.keys()))
score, acc = model.evaluate(X, y, batch_size=16, show_accuracy=True, verbose=0)
print('Test score:', score)
print('Test accuracy:', acc)
classes = model.predict_classes(X, batch_size=16, verbose=0)
print('predict_classes', classes.shape, np_utils.accuracy(classes.ravel(), y))

# several classes; the loop is our own
Y = np_utils.to_categorical(np.argmax(X[:, :3], axis=1), 3)
model = Sequential()
model.add(MaxoutDense(16, input_dim=12, nb_feature=2))
model.add(Dense(3, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer=Adagrad(lr=0.1))
for e in range(6):
    for i in range(0, 400, 40):
        loss, acc = model.train_on_batch(X[i:i + 40], Y[i:i + 40], accuracy=True)
loss, acc = model.test_on_batch(X, Y, accuracy=True)
print('on batches', acc)
print('classes', model.predict_classes(X, verbose=0).shape, model.predict_proba(X, verbose=0).shape)

# two branches, merged
left = Sequential()
left.add(Dense(16, input_shape=(12,)))
left.add(Activation('relu'))
right = Sequential()
right.add(Embedding(10, 6, input_length=4))
right.add(GRU(8))
model = Sequential()
model.add(Merge([left, right], mode='concat'))
model.add(Dense(1))
words = np.random.randint(0, 10, size=(400, 4))
target = X[:, 0] + (words[:, 3] > 4)
model.compile(loss='mean_squared_error', optimizer='rmsprop')
before = model.evaluate([X, words], target, verbose=0)
model.fit([X, words], target, nb_epoch=20, batch_size=20, verbose=0)
after = model.evaluate([X, words], target, verbose=0)
print('merged', model.output_shape, 'left of the error:', after / before)

progbar = generic_utils.Progbar(10)
for i in range(10):
    progbar.add(1, values=[('train loss', 0.5)])
print()

# a container of layers is a layer
encoder = containers.Sequential([Dense(4, input_dim=12, activation='tanh'), Dense(3, activation='tanh')])
decoder = containers.Sequential([Dense(4, input_dim=3, activation='tanh'), Dense(12)])
auto = Sequential()
auto.add(encoder)
auto.add(decoder)
auto.compile('adam', 'mse')
auto.fit(X, X, nb_epoch=15, batch_size=20, verbose=0)
print('encoder', auto.layers[0].output_shape, 'weights', len(auto.get_weights()), auto.evaluate(X, X, verbose=0) < X.var())

# prints: history ['acc', 'loss', 'val_acc', 'val_loss']
# prints: Test score: <0.0..0.3>
# prints: Test accuracy: <0.9..1.0>
# prints: predict_classes (400, 1) <0.9..1.0>
# prints: on batches <0.8..1.0>
# prints: classes (400,) (400, 3)
# prints: merged (None, 1) left of the error: <0.0..0.4>
# prints: train loss: 0.5
# prints: encoder (None, 3) weights 8 True
# notice: class_mode
# notice: show_accuracy=True
# slow
